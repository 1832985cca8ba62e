"""Physics machine learning: Lightning trains, Hydra composes, and physics is part of every run."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from physml.runs.load import load

__version__ = "0.1.0"
__all__ = ["load"]


def __getattr__(name: str) -> Any:
    # Loading needs torch and Lightning, which take seconds to import; the command line's help does not.
    if name == "load":
        from physml.runs.load import load

        return load
    raise AttributeError(f"module 'physml' has no attribute {name!r}")
