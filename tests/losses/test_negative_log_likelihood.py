import pytest
import torch

from physml.losses.negative_log_likelihood import NegativeLogLikelihood


def test_is_minus_the_mean():
    assert NegativeLogLikelihood()(torch.tensor([-1.0, -2.0, 0.0])) == pytest.approx(1.0)


def test_is_least_for_the_true_density():
    x = torch.randn(5000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    losses = [
        float(NegativeLogLikelihood()(torch.distributions.Normal(0, width).log_prob(x))) for width in (0.8, 1.0, 1.25)
    ]
    assert losses[1] < min(losses[0], losses[2])


def test_error_says_what_to_do():
    with pytest.raises(ValueError, match=r"got \(4, 2\): choose a network"):
        NegativeLogLikelihood()(torch.zeros(4, 2))
