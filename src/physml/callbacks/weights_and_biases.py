"""The W&B logger: offline in the run directory unless the user is logged in."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import wandb
from lightning.pytorch.loggers import WandbLogger


def wandb_logger(directory: str, project: str = "physml", tags: list[str] | None = None) -> WandbLogger:
    """Return a W&B logger whose run is named and identified by the run directory.

    Without credentials the run is written below ``DIRECTORY/wandb``, and ``wandb sync`` takes it from there later.
    The environment variable ``WANDB_MODE`` overrides the choice.

    Args:
        directory: The run directory.
        project: W&B project.
        tags: Tags of the run.
    """
    path = Path(directory)
    wandb.setup(settings=wandb.Settings(silent=True))
    logged_in = wandb.login(prompt=False, verify=False)
    mode = os.environ.get("WANDB_MODE") or ("online" if logged_in else "offline")
    return WandbLogger(
        name=f"{path.parent.name}/{path.name}",
        id=path.name,
        resume="allow" if mode == "online" else None,  # a resumed run goes on under its name
        save_dir=path,
        project=project,
        tags=tags,
        mode=mode,
        settings=wandb.Settings(console="off", x_save_requirements=False),
    )


def refer_to_checkpoint(logger: WandbLogger, checkpoint: Path, metrics: Mapping[str, Mapping[str, Any]]) -> None:
    """Log where the final checkpoint lies, as an artifact by reference, and the test metrics with their units."""
    run = logger.experiment
    artifact = wandb.Artifact(f"checkpoint-{run.id}", type="model")
    artifact.add_reference(checkpoint.resolve().as_uri())
    run.log_artifact(artifact)
    for name, entry in metrics.items():
        run.summary[f"final/{name}"] = dict(entry)


def finish(logger: WandbLogger) -> None:
    """End the W&B run, so that the next one of a sweep starts its own."""
    logger.experiment.finish()
