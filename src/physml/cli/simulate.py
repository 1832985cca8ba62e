"""``physml simulate``: samples or a reference solution of a physical system."""

from pathlib import Path

import numpy as np

from physml.cli.compose import complete, compose_config
from physml.cli.words import split_config_dir
from physml.ops.named import call
from physml.runs.build import build
from physml.runs.check import node_problems
from physml.runs.errors import ConfigError
from physml.runs.files import refuse_existing, write_arrays


def main(arguments: list[str]) -> None:
    """Write the arrays of a system, named by their symbols, to an ``.npz`` file.

    Raises:
        ConfigError: The system has no such parameter.
        FileExistsError: The file is there already.
    """
    overrides, config_dir = split_config_dir(arguments)
    config = complete(compose_config("simulate", overrides, config_dir))
    if wrong := node_problems("system", config["system"]):
        raise ConfigError(wrong)
    output = refuse_existing(Path(config["output"]))
    arrays = call(build(config["system"]), {"rng": np.random.default_rng(config["seed"])})
    write_arrays(output, arrays)
    for name, array in arrays.items():
        print(f"{name:16}{np.asarray(array).dtype!s:12}{list(np.shape(array))}")
    print(f"written to {output}")
