"""Comparing a config with the signatures of what it names, before anything is built."""

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra.utils import get_object

from physml.runs.build import raise_missing_extra
from physml.runs.configs import Monitor, TrainConfig

_INSTRUCTIONS = ("_target_", "_partial_", "_args_", "_convert_", "_recursive_")


def problems(config: Mapping[str, Any]) -> list[str]:
    """Return one line for each unknown key, missing argument and wrong type in a resolved config; nothing is built."""
    inside = [f"task.{key}" for key in config.get("task") or {}]
    found = _unknown("", config, TrainConfig, inside) + _unknown("monitor.", config.get("monitor") or {}, Monitor)
    if not 0 <= config.get("seed", 0) < 2**32:
        found.append(f"seed: expected 0 to {2**32 - 1}, got {config['seed']}")
    if Path(name := str(config.get("name", ""))).is_absolute() or ".." in Path(name).parts:
        found.append(f"name: expected the name of a folder in the one of the runs, got {name!r}")
    for key in ("data", "task", "trainer"):
        if not config.get(key):
            found.append(f"{key}: expected a choice of the config group {key!r}, got nothing: add {key}=NAME")
        else:
            found += node_problems(key, config[key])
    for key in ("callbacks", "logger"):
        found += _value(key, config.get(key) or {}, dict[str, object])
    return found or _not_logged(config)


def _not_logged(config: Mapping[str, Any]) -> list[str]:
    """Return one line if what is monitored is of the validation, but nothing that a task of ours logs there."""
    name, task = (config.get("monitor") or {}).get("name", ""), config["task"]
    laws, metrics = (
        [key for key, value in (task.get(each) or {}).items() if value] for each in ("constraints", "metrics")
    )
    known = ["val/J", "val/loss", *(f"val/omega/{law}" for law in laws), *(f"val/{metric}" for metric in metrics)]
    if not name.startswith("val/") or name.startswith("val/gamma/") or name in known:
        return []
    if not str(task["_target_"]).startswith("physml."):
        return []
    return [f"monitor.name: no {name!r} is logged{did_you_mean(name, known)}; there are {', '.join(known)}"]


def _unknown(path: str, node: Mapping[str, Any], schema: type, meant: Sequence[str] = ()) -> list[str]:
    """Return one line for each key that a schema lacks: Hydra refuses it only if it was not added by ``+``.

    `meant` are keys elsewhere that it may have been meant for.
    """
    known = [field.name for field in fields(schema)]
    return [
        f"{path}{key}: unknown{did_you_mean(key, [*known, *meant])}; there are {', '.join(known)}"
        for key in node
        if key not in known
    ]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint at the known words closest to a misspelt one.

    Example:
        >>> did_you_mean("max_epoch", ["max_epochs", "devices"])
        " (did you mean 'max_epochs'?)"
    """
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


def node_problems(path: str, node: Any, expected: Any = Any) -> list[str]:
    """Return one line for each problem of a config where an object is expected: a dict with a ``_target_``."""
    if not isinstance(node, dict) or "_target_" not in node:
        return [f"{path}: expected a component with a _target_, got {node!r}"]
    try:
        target = get_object(str(node["_target_"]))
    except Exception as error:
        cause = error.__cause__ or error
        raise_missing_extra(cause)
        return [f"{path}._target_: {node['_target_']!r} cannot be imported: {' '.join(str(cause).split())[:200]}"]
    if not callable(target):
        return [f"{path}._target_: {node['_target_']!r} is not a class or function"]
    return _arguments(path, node, target) + _kind(path, node, target, expected)


def _arguments(path: str, node: dict[str, Any], target: Callable) -> list[str]:
    known, open_ended = accepted(target)
    name = getattr(target, "__name__", str(target))
    found = []
    for key, value in node.items():
        if key in _INSTRUCTIONS:
            continue
        if key in known:
            found += _value(f"{path}.{key}", value, known[key][0])
        elif not open_ended:
            found.append(f"{path}.{key}: {name} takes no {key!r}{did_you_mean(key, known)}; it takes {_listed(known)}")
    if not node.get("_partial_") and not node.get("_args_"):
        missing = [key for key, (_, required) in known.items() if required and key not in node]
        found += [f"{path}: {name} needs {key!r}: add {path}.{key}=…" for key in missing]
    return found


def _kind(path: str, node: dict[str, Any], target: Callable, expected: Any) -> list[str]:
    """Check that a class is of the kind that the parameter asks for."""
    wanted = [kind for kind in _alternatives(expected) if kind is not type(None)]
    if node.get("_partial_") or not inspect.isclass(target) or not all(inspect.isclass(kind) for kind in wanted):
        return []
    if not wanted or any(kind in (Any, object) or issubclass(target, kind) for kind in wanted):
        return []
    names = " or ".join(kind.__name__ for kind in wanted)
    return [f"{path}: expected {names}, got {target.__name__}"]


def _value(path: str, value: Any, expected: Any) -> list[str]:
    if isinstance(value, dict) and "_target_" in value:
        return node_problems(path, value, expected)
    options = _alternatives(expected)
    if value == "???":
        return [f"{path}: needs a value: add {path}=…"]
    if isinstance(value, dict):
        return _mapping(path, value, options)
    if any(_fits(value, option) for option in options):
        return []
    return [f"{path}: expected {' or '.join(_name(option) for option in options)}, got {value!r}"]


def _mapping(path: str, value: dict[str, Any], options: list[Any]) -> list[str]:
    if any(option in (Any, inspect.Parameter.empty) for option in options):
        return []
    for option in options:
        if typing.get_origin(option) in (dict, Mapping) or option in (dict, Mapping):
            element = (typing.get_args(option) or (Any, Any))[1]
            found = []
            for key, child in value.items():
                if isinstance(child, dict) and "_target_" not in child and _is_component(element):
                    others = [k for k, v in value.items() if isinstance(v, dict) and "_target_" in v]
                    found.append(
                        f"{path}.{key}: has no _target_, so it names nothing{did_you_mean(key, others)}; "
                        f"there is {', '.join(others) or 'nothing else'}"
                    )
                elif not (child is None and element is object):
                    found += _value(f"{path}.{key}", child, element)
            return found
    return [f"{path}: expected {' or '.join(_name(option) for option in options)}, got the keys {', '.join(value)}"]


def _is_component(kind: Any) -> bool:
    return (
        kind is object
        or typing.get_origin(kind) is Callable
        or (inspect.isclass(kind) and kind not in (int, float, str, bool, dict, list))
    )


def _fits(value: Any, kind: Any) -> bool:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind in (Any, inspect.Parameter.empty, object) or isinstance(kind, typing.TypeVar):
        return True
    if origin is typing.Literal:
        return value in arguments
    if origin in (list, tuple, Sequence, Iterable, set) or kind in (list, tuple, Sequence, Iterable):
        element = arguments[0] if arguments else Any
        return isinstance(value, list) and all(
            any(_fits(item, option) for option in _alternatives(element)) for item in value
        )
    if kind is None or kind is type(None):
        return value is None
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if inspect.isclass(kind) and issubclass(kind, str | bool):
        return isinstance(value, kind)
    if inspect.isclass(kind) and kind.__module__ == "pathlib":
        return isinstance(value, str)
    # What is left are classes and callables: a plain value is none of them.
    return origin is None and not inspect.isclass(kind)


def _alternatives(kind: Any) -> list[Any]:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return [option for argument in typing.get_args(kind) for option in _alternatives(argument)]
    if typing.get_origin(kind) is typing.Annotated:
        return _alternatives(typing.get_args(kind)[0])
    return [kind]


def accepted(target: Callable) -> tuple[dict[str, tuple[Any, bool]], bool]:
    """Return the parameters by name, each with its type and whether it is required, and whether any others are taken.

    A class whose constructor passes ``**kwargs`` on takes what its base classes take.
    """
    functions = [target]
    if inspect.isclass(target):
        functions = [base.__init__ for base in target.__mro__ if "__init__" in vars(base) and base is not object]
    known: dict[str, tuple[Any, bool]] = {}
    for function in functions:
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            return known, True
        hints = _hints(function)
        kinds = [p.kind for p in signature.parameters.values()]
        for position, p in enumerate(signature.parameters.values()):
            is_self = inspect.isclass(target) and position == 0
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and not is_self and p.name not in known:
                kind = hints.get(p.name, Any if isinstance(p.annotation, str) else p.annotation)
                known[p.name] = (kind, p.default is p.empty and function is functions[0])
        if inspect.Parameter.VAR_KEYWORD not in kinds:
            return known, False
    # Lightning's strategies and loggers hand their **kwargs to a class that is not among their bases.
    return known, not inspect.isclass(target) or not functions or target.__module__.startswith("lightning.")


def _hints(function: Callable) -> dict[str, Any]:
    try:
        return typing.get_type_hints(inspect.unwrap(function))
    except Exception:  # annotations of other people's code may name what only a type checker imports
        return {}


def _name(kind: Any) -> str:
    if kind is type(None):
        return "nothing"
    return str(kind).replace("typing.", "") if typing.get_args(kind) else getattr(kind, "__name__", str(kind))


def _listed(known: Mapping[str, Any]) -> str:
    names = list(known)
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "") if names else "nothing"
