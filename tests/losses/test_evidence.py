import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from physml.losses.evidence import Evidence, divergence_from_standard_normal
from physml.networks.variational_autoencoder import Reconstruction


@pytest.fixture
def draw():
    generator = torch.Generator().manual_seed(1)
    return lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_divergence_agrees_with_torch_and_with_monte_carlo(draw):
    mean, log_variance = draw(6, 4), draw(6, 4)
    posterior, prior = (
        Normal(mean, torch.exp(log_variance / 2)),
        Normal(torch.zeros(4).double(), torch.ones(4).double()),
    )
    closed = divergence_from_standard_normal(mean, log_variance)
    torch.testing.assert_close(closed, kl_divergence(posterior, prior).sum(-1))
    z = mean + torch.exp(log_variance / 2) * draw(20_000, 6, 4)
    ratio = (posterior.log_prob(z) - prior.log_prob(z)).sum(-1)
    error = ratio.std(0) / math.sqrt(20_000)
    assert ((ratio.mean(0) - closed).abs() < 4 * error).all()
    reverse = kl_divergence(prior, posterior).sum(-1)
    assert ((ratio.mean(0) - reverse).abs() > 4 * error).any()


def test_divergence_vanishes_for_the_prior_alone(draw):
    assert float(divergence_from_standard_normal(torch.zeros(1, 3), torch.zeros(1, 3))) == 0
    assert (divergence_from_standard_normal(draw(50, 3), draw(50, 3)) > 0).all()


def test_reconstruction_term_is_the_negative_log_likelihood_of_a_gaussian(draw):
    image, target = draw(5, 1, 4, 4), draw(5, 1, 4, 4)
    zero = torch.zeros(5, 2, dtype=torch.float64)
    expected = -Normal(image, 0.3).log_prob(target).flatten(1).sum(1).mean()
    torch.testing.assert_close(Evidence(scale=0.3)(Reconstruction(image, zero, zero), target), expected)


def test_beta_weights_the_divergence(draw):
    prediction, target = Reconstruction(draw(5, 1, 4, 4), draw(5, 2), draw(5, 2)), draw(5, 1, 4, 4)
    once, thrice, never = (Evidence(0.3, beta)(prediction, target) for beta in (1.0, 3.0, 0.0))
    torch.testing.assert_close(thrice - never, 3 * (once - never))
    torch.testing.assert_close(
        once - never, divergence_from_standard_normal(prediction.mean, prediction.log_variance).mean()
    )


def test_bounds_the_evidence_of_a_linear_model_from_above(draw):
    """x = w z + s ε has p(x) = N(0, w² + s²); the bound is tight for the true posterior and only for it."""
    w, s = 0.8, 0.5
    x = draw(40_000, 1) * math.hypot(w, s)
    evidence = -Normal(0.0, math.hypot(w, s)).log_prob(x).mean()

    def bound(gain, variance):
        mean = gain * x
        z = mean + math.sqrt(variance) * draw(40_000, 1)
        return Evidence(scale=s)(Reconstruction(w * z, mean, torch.full_like(mean, math.log(variance))), x)

    gain, variance = w / (w**2 + s**2), s**2 / (w**2 + s**2)
    assert float(bound(gain, variance)) == pytest.approx(float(evidence), abs=0.02)
    assert bound(0.5 * gain, variance) > evidence + 0.05
    assert bound(gain, 2 * variance) > evidence + 0.05


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match="got a Tensor: use network=variational_autoencoder, or loss=mse"):
        Evidence(0.1)(torch.zeros(2, 1, 4, 4), torch.zeros(2, 1, 4, 4))
    with pytest.raises(ValueError, match="expected images of shape"):
        Evidence(0.1)(Reconstruction(torch.zeros(2, 4), torch.zeros(2, 1), torch.zeros(2, 1)), torch.zeros(2, 1, 2, 2))


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_a_width_that_is_none_is_refused(scale):
    with pytest.raises(ValueError, match="expected a scale > 0 of a pixel"):
        Evidence(scale)
