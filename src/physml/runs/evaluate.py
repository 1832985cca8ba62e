"""Testing a finished run again."""

import secrets
from datetime import datetime
from typing import Any

from rich.console import Console

from physml.callbacks.figures import Figures
from physml.report.tables import metrics_table
from physml.runs.build import build, refuse_untrusted
from physml.runs.check import node_problems
from physml.runs.checkpoint import find_checkpoint, read_config
from physml.runs.contact import first_contact
from physml.runs.directory import refuse_links_outside, write_results
from physml.runs.errors import ConfigError
from physml.runs.faults import batches_of
from physml.runs.load import built, read_checkpoint, restore_precision
from physml.runs.quiet import quiet


def evaluate(settings: dict[str, Any]) -> dict[str, Any]:
    """Test a run, and write the results and figures to a new folder ``evaluations/…`` in it; return the metrics.

    Args:
        settings: ``run``, ``data`` (changes of the run's data config), ``trainer`` and ``allow``.

    Raises:
        ConfigError: A change names no argument of the run's data module, splits the files of the training anew, or the
            test does not read it.
        MemoryError: The batches are too large.
    """
    quiet()
    checkpoint = find_checkpoint(settings["run"])
    allow = tuple(settings["allow"])
    state = read_checkpoint(checkpoint)
    task = built(state, checkpoint, allow)
    config = {**task.hparams, "data": _merged(task.hparams["data"], settings["data"])}
    drawn = (config["callbacks"] or {}).get("figures") or {}
    plots = drawn.get("plots") or {}
    precision = config["trainer"].get("precision")
    refuse_untrusted({"data": config["data"], "plots": plots, "precision": precision}, allow)
    _refuse_what_is_not_tested(config["data"], settings["data"])
    _refuse_another_split(task.hparams["data"], config["data"])
    if wrong := node_problems("data", config["data"]) + node_problems("trainer", settings["trainer"]):
        raise ConfigError(wrong)
    data = build(config["data"])
    data.prepare_data()
    data.setup("test")
    batches = getattr(data, "batch_size", None)
    with batches_of(batches, "data.batch_size"):
        first_contact(task, data.test_dataloader())
    restore_precision(task, state, checkpoint)
    home = checkpoint.parent.parent if read_config(checkpoint) else checkpoint.parent
    if read_config(checkpoint):
        refuse_links_outside(home)
    folder = home / "evaluations" / f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{secrets.token_hex(3)}"
    figures = Figures(
        str(folder / "figures"), {name: build(plot) for name, plot in plots.items()}, drawn.get("events", 1000)
    )
    trainer = build(
        _in_precision_of(config["trainer"], settings["trainer"]),
        callbacks=[figures],
        logger=False,
        default_root_dir=str(folder),
    )
    if trainer.is_global_zero:
        folder.mkdir(parents=True)
    with batches_of(batches, "data.batch_size"):
        trainer.test(task.eval(), datamodule=data, verbose=False)
    if trainer.is_global_zero:
        write_results(folder, {"checkpoint": str(checkpoint), "metrics": task.results, "test_events": task.test_events})
        console = Console()
        console.print(metrics_table(f"{config['name']}: {checkpoint}", task.results))
        console.print(f"written to {folder}", soft_wrap=True, highlight=False)
    return task.results


def _in_precision_of(trained: dict[str, Any], trainer: dict[str, Any]) -> dict[str, Any]:
    """Return `trainer` with the precision of the training if it has none; half of 16 bits is not for every device."""
    precision = str(trained.get("precision", ""))
    return trainer if not precision or precision.startswith("16") else {"precision": precision, **trainer}


def _refuse_what_is_not_tested(data: dict[str, Any], changes: dict[str, Any]) -> None:
    """Refuse changes of what only the training draws from."""
    if "source" in changes and data.get("test_source") is not None:
        raise ConfigError(
            ["data.source: the test draws from a source of its own, expected changes of that: set data.test_source"]
        )


def _refuse_another_split(trained: dict[str, Any], tested: dict[str, Any]) -> None:
    """Refuse what would make test events of those that were trained on."""
    if "path" not in tested or tested["path"] != trained.get("path") or tested.get("test_path") is not None:
        return
    for key in ("fractions", "seed", "block_size"):
        if tested.get(key) != trained.get(key):
            raise ConfigError(
                [
                    f"data.{key}: expected that of the training, got {tested[key]}: another split would test on events "
                    "that were trained on: leave it out, or set data.path to other files"
                ]
            )


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with `changes`, nested dicts merged key by key."""
    merged = dict(base)
    for key, new in changes.items():
        old = base.get(key)
        merged[key] = _merged(old, new) if isinstance(old, dict) and isinstance(new, dict) else new
    return merged
