"""Mean and maximum over neighbours, weighted by a Gaussian of the distance, on a GPU: one kernel each way."""

import torch
import triton
import triton.language as tl
from torch import Tensor

UNROLL = tl.constexpr(4)  # neighbours whose memory is asked for together


def aggregate(space: Tensor, features: Tensor, index: Tensor, exists: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return mean and maximum of each point, each neighbour's weight, and which neighbour gave the maximum.

    As `physml.ops.distance_weighted`, whose messages are never written to memory.

    Args:
        space: Coordinates, in single or double precision, on a GPU; contiguous.
        features: Of the same type; contiguous.
        index: Neighbours of each point.
        exists: Which of them exist.

    Shapes:
        space (points, space), features (points, features), index and exists (points, k)
        → (points, features) twice, (points, k), (points, features) int64
    """
    count, k = index.shape
    mean, largest = torch.empty_like(features), torch.empty_like(features)
    weight, winner = space.new_empty(index.shape), index.new_empty(features.shape)
    if count:
        _aggregate[(count,)](
            space, features, index.contiguous(), exists.contiguous(), mean, largest, weight, winner,
            space.shape[1], features.shape[1], k, **_tile(space, features),
        )  # fmt: skip
    return mean, largest, weight, winner


def gradients(
    mean: Tensor,
    largest: Tensor,
    space: Tensor,
    features: Tensor,
    index: Tensor,
    exists: Tensor,
    weight: Tensor,
    winner: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return the gradients of coordinates and features, in sums whose order is not fixed.

    Args:
        mean: Gradient of the mean; contiguous.
        largest: Gradient of the maximum; contiguous.
        space: As `aggregate`.
        features: As `aggregate`.
        index: As `aggregate`.
        exists: As `aggregate`.
        weight: From `aggregate`.
        winner: From `aggregate`.

    Shapes: as `aggregate` → (points, space), (points, features)
    """
    count, k = index.shape
    space_slope, feature_slope = torch.zeros_like(space), torch.zeros_like(features)
    if count:
        _differentiate[(count,)](
            mean, largest, space, features, index.contiguous(), exists.contiguous(), weight, winner,
            space_slope, feature_slope,
            space.shape[1], features.shape[1], k, SLOTS=triton.next_power_of_2(k), **_tile(space, features),
        )  # fmt: skip
    return space_slope, feature_slope


def _tile(space: Tensor, features: Tensor) -> dict[str, int]:
    """Lanes of the axes and of the features, of which a warp holds at most 64 at once, and the warps of a point."""
    return {
        "AXES": triton.next_power_of_2(space.shape[1]),
        "COLUMNS": max(32, min(64, triton.next_power_of_2(features.shape[1]))),
        "num_warps": 1,
    }


@triton.jit
def _aggregate(
    space, features, index, exists, mean, largest, weight, winner, axes, width, k,
    AXES: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    point = tl.program_id(0).to(tl.int64)
    axis = tl.arange(0, AXES)
    here = tl.load(space + point * axes + axis, mask=axis < axes, other=0.0)
    for first in range(0, width, COLUMNS):
        columns = first + tl.arange(0, COLUMNS)
        wide = columns < width
        total = tl.zeros((COLUMNS,), dtype=features.dtype.element_ty)
        best = tl.full((COLUMNS,), float("-inf"), dtype=features.dtype.element_ty)
        place = tl.zeros((COLUMNS,), dtype=tl.int64)
        neighbours = 0
        for slot in tl.range(0, k, loop_unroll_factor=UNROLL):
            sender = tl.load(index + point * k + slot)
            there = tl.load(exists + point * k + slot) != 0
            difference = tl.load(space + sender * axes + axis, mask=axis < axes, other=0.0) - here
            near = tl.where(there, tl.exp(-10 * tl.sum(difference * difference, axis=0)), 0.0)
            tl.store(weight + point * k + slot, near)
            message = near * tl.load(features + sender * width + columns, mask=wide, other=0.0)
            total += message
            better = there & ((message > best) | (message != message))  # NaN stays
            best, place = tl.where(better, message, best), tl.where(better, slot, place)
            neighbours += there.to(tl.int32)
        tl.store(mean + point * width + columns, total / tl.maximum(neighbours, 1), mask=wide)
        tl.store(largest + point * width + columns, tl.where(neighbours > 0, best, 0.0), mask=wide)
        tl.store(winner + point * width + columns, place, mask=wide)


@triton.jit
def _differentiate(
    mean, largest, space, features, index, exists, weight, winner, space_slope, feature_slope, axes, width, k,
    AXES: tl.constexpr, COLUMNS: tl.constexpr, SLOTS: tl.constexpr,
):  # fmt: skip
    point = tl.program_id(0).to(tl.int64)
    axis = tl.arange(0, AXES)
    here = tl.load(space + point * axes + axis, mask=axis < axes, other=0.0)
    own = tl.zeros((AXES,), dtype=space.dtype.element_ty)
    slots = tl.arange(0, SLOTS)
    neighbours = tl.sum((tl.load(exists + point * k + slots, mask=slots < k, other=0) != 0).to(tl.int32), axis=0)
    for first in range(0, width, COLUMNS):
        columns = first + tl.arange(0, COLUMNS)
        wide = columns < width
        of_mean = tl.load(mean + point * width + columns, mask=wide, other=0.0) / tl.maximum(neighbours, 1)
        of_largest = tl.load(largest + point * width + columns, mask=wide, other=0.0)
        place = tl.load(winner + point * width + columns, mask=wide, other=0)
        for slot in tl.range(0, k, loop_unroll_factor=UNROLL):
            sender = tl.load(index + point * k + slot)
            there = tl.load(exists + point * k + slot) != 0
            near = tl.load(weight + point * k + slot)
            pull = of_mean + tl.where(place == slot, of_largest, 0.0)
            target = sender * width + columns
            slope = tl.sum(pull * tl.load(features + target, mask=wide, other=0.0), axis=0)
            tl.atomic_add(feature_slope + target, near * pull, mask=columns < tl.where(there, width, 0), sem="relaxed")
            # dw/ds_j = -20 w (s_j - s_i) = -dw/ds_i
            difference = tl.load(space + sender * axes + axis, mask=axis < axes, other=0.0) - here
            push = -20 * near * slope * difference
            tl.atomic_add(space_slope + sender * axes + axis, push, mask=axis < tl.where(there, axes, 0), sem="relaxed")
            own -= push
    tl.atomic_add(space_slope + point * axes + axis, own, mask=axis < axes, sem="relaxed")
