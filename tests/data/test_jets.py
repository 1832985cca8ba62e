import numpy as np
import torch

from physml.data.jets import JetSource


def test_training_jets_are_qcd_images_that_sum_to_100_percent():
    arrays = JetSource(pixels=20)(50, np.random.default_rng(0)).events
    assert arrays["x"].shape == (50, 1, 20, 20)
    assert arrays["x"].dtype == torch.float32
    assert arrays["y"] is arrays["x"]
    torch.testing.assert_close(arrays["x"].sum((1, 2, 3)), torch.full((50,), 100.0))
    assert arrays["label"].dtype == torch.int64
    assert int(arrays["label"].sum()) == 0


def test_tops_are_mixed_in_and_labelled():
    arrays = JetSource(top_fraction=0.5)(400, np.random.default_rng(0)).events
    tops = arrays["label"] == 1
    assert 140 < int(tops.sum()) < 260
    assert arrays["mass"][tops].median() > 165
    assert arrays["mass"][~tops].median() < 90


def test_deterministic_and_dependent_on_the_generator():
    source = JetSource(pixels=8)
    first, again, other = (source(10, np.random.default_rng(seed)).events["x"] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
