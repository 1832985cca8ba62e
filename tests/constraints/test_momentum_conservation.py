import numpy as np
import pytest
import torch

from physml.constraints.momentum_conservation import MomentumConservation
from physml.physics import nbody


@pytest.fixture
def states():
    drawn = nbody.simulate(np.random.default_rng(0), count=20, duration=0.5)
    x = np.concatenate([drawn["x"][:, 0], drawn["v"][:, 0], drawn["q"][..., None]], axis=-1)
    return torch.tensor(x), torch.tensor(drawn["x"][:, -1])


def test_true_motion_costs_nothing(states):
    x, later = states
    assert MomentumConservation(duration=0.5)(later, x) < 1e-20


def test_a_push_costs_its_square(states):
    x, later = states
    push = torch.tensor([0.3, 0.0, 0.4], dtype=torch.float64)
    assert MomentumConservation(duration=0.5)(later + push, x) == pytest.approx(0.25)
    assert MomentumConservation(duration=0.5, scale=0.5)(later + push, x) == pytest.approx(1.0)


def test_the_wrong_duration_is_found_out(states):
    x, later = states
    assert MomentumConservation(duration=1.0)(later, x) > 1e-3


def test_internal_motion_is_free(states):
    x, later = states
    shuffled = later + torch.randn(later.shape, generator=torch.Generator().manual_seed(0), dtype=later.dtype)
    shuffled += (later - shuffled).mean(1, keepdim=True)
    assert MomentumConservation(duration=0.5)(shuffled, x) < 1e-20


def test_error_says_what_to_do():
    with pytest.raises(ValueError, match=r"got \(2, 5, 2\) and \(2, 5, 7\)"):
        MomentumConservation()(torch.zeros(2, 5, 2), torch.zeros(2, 5, 7))


def test_a_length_that_is_none_is_refused():
    with pytest.raises(ValueError, match="expected a scale > 0 of the positions"):
        MomentumConservation(scale=0.0)
