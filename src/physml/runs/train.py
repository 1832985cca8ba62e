"""A training from its checked config to its results."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningDataModule, Trainer, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.trainer.states import TrainerFn
from rich.console import Console

from physml.callbacks.last_checkpoint import LastCheckpoint, Stopped
from physml.callbacks.weights_and_biases import WandbLog
from physml.report.learning_curves import plot_learning_curves, read_curves
from physml.report.tables import metrics_table
from physml.runs.build import build
from physml.runs.checkpoint_files import CheckpointFiles, remove_half_written
from physml.runs.contact import first_contact
from physml.runs.csv_log import CSVLog
from physml.runs.directory import note_resumption, start_run, write_results
from physml.runs.errors import TrainingError
from physml.runs.faults import batches_of, explained, going_on, tell_lost_processes
from physml.runs.files import write_whole
from physml.runs.half_precision import tell_slow_half_precision
from physml.runs.lock import held
from physml.runs.quiet import quiet
from physml.runs.resume import checkpoint_to_resume, finished, steps_logged
from physml.runs.slurm import requeue
from physml.runs.stopping import stopped_at_once
from physml.tasks.supervised import SupervisedTask


def train(config: dict[str, Any], overrides: list[str], resume: bool = False) -> float | None:
    """Train and test what a config describes, in its run directory; return the best value of the monitored metric.

    Args:
        config: The resolved and checked config, as plain data.
        overrides: The words of the command line that led to it.
        resume: Whether to go on with the run that the directory holds, from its last checkpoint.

    Raises:
        ValueError: Something in the config or the data does not fit.
        TrainingError: The training itself failed.
        MemoryError: There is too little memory for one batch.
        Stopped: A signal asked it to end.
    """
    quiet()
    seed_everything(config["seed"], workers=True, verbose=False)
    directory = Path(config["run_dir"])
    trainer = build_trainer(config)  # before the data: what the machine lacks is told at once
    data, task = _parts(config)
    tell_slow_half_precision(trainer)
    with held(directory) if trainer.is_global_zero else nullcontext():
        point = checkpoint_to_resume(directory) if resume else None
        if trainer.is_global_zero:
            if resume:
                remove_half_written(directory / "checkpoints")
                note_resumption(directory, config, overrides)
            else:
                start_run(directory, config, overrides)
        tell_lost_processes(directory)
        _begin_logs(trainer, config, steps_logged(point[1]) if point else 0, resume)
        with _told(trainer, directory):
            return _fit_and_test(trainer, task, data, directory, str(point[0]) if point else None)


@contextmanager
def _told(trainer: Trainer, directory: Path) -> Iterator[None]:
    """End the logs of a training whatever happens, and say how it goes on if it is stopped or fails."""
    stopped = None
    try:
        with stopped_at_once(trainer):
            yield
    except Stopped as end:
        stopped = end
    except SystemExit as end:
        if end.code == 1:  # Lightning's answer to Ctrl-C
            raise KeyboardInterrupt from end
        raise
    except Exception as error:
        reason = explained(error) or " ".join(str(error).split())
        raise TrainingError(f"training failed: {reason} ({going_on(directory)})") from error
    finally:
        for logger in _wandb_logs(trainer):
            logger.finish()
    if stopped:
        if trainer.is_global_zero:
            next_step = _next_step(stopped, directory, trained=trainer.state.fn == TrainerFn.TESTING)
            print(f"physml: {stopped.signal.name}: {next_step}", file=sys.stderr, flush=True)
        raise stopped


def _parts(config: dict[str, Any]) -> tuple[LightningDataModule, SupervisedTask]:
    """Return the data and the task of a config, once a batch has gone through both."""
    data: LightningDataModule = build(config["data"])
    task: SupervisedTask = build(config["task"])
    task.hparams.update(config)
    data.prepare_data()
    data.setup("fit")
    with batches_of(getattr(data, "batch_size", None)):
        first_contact(task, data.train_dataloader())
    if config["compile"]:
        task.compile_network()
    return data, task


def _begin_logs(trainer: Trainer, config: dict[str, Any], steps: int, resume: bool) -> None:
    """Tell W&B the config; a log in a file goes on after the steps that the checkpoint has taken."""
    for logger in _wandb_logs(trainer):
        logger.log_hyperparams(config)
    for logger in trainer.loggers:
        if resume and isinstance(logger, CSVLog):
            logger.resume(steps)


def _wandb_logs(trainer: Trainer) -> list[WandbLog]:
    return [logger for logger in trainer.loggers if isinstance(logger, WandbLog)]


def _fit_and_test(
    trainer: Trainer, task: SupervisedTask, data: LightningDataModule, directory: Path, checkpoint: str | None
) -> float | None:
    """Train, from a checkpoint if there is one, test the best weights, and write and print what they have reached.

    Returns:
        The best value of the monitored metric.
    """
    batches = getattr(data, "batch_size", None)
    started = time.perf_counter()
    with batches_of(batches):
        trainer.fit(task, datamodule=data, ckpt_path=checkpoint, weights_only=True if checkpoint else None)
    seconds = next(
        (callback.seconds for callback in trainer.callbacks if isinstance(callback, LastCheckpoint)),
        time.perf_counter() - started,
    )
    keeper = next((each for each in trainer.checkpoint_callbacks if isinstance(each, ModelCheckpoint)), None)
    file, score = (keeper.best_model_path, keeper.best_model_score) if keeper else ("", None)
    best = {} if score is None else {keeper.monitor: float(score)}
    with batches_of(batches):
        trainer.test(task, datamodule=data, ckpt_path=file or None, weights_only=True, verbose=False)
    if trainer.is_global_zero:
        _conclude(trainer, task, directory, best, seconds)
        for logger in _wandb_logs(trainer) if file else []:
            logger.refer_to_checkpoint(Path(file), task.results)
    return next(iter(best.values()), None)


def _next_step(stopped: Stopped, directory: Path, trained: bool) -> str:
    """Queue the job again where there is one, and say how the run goes on."""
    if not stopped.saved:
        return "nothing is saved, as the weights are not finite numbers; the last checkpoint is older"
    if finished(directory):
        return "the training is finished, and its results are written"
    state, goes_on = "the state is saved", "goes on"
    if not (directory / "checkpoints" / "last.ckpt").is_file():
        state, goes_on = "no checkpoint was written yet", "begins again"
    elif trained:
        state, goes_on = "the training is finished, its test is not", "tests it"
    if requeue():
        return f"{state}; the job is queued again"
    return f"{state}; physml train run={directory} {goes_on}"


def build_trainer(config: dict[str, Any]) -> Trainer:
    """Return the trainer of a config with its callbacks and loggers."""
    callbacks = [build(callback) for callback in (config["callbacks"] or {}).values() if callback]
    loggers = [build(logger) for logger in (config["logger"] or {}).values() if logger]
    return build(
        config["trainer"],
        callbacks=callbacks,
        logger=loggers or False,
        plugins=[CheckpointFiles(Path(config["run_dir"]))],
        default_root_dir=config["run_dir"],
    )


def _conclude(trainer: Trainer, task: SupervisedTask, directory: Path, best: dict[str, float], seconds: float) -> None:
    """Write the results and the learning curves, and print the table."""
    results = {
        "experiment": task.hparams["name"],
        "metrics": task.results,
        "best": best,
        "test_events": task.test_events,
        "logged": {name: float(value) for name, value in trainer.logged_metrics.items()},
        "parameters": sum(weights.numel() for weights in task.parameters()),
        "epochs": trainer.current_epoch,
        "steps": trainer.global_step,
        "train_seconds": round(seconds, 3),
    }
    write_results(directory, results)
    if any(isinstance(logger, CSVLog) for logger in trainer.loggers):
        _draw_curves(directory)
    console = Console()
    title = f"{results['experiment']}: trained in {seconds:.0f} s"
    console.print(metrics_table(title, task.results))
    console.print(f"run directory: {directory}", soft_wrap=True, highlight=False)


def _draw_curves(directory: Path) -> None:
    """Draw the learning curves; a disk too full for them must not cost the results."""
    try:
        (directory / "figures").mkdir(exist_ok=True)
        curves = plot_learning_curves(read_curves(directory / "metrics.csv"))
        file = directory / "figures" / "learning_curves.png"
        write_whole(file, lambda png: curves.savefig(png, dpi=150, format="png"))
    except OSError as error:
        print(f"physml: the learning curves were not drawn: {explained(error) or error}", file=sys.stderr)
