"""Composing configs: the root schemas, our resolver, and where the configs are."""

import secrets
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

from physml.runs.configs import EvalConfig, SimulateConfig, TrainConfig, config_directory


def register() -> None:
    """Make the root schemas and the resolver ``run_id`` known to Hydra."""
    for name, schema in (("train", TrainConfig), ("eval", EvalConfig), ("simulate", SimulateConfig)):
        ConfigStore.instance().store(name=f"{name}_schema", node=schema)
    # One identity for the whole process: cached, so that each use gives the same six digits.
    OmegaConf.register_new_resolver("run_id", lambda: secrets.token_hex(3), use_cache=True, replace=True)


def compose_config(name: str, overrides: list[str], config_dir: str | None = None) -> dict[str, Any]:
    """Return the config that a command composes, as plain data; nothing is built or written.

    Args:
        name: ``train``, ``eval`` or ``simulate``.
        overrides: Words of the command line.
        config_dir: The folder of the user's own configs.
    """
    register()
    running = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    if config_dir is not None:
        overrides = [f"hydra.searchpath=[file://{config_dir}]", *overrides]
    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(config_directory())):
            return plain(compose(name, overrides=overrides))
    finally:
        GlobalHydra.instance().hydra = running


def complete(config: dict[str, Any]) -> dict[str, Any]:
    """Return `config` after checking that all its keys have values.

    Raises:
        ValueError: One has none.
    """
    if missing := [f"{key}=…" for key, value in config.items() if value == "???"]:
        raise ValueError(f"{', '.join(missing)} is missing: add it to the command")
    return config


def plain(config: DictConfig) -> dict[str, Any]:
    """Return a config as plain dicts, lists and numbers, with all interpolations resolved."""
    return OmegaConf.to_container(config, resolve=True, throw_on_missing=False)


register()  # also for a job that a launcher starts in another process, which imports what it needs
