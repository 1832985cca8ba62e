import torch

from physml.constraints.fixed import FixedWeighting


def test_weights_stay_as_given_at_every_moment():
    weights = {"energy": 0.5, "momentum": 0.0}
    penalties = {name: torch.tensor(3.0) for name in weights}
    for progress in (0.0, 0.3, 1.0):
        assert FixedWeighting()(weights, penalties, progress) == weights


def test_the_callers_weights_are_not_handed_out():
    weights = {"energy": 0.5}
    FixedWeighting()(weights, {}, 0.0)["energy"] = 9.0
    assert weights == {"energy": 0.5}
