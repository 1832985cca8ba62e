"""The W&B logger: offline in the run directory unless the user is logged in.

W&B is imported where it is used: that takes half a second, and most commands log nothing there.
"""

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.loggers.logger import rank_zero_experiment
from lightning.pytorch.utilities import rank_zero_only

CONNECTING = 30.0  # seconds that W&B has to begin a run
UPLOADING = 300.0  # seconds that W&B has to upload what is left at the end of a run; `wandb sync` does so later


class WandbLog(WandbLogger):
    """A log at W&B that cannot cost the training: what W&B raises becomes one line, and it gets nothing more.

    A run that cannot begin online is written to the run directory instead.

    Args:
        directory: The run directory.
        mode: ``online``, ``offline`` or ``disabled``.
        settings: Further arguments of ``wandb.init``.
    """

    def __init__(self, directory: Path, mode: str, **settings: Any) -> None:
        super().__init__(save_dir=directory, mode=mode, **settings)

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """Return the run at W&B, which begins when it is first asked for."""
        if self._experiment is None and self._wandb_init["mode"] == "online":
            try:
                return super().experiment
            except Exception as error:  # no network, no key, no rights: whatever it is, there is a way to go on
                _tell(error, f"the run is written to {self.save_dir}/wandb; `wandb sync` takes it from there")
                _start_afresh()
                self._wandb_init |= {"mode": "offline", "resume": None}
        if self._experiment is None:
            with self._unless_it_fails():
                return super().experiment
        return self._experiment

    @rank_zero_only
    def log_hyperparams(self, params: Any) -> None:
        """Log the config."""
        with self._unless_it_fails():
            super().log_hyperparams(params)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log numbers or figures."""
        with self._unless_it_fails():
            super().log_metrics(metrics, step)

    @rank_zero_only
    def log_image(self, *given: Any, **named: Any) -> None:
        """Log images."""
        with self._unless_it_fails():
            super().log_image(*given, **named)

    @rank_zero_only
    def log_video(self, *given: Any, **named: Any) -> None:
        """Log videos."""
        with self._unless_it_fails():
            super().log_video(*given, **named)

    def refer_to_checkpoint(self, checkpoint: Path, metrics: Mapping[str, Mapping[str, Any]]) -> None:
        """Log where the final checkpoint lies, as an artifact by reference, and the test metrics with their units."""
        import wandb

        with self._unless_it_fails():
            run = self.experiment
            artifact = wandb.Artifact(f"checkpoint-{run.id}", type="model")
            artifact.add_reference(checkpoint.resolve().as_uri())
            run.log_artifact(artifact)
            for name, entry in metrics.items():
                run.summary[f"final/{name}"] = dict(entry)

    @rank_zero_only
    def finish(self) -> None:
        """End the run at W&B, so that the next one of a sweep starts its own."""
        with self._unless_it_fails():
            self.experiment.finish()
        if self._experiment is not None and self._experiment.disabled:
            self._experiment.finish()  # what stands in for a run that failed would take in the next one

    @contextmanager
    def _unless_it_fails(self) -> Iterator[None]:
        """Go on with a run that keeps nothing if the one there is fails."""
        import wandb

        try:
            yield
        except Exception as error:  # whatever it is, it must not cost the training
            _tell(error, "the training goes on without it, and what it has of the run stays incomplete")
            _start_afresh()
            self._experiment = wandb.init(mode="disabled")


def wandb_logger(directory: str, project: str = "physml", tags: list[str] | None = None) -> WandbLog:
    """Return a W&B logger whose run is named by the run directory and identified by its place.

    Without credentials the run is written below ``DIRECTORY/wandb``, and ``wandb sync`` takes it from there later.
    The environment variable ``WANDB_MODE`` overrides the choice.

    Args:
        directory: The run directory.
        project: W&B project.
        tags: Tags of the run.
    """
    import wandb

    path = Path(directory)
    _set_up()
    logged_in = wandb.login(prompt=False, verify=False)
    mode = os.environ.get("WANDB_MODE") or ("online" if logged_in else "offline")
    return WandbLog(
        path,
        mode,
        name=f"{path.parent.name}/{path.name}",
        id=f"{path.name}_{hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:8]}",
        resume="allow" if mode == "online" else None,  # a resumed run goes on under its name
        project=project,
        tags=tags,
        settings=wandb.Settings(
            console="off", x_save_requirements=False, init_timeout=CONNECTING, finish_timeout=UPLOADING
        ),
    )


def _set_up() -> None:
    import wandb

    wandb.setup(settings=wandb.Settings(silent=True))


def _start_afresh() -> None:
    """End W&B's process, which may be dead, and let the next run start another."""
    import wandb

    with suppress(Exception, SystemExit):  # SystemExit is how W&B tells that its process had ended badly
        wandb.teardown()
    _set_up()


def _tell(error: Exception, consequence: str) -> None:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    print(f"physml: W&B failed ({reason}): {consequence}", file=sys.stderr, flush=True)
