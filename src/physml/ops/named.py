"""Calling a function with the named arrays that its signature asks for."""

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

_KINDS = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def parameters(function: Callable) -> dict[str, bool]:
    """Names of the parameters of `function` (of ``forward`` for a module), each with whether it is required."""
    function = getattr(function, "forward", function)
    if inspect.ismethod(function):
        return dict(_parameters(function.__func__)[1:])
    return dict(_parameters(function))


def call(function: Callable, arrays: Mapping[str, Any]) -> Any:
    """Call `function` with those of `arrays` that its parameters name.

    A network, loss, constraint, metric or plot thereby says what it reads by the names of its parameters, and the data
    say what there is by the names of their arrays.

    Raises:
        TypeError: A required parameter is not among `arrays`.

    Example:
        >>> call(lambda x, scale=1: scale * x, {"x": 2, "y": 5})
        2
    """
    wanted = parameters(function)
    missing = [name for name, required in wanted.items() if required and name not in arrays]
    if missing:
        raise TypeError(
            f"{_name(function)} reads {', '.join(map(repr, missing))}, but there is only {', '.join(sorted(arrays))}: "
            "choose data that provide it, or a function that does not need it"
        )
    bound = getattr(function, "keywords", ())  # what a partial was given stays
    return function(**{name: arrays[name] for name in wanted if name in arrays and name not in bound})


@lru_cache(maxsize=512)
def _parameters(function: Callable) -> tuple[tuple[str, bool], ...]:
    # Signatures are slow to read (tens of microseconds) and each training step needs several.
    signature = inspect.signature(function)
    return tuple(
        (p.name, p.default is inspect.Parameter.empty) for p in signature.parameters.values() if p.kind in _KINDS
    )


def _name(function: Callable) -> str:
    function = getattr(function, "func", function)
    return getattr(function, "__name__", type(function).__name__)
