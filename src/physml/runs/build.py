"""Objects from configs."""

import importlib
import re
from importlib.metadata import requires
from typing import Any

from hydra.utils import instantiate

# The only modules from which a run directory may name a class or function: networks, losses, optimizers, metrics. None
# of them starts a process, opens a file for writing or loads a pickle.
TRUSTED = (
    "physml.networks",
    "physml.losses",
    "physml.metrics",
    "physml.constraints",
    "physml.tasks",
    "physml.data",
    "physml.physics",
    "physml.ops",
    "physml.report",
    "torch.nn",
    "torch.optim",
    "pytorch_optimizer.optimizer",
    "torchmetrics.aggregation",
    "torchmetrics.classification",
    "torchmetrics.regression",
    "e3nn.nn",
    "e3nn.o3",
)


def build(config: Any, **arguments: Any) -> Any:
    """Return the object that a config describes by ``_target_``, given further built arguments.

    Raises:
        ModuleNotFoundError: A package is missing; the message says which extra brings it.
        ValueError: The object refused its arguments.
    """
    try:
        return instantiate(config, _convert_="all", **arguments)
    except Exception as error:
        cause = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        raise_missing_extra(cause)
        target = re.search(r"target '([^']+)'", str(error))
        where = f"{target[1].rpartition('.')[2]}: " if target else ""
        raise ValueError(where + " ".join(str(cause).split())) from error


def raise_missing_extra(error: BaseException) -> None:
    """Raise a ModuleNotFoundError that names the extra, if `error` tells of a missing package that an extra brings."""
    if not isinstance(error, ImportError):
        return
    for line in requires("physml") or []:
        match = re.match(r"([\w.-]+).*extra == ['\"]([\w-]+)['\"]", line)
        if (
            match
            and match[1] != "physml"
            and match[2] != "dev"
            and re.search(rf"\b{match[1].replace('-', '[-_]')}\b", str(error))
        ):
            raise ModuleNotFoundError(
                f'the package {match[1]!r} is not installed: pip install "physml[{match[2]}]" brings it'
            ) from error


def refuse_untrusted(config: Any, allow: tuple[str, ...] = ()) -> None:
    """Check that each ``_target_`` in `config` is a class or function defined in a trusted module.

    Args:
        config: Plain data, from a run directory that may come from a stranger.
        allow: Further modules, named by the user.

    Raises:
        PermissionError: One is not, and nothing of it was imported; or a value is an interpolation, which could create
            one later (``${oc.create:…}``) and is never found in a run's own, resolved config.
    """
    trusted = TRUSTED + tuple(allow)
    for text in _texts(config):
        if "${" in text:
            raise PermissionError(
                f"the run's config holds the interpolation {text!r}, expected plain values: write its value there"
            )
    for target in _targets(config):
        refusal = PermissionError(
            f"the run names {target!r}, which lies outside the trusted modules: if you know its author, "
            f"add allow=[{target.rpartition('.')[0]}]"
        )
        if not _within(target, trusted):
            raise refusal
        # A trusted module's attribute may be somebody else's (`physml.data.files.zipfile.sys`): its own home counts.
        module, _, name = target.rpartition(".")
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            raise refusal from None
        if not callable(found) or not _within(getattr(found, "__module__", None) or "", trusted):
            raise refusal


def _within(name: str, modules: tuple[str, ...]) -> bool:
    return any(name == module or name.startswith(module + ".") for module in modules)


def _texts(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [text for key, child in node.items() for text in (str(key), *_texts(child))]
    if isinstance(node, list | tuple):
        return [text for child in node for text in _texts(child)]
    return [node] if isinstance(node, str) else []


def _targets(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [str(node["_target_"])] if "_target_" in node else []
        return own + [target for child in node.values() for target in _targets(child)]
    if isinstance(node, list | tuple):
        return [target for child in node for target in _targets(child)]
    return []
