"""Figures of merit of a classifier."""

import torch

from physml.metrics.classification import correct


def test_correct_counts_the_largest_output():
    torch.manual_seed(0)
    scores, labels = torch.randn(200, 4, dtype=torch.float64), torch.randint(4, (200,))
    expected = [float(max(range(4), key=lambda k: row[k]) == label) for row, label in zip(scores, labels, strict=True)]
    assert correct(scores, labels).tolist() == expected
    assert correct(3 * scores - 1, labels).tolist() == expected
    assert correct(-scores, labels).tolist() != expected


def test_a_diverged_network_is_seen():
    found = correct(torch.tensor([[torch.nan, torch.nan], [0.0, 1.0]]), torch.tensor([0, 1]))
    assert found[0].isnan()
    assert found[1] == 1
