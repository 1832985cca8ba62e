"""Reductions over the points of ragged events."""

import torch
from torch import Tensor


def segment_index(offsets: Tensor) -> Tensor:
    """Return the event of each point.

    Shapes:
        offsets (events + 1,) → (points,), int64

    Example:
        >>> segment_index(torch.tensor([0, 2, 2, 5])).tolist()
        [0, 0, 2, 2, 2]
    """
    counts = offsets.diff()
    # The size as a number lets torch.compile trace what follows.
    events = torch.arange(len(counts), device=offsets.device)
    return torch.repeat_interleave(events, counts, output_size=int(offsets[-1]))


def segment_sum(values: Tensor, offsets: Tensor) -> Tensor:
    r"""Sum the values of each event's points.

    .. math:: s_e = \sum_{i \in e} v_i

    Args:
        values: :math:`v_i` of each point.
        offsets: Event e owns the points ``offsets[e]:offsets[e + 1]``, int64; the first is 0.

    Shapes:
        values (points, …), offsets (events + 1,) → (events, …); zero for an event without points

    Raises:
        ValueError: The offsets do not end at the number of points.

    Example:
        >>> segment_sum(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0, 2, 3])).tolist()
        [3.0, 3.0]
    """
    index = _index_of(values, offsets)
    return values.new_zeros((len(offsets) - 1, *values.shape[1:])).index_add(0, index, values)


def segment_max(values: Tensor, offsets: Tensor) -> Tensor:
    r"""Return the largest value among each event's points, for each feature.

    .. math:: m_e = \max_{i \in e} v_i

    Points that tie share the gradient.

    Args:
        values: :math:`v_i` of each point.
        offsets: Event e owns the points ``offsets[e]:offsets[e + 1]``, int64.

    Shapes:
        values (points, features), offsets (events + 1,) → (events, features); zero for an event without points

    Raises:
        ValueError: The offsets do not end at the number of points.

    Example:
        >>> segment_max(torch.tensor([[-1.0], [-2.0], [3.0]]), torch.tensor([0, 2, 3])).tolist()
        [[-1.0], [3.0]]
    """
    index = _index_of(values, offsets)
    # Not from zero: in the backward pass a maximum of zero would share its gradient with it.
    start = values.new_full((len(offsets) - 1, values.shape[1]), -torch.inf)
    largest = start.scatter_reduce(0, index[:, None].expand_as(values), values, "amax")
    return largest.where(offsets.diff()[:, None] > 0, 0)


def segment_mean(values: Tensor, offsets: Tensor) -> Tensor:
    """Average the values of each event's points, as `segment_sum` sums them; zero for an event without points.

    In single precision at least: a sum of many numbers in half precision would overflow, or come to a halt.
    """
    single = torch.promote_types(values.dtype, torch.float32)
    counts = offsets.diff().clamp(min=1).to(single)
    return segment_sum(values.to(single), offsets) / counts.reshape(-1, *[1] * (values.ndim - 1))


def _index_of(values: Tensor, offsets: Tensor) -> Tensor:
    index = segment_index(offsets)
    if len(index) != len(values):
        raise ValueError(
            f"expected values of {len(index)} points (offsets[-1]), got {len(values)}: pass their own offsets"
        )
    return index
