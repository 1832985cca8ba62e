"""One value per event, from arrays by name."""

from collections.abc import Callable, Mapping

from torch import Tensor

from physml.ops import named


def per_event(values: Callable[..., Tensor], arrays: Mapping[str, Tensor]) -> Tensor:
    """Return what `values` gives for the arrays it names, shape (events,).

    Raises:
        ValueError: The values are not one per event.
    """
    found = named.call(values, arrays).detach()
    if found.ndim != 1:
        raise ValueError(f"expected one value per event, shape (events,), got {tuple(found.shape)}: reduce each event")
    return found
