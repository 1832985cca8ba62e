"""Where the configs are, and the schema of their root."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import physml

MISSING: Any = "???"  # OmegaConf's mark; importing OmegaConf for it would slow `physml list` down


def config_directory() -> Path:
    """Return the folder of the configs: inside the package in a wheel, at the root of the repository in a clone."""
    package = Path(physml.__file__).parent
    inside, clone = package / "configs", package.parent.parent / "configs"
    return inside if inside.is_dir() else clone


@dataclass
class Monitor:
    """The validation metric by which the best checkpoint is chosen.

    Args:
        name: Its name in the log.
        mode: ``min`` or ``max``.
    """

    name: str = "val/loss"
    mode: str = "min"


@dataclass
class TrainConfig:
    """The root of a training's config; a key that is not here is refused.

    Args:
        name: Name of the experiment and of its folder in ``runs``.
        seed: Seed of the weights and of what the network draws; the events and their order have data.seed.
        compile: Compile the network with ``torch.compile``.
        run_dir: The run directory; set when the run starts.
        resume: Whether a run that the run directory already holds goes on: ``never``, ``auto``, or ``force`` with
            another config.
        monitor: What "best" means.
        data: The data module.
        task: The task, with network, loss, optimizer, scheduler, constraints, weighting and metrics.
        trainer: Arguments of Lightning's Trainer.
        callbacks: Callbacks by name.
        logger: Loggers by name.
    """

    name: str = "unnamed"
    seed: int = 1
    compile: bool = False
    run_dir: str = "."
    resume: str = "never"
    monitor: Monitor = field(default_factory=Monitor)
    data: Any = None
    task: Any = None
    trainer: Any = None
    callbacks: Any = None
    logger: Any = None


@dataclass
class EvalConfig:
    """The root of an evaluation's config.

    Args:
        run: A run directory or checkpoint.
        data: Changes of the run's data config, by key.
        trainer: Arguments of Lightning's Trainer.
        allow: Modules of the user's own from which the run may build classes.
    """

    run: str = MISSING
    data: dict[str, Any] = field(default_factory=dict)
    trainer: Any = None
    allow: list[str] = field(default_factory=list)


@dataclass
class SimulateConfig:
    """The root of a simulation's config.

    Args:
        output: The file to write: ``.npz``, or ``.h5``, ``.parquet`` or ``.root`` for more events than fit into memory.
        seed: Seed of the random numbers.
        system: The function that simulates.
    """

    output: str = MISSING
    seed: int = 0
    system: Any = None
