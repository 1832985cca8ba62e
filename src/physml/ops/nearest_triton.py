"""The k nearest neighbours on a GPU: single precision leaves few candidates, double precision orders them."""

import torch
import triton
import triton.language as tl
from torch import Tensor

SPARE = 4  # candidates beyond k, so that the k nearest are clearly nearer than all that were left out
FIND_ROWS, FIND_WARPS = 8, 4  # points that a program serves, and its warps: measured
ORDER_ROWS, ORDER_WARPS = 2, 1
LAST = tl.constexpr(2**63 - 1)


def nearest_triton(points: Tensor, offsets: Tensor, k: int, self_loops: bool) -> tuple[Tensor, Tensor, Tensor]:
    r"""Find the nearest other points of each point of an event; nothing here waits for the GPU.

    As `physml.ops.nearest_filtered`: the minima of groups of points bound the distance of the k + 4 nearest in single
    precision; the points within the bound B are candidates, which double precision orders. They hold the k nearest,
    :math:`d_k` the last of them, where

    .. math:: (d_k + \delta)^2 < B^2 (1 - \eta), \qquad \eta = 4 (S + 8)\, 2^{-24},

    and :math:`\delta = 2 \sqrt{S} \max |x - \mathrm{single}(x)|`, over all points, is what the coordinates lose.
    Rows where this fails (points that coincide, are tied, or overflow in single precision) are searched k times in
    double precision. Distances are computed where they are needed and never held: the memory grows as points × k.

    Args:
        points: Coordinates in single or double precision, at least one, on a GPU.
        offsets: Event e owns the points ``offsets[e]:offsets[e + 1]``, int64, on the GPU.
        k: Number of other points, at least 1; with k the groups and candidates grow that a program holds in registers.
        self_loops: Whether the point itself comes before them.

    Returns:
        As `physml.ops.neighbours.nearest_neighbours`, all indices within the points also if coordinates are not finite;
        and two numbers: one that is not zero if the input is not what that function asks for, and how many rows were
        searched again.

    Shapes:
        points (points, space), offsets (events + 1,) → (points, k + self_loops) int64 and bool, (2,) int32
    """
    count, space = points.shape
    points, offsets, candidates = points.contiguous(), offsets.contiguous(), k + SPARE + 1  # the point itself is one
    groups = max(64, triton.next_power_of_2(4 * candidates))
    # About -groups ln(1 - candidates / groups) points are within the bound.
    room = triton.next_power_of_2(candidates + candidates // 6 + 12)
    index = torch.empty(count, k + self_loops, dtype=torch.int64, device=points.device)
    exists = torch.empty(index.shape, dtype=torch.bool, device=points.device)
    found = torch.empty(count, room, dtype=torch.int32, device=points.device)
    bound = torch.empty(count, dtype=torch.float32, device=points.device)
    numbers, status = torch.zeros(count + 2, dtype=torch.int32, device=points.device).split([count, 2])
    axes, lost, loses = points.t().float().contiguous(), bound, points.dtype == torch.float64
    if loses:
        axes.clamp_(-3e38, 3e38)
        lost = 2 * space**0.5 * (points.t() - axes).abs().amax()
    tree = len(offsets).bit_length()
    _find[(triton.cdiv(count, FIND_ROWS),)](
        axes, offsets, found, numbers, bound, count, len(offsets) - 1, candidates,
        space, tree, FIND_ROWS, groups, room, num_warps=FIND_WARPS,
    )  # fmt: skip
    _order[(triton.cdiv(count, ORDER_ROWS),)](
        points, offsets, found, numbers, bound, lost, status, index, exists, count, len(offsets) - 1, k,
        (1 << count.bit_length()) - 1, 1 - 4 * (space + 8) * 2.0**-24,
        space, tree, ORDER_ROWS, room, int(self_loops), loses, num_warps=ORDER_WARPS,
    )  # fmt: skip
    return index, exists, status


@triton.jit
def _event(offsets, events, point, count, TREE: tl.constexpr):
    """First point of the event that owns each point, and the one behind its last: by bisection."""
    low, high = tl.zeros_like(point), tl.zeros_like(point) + events
    for _ in range(TREE):
        middle = (low + high) // 2
        left = tl.load(offsets + middle) <= point
        low, high = tl.where(left, middle, low), tl.where(left, high, middle)
    start, stop = tl.load(offsets + low).to(tl.int32), tl.load(offsets + high).to(tl.int32)
    return tl.minimum(start, count), tl.minimum(stop, count)


@triton.jit
def _squared(
    points,
    axis_step,
    POINT_STEP: tl.constexpr,
    SPACE: tl.constexpr,
    TYPE: tl.constexpr,
    own,
    others,
    start,
    stop,
    count,
):
    """Squared distances (rows, columns), summed axis by axis; infinity to what is not of the row's event."""
    squared = tl.zeros((own.shape[0], others.shape[0]), dtype=TYPE)
    lowest, highest = tl.min(start, axis=0), tl.max(stop, axis=0)
    for axis in tl.range(0, SPACE, loop_unroll_factor=4):
        a = tl.load(points + axis * axis_step + own * POINT_STEP, mask=own < count, other=0.0).to(TYPE)
        b = tl.load(points + axis * axis_step + others * POINT_STEP, mask=others < highest, other=float("inf")).to(TYPE)
        squared += (a[:, None] - b[None, :]) * (a[:, None] - b[None, :])
    if (tl.max(start, axis=0) > lowest) | (tl.min(stop, axis=0) < highest):  # these rows are of several events
        inside = (others[None, :] >= start[:, None]) & (others[None, :] < stop[:, None])
        squared = tl.where(inside, squared, float("inf"))
    return squared


@triton.jit
def _find(
    axes, offsets, found, numbers, bound, count, events, candidates,
    SPACE: tl.constexpr, TREE: tl.constexpr, ROWS: tl.constexpr, GROUPS: tl.constexpr, ROOM: tl.constexpr,
):  # fmt: skip
    """Candidates of each row, itself among them: all within a bound that enough minima of groups are within."""
    own = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    here = own < count
    start, stop = _event(offsets, events, tl.minimum(own, count - 1), count, TREE)
    lowest, highest = tl.min(start, axis=0), tl.max(stop, axis=0)
    groups = tl.arange(0, GROUPS)
    minima = tl.full((ROWS, GROUPS), float("inf"), dtype=tl.float32)
    for column in range(lowest, highest, GROUPS):
        others = column + groups
        minima = tl.minimum(minima, _squared(axes, count, 1, SPACE, tl.float32, own, others, start, stop, count))
    # The bound's first sixteen bits, one by one: the smallest that is not too small, and finite.
    bits = minima.to(tl.int32, bitcast=True)
    limit = tl.zeros((ROWS,), dtype=tl.int32)
    for step in tl.static_range(15):
        lower = limit + ((1 << (30 - step)) - 1)
        few = tl.sum((bits <= lower[:, None]).to(tl.int32), axis=1) < candidates
        limit = tl.where(few, limit + (1 << (30 - step)), limit)
    limit = tl.minimum(limit + 0xFFFF, 0x7F7FFFFF).to(tl.float32, bitcast=True)
    tl.store(bound + own, limit, mask=here)
    for column in range(lowest, highest, GROUPS):
        others = column + groups
        squared = _squared(axes, count, 1, SPACE, tl.float32, own, others, start, stop, count)
        near = here[:, None] & (squared <= limit[:, None])
        ones = tl.full((ROWS, GROUPS), 1, dtype=tl.int32)
        place = tl.atomic_add(tl.broadcast_to((numbers + own)[:, None], (ROWS, GROUPS)), ones, mask=near, sem="relaxed")
        target = found + own.to(tl.int64)[:, None] * ROOM + place
        tl.store(target, tl.broadcast_to(others[None, :], (ROWS, GROUPS)), mask=near & (place < ROOM))


@triton.jit
def _order(
    points, offsets, found, numbers, bound, lost, status, index, exists, count, events, k, bits, shrink,
    SPACE: tl.constexpr, TREE: tl.constexpr, ROWS: tl.constexpr, ROOM: tl.constexpr,
    LOOPS: tl.constexpr, LOSES: tl.constexpr,
):  # fmt: skip
    """Order each row's candidates by their exact distances, ties by their numbers; where they fail, search again."""
    own = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    here = own < count
    start, stop = _event(offsets, events, tl.minimum(own, count - 1), count, TREE)
    others_in_event = stop - start - 1
    held = tl.load(numbers + own, mask=here, other=0)
    slots = tl.arange(0, ROOM)
    there = here[:, None] & (slots[None, :] < held[:, None])
    other = tl.load(found + own.to(tl.int64)[:, None] * ROOM + slots[None, :], mask=there, other=0)
    squared = tl.zeros((ROWS, ROOM), dtype=tl.float64)
    if tl.load(offsets + events) != count:
        tl.store(status, 1)
    for axis in range(SPACE):
        a = tl.load(points + own * SPACE + axis, mask=here, other=0.0).to(tl.float64)
        tl.store(status + tl.zeros_like(own), 1, mask=here & ~(tl.abs(a) < 1e150))  # NaN is not below anything
        b = tl.load(points + other * SPACE + axis, mask=there, other=0.0).to(tl.float64)
        squared += (a[:, None] - b) * (a[:, None] - b)
    # The number replaces the lowest bits of the distance: integers in the order of the distances, without ties.
    keys = (squared.to(tl.int64, bitcast=True) & ~bits) | other
    keys = tl.sort(tl.where(there & (other != own[:, None]), keys, LAST), dim=1)
    row = own.to(tl.int64) * (k + LOOPS)
    place = row[:, None] + LOOPS + slots[None, :]
    real = slots[None, :] < others_in_event[:, None]
    some = here[:, None] & (slots[None, :] < k)
    tl.store(index + place, tl.where(real & (keys != LAST), keys & bits, own[:, None]), mask=some)
    tl.store(exists + place, real, mask=some)
    if LOOPS:
        tl.store(index + row, own.to(tl.int64), mask=here)
        tl.store(exists + row, here, mask=here)
    needed = tl.sqrt(tl.sum(tl.where(slots[None, :] == k - 1, keys & ~bits, 0), axis=1).to(tl.float64, bitcast=True))
    if LOSES:
        needed += tl.load(lost)
    limit = tl.load(bound + own, mask=here, other=0.0).to(tl.float64)
    # Below 1e-30 single precision underflows.
    bounded = (needed * needed < limit * shrink) & (limit > 1e-30) & (held > k)
    again = here & ~((held <= ROOM) & (bounded | (held > others_in_event)))
    rows = tl.sum(again.to(tl.int32), axis=0)
    if rows > 0:
        tl.atomic_add(status + 1, rows, sem="relaxed")
        lowest, highest = tl.min(start, axis=0), tl.max(stop, axis=0)
        before = tl.full((ROWS,), -1, dtype=tl.int64)
        for rank in range(k):
            best = tl.full((ROWS,), LAST, dtype=tl.int64)
            for column in range(lowest, highest, ROOM):
                others = column + slots
                squared = _squared(points, 1, SPACE, SPACE, tl.float64, own, others, start, stop, count)
                keys = (squared.to(tl.int64, bitcast=True) & ~bits) | others[None, :]
                real = (keys > before[:, None]) & (squared < float("inf")) & (others[None, :] != own[:, None])
                best = tl.minimum(best, tl.min(tl.where(real, keys, LAST), axis=1))
            tl.store(index + row + LOOPS + rank, best & bits, mask=again & (rank < others_in_event) & (best != LAST))
            before = best
