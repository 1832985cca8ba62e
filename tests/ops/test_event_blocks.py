import pytest
import torch

from physml.ops.event_blocks import event_blocks

COUNTS = torch.tensor([3, 0, 1, 40, 2, 5, 4])
STARTS = COUNTS.cumsum(0) - COUNTS


@pytest.mark.parametrize("budget", [1, 30, 100, 10_000])
def test_each_row_of_each_event_with_neighbours_comes_once_within_the_budget(budget):
    rows = []
    for block in event_blocks(STARTS, COUNTS, budget):
        assert len(block.counts) * block.width * len(block.rows) <= max(budget, block.width)
        for start, count in zip(block.starts.tolist(), block.counts.tolist(), strict=True):
            rows += [start + row for row in block.rows.tolist() if row < count]
    expected = [start + row for start, n in zip(STARTS.tolist(), COUNTS.tolist(), strict=True) for row in range(n)]
    lonely = int(STARTS[2])
    assert sorted(rows) == [row for row in expected if row != lonely]
