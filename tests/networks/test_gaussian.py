import pytest
import torch
from torch.distributions import MultivariateNormal

from physml.networks.gaussian import Gaussian


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = Gaussian(3).double()
    with torch.no_grad():
        for weight in network.parameters():
            weight.normal_(std=0.5)
    return network


def test_equals_torchs_gaussian(network):
    x = torch.randn(10, 3, dtype=torch.float64)
    factor = network.factor.detach()
    expected = MultivariateNormal(network.mean.detach(), precision_matrix=factor.T @ factor).log_prob(x)
    torch.testing.assert_close(network(x).detach(), expected)


def test_samples_have_its_mean_and_covariance(network):
    x = network.sample(200_000, torch.Generator().manual_seed(0))
    factor = network.factor.detach()
    covariance = torch.linalg.inv(factor.T @ factor)
    torch.testing.assert_close(x.mean(0), network.mean.detach(), atol=0.03, rtol=0)
    torch.testing.assert_close(x.T.cov(), covariance, atol=0.05, rtol=0.02)


def test_maximum_likelihood_is_at_the_sample_moments():
    torch.manual_seed(0)
    x = torch.randn(500, 2, dtype=torch.float64) @ torch.tensor([[1.0, 0.5], [0.0, 0.3]], dtype=torch.float64) + 1
    network = Gaussian(2).double()
    covariance = x.T.cov(correction=0)
    with torch.no_grad():
        network.mean.copy_(x.mean(0))
        factor = torch.linalg.inv(torch.linalg.cholesky(covariance))
        network.log_diagonal.copy_(factor.diag().log())
        network.below.copy_(factor)
    gradients = torch.autograd.grad(network(x).mean(), list(network.parameters()))
    assert all(gradient.abs().max() < 1e-9 for gradient in gradients)


def test_error_says_what_to_do():
    with pytest.raises(ValueError, match=r"expected x of shape \(events, 2\), got \(3, 4\)"):
        Gaussian(2)(torch.zeros(3, 4))
