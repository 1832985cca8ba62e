"""Writing samples or a reference solution of a physical system to a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from physml.data.arrays import Arrays, as_tensor
from physml.data.event_files import EventFiles
from physml.data.files import assigned
from physml.ops.named import call, parameters
from physml.runs.build import build
from physml.runs.check import node_problems
from physml.runs.errors import ConfigError
from physml.runs.event_writers import WRITERS
from physml.runs.files import refuse_existing, write_arrays, write_whole

PART = 1000  # events drawn and written at once


def simulate(settings: dict[str, Any]) -> None:
    """Write the arrays of a system, named by their symbols, to an ``.npz`` file, or part by part to a larger one.

    Args:
        settings: ``system``, ``output`` and ``seed``.

    Raises:
        ConfigError: The system has no such parameter, or the number of events is no positive number.
        FileExistsError: The file is there already.
        ValueError: The ending of the file tells no kind.
    """
    system, seed = settings["system"], settings["seed"]
    if wrong := node_problems("system", system):
        raise ConfigError(wrong)
    if seed < 0:
        raise ConfigError([f"seed: expected 0 or more, got {seed}"])
    output, sampler = Path(settings["output"]), build(system)
    if output.suffix in WRITERS and "rng" not in parameters(sampler):
        raise ValueError(
            f"{output}: the system is a reference solution without events: expected an output ending in .npz"
        )
    _check_count(system, needed=output.suffix in WRITERS)
    refuse_existing(output)
    if output.suffix not in (kinds := (".npz", *WRITERS)):
        raise ValueError(f"{output}: the ending {output.suffix!r} tells no kind of file: expected {', '.join(kinds)}")
    if output.suffix in WRITERS:
        write_whole(output, lambda file: WRITERS[output.suffix](file, _parts(system, seed)))
        for name, column in EventFiles(str(output), in_shape=[]).columns.items():
            print(f"{name:16}{column}")
    else:
        arrays = call(sampler, {"rng": np.random.default_rng(seed)})
        write_arrays(output, arrays)
        for name, array in arrays.items():
            print(f"{name:16}{np.asarray(array).dtype!s:12}{list(np.shape(array))}")
    print(f"written to {output}")


def _check_count(system: dict[str, Any], needed: bool) -> None:
    if "count" not in system:
        if needed:
            raise ConfigError(
                ["system.count: expected a number of events, which are written in parts: add +system.count=…"]
            )
        return
    count = system["count"]
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ConfigError([f"system.count: expected a whole number of events from 1 on, got {count!r}: set another"])


def _parts(system: dict[str, Any], seed: int) -> Iterator[Arrays]:
    rng = np.random.default_rng(seed)
    for start in range(0, system["count"], PART):
        count = min(PART, system["count"] - start)
        drawn = call(build({**system, "count": count}), {"rng": rng})
        yield assigned({name: as_tensor(array) for name, array in _of_events(drawn, count).items()})


def _of_events(drawn: dict[str, Any], count: int) -> dict[str, np.ndarray]:
    """Return arrays with the times of all trajectories, which events have in common, as times of each event."""
    arrays = {name: np.asarray(array) for name, array in drawn.items()}
    times = arrays.get("t")
    others = [array for name, array in arrays.items() if name != "t"]
    if times is not None and times.ndim == 1 and any(array.shape[1:2] == times.shape for array in others):
        arrays["t"] = np.repeat(times[None], count, axis=0)
    return arrays
