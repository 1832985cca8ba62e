import pytest
import torch

from physml.networks.variational_autoencoder import VariationalAutoencoder


@pytest.fixture
def network():
    torch.manual_seed(0)
    return VariationalAutoencoder(in_shape=[1, 8, 8], latent=3, channels=[4]).double()


@pytest.fixture
def x():
    return torch.rand(5, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_shapes(network, x):
    reconstruction = network(x)
    assert reconstruction.image.shape == x.shape
    assert reconstruction.mean.shape == reconstruction.log_variance.shape == (5, 3)
    assert network.sample(7).shape == (7, 1, 8, 8)


def test_evaluation_decodes_the_mean_and_training_draws(network, x):
    network.eval()
    torch.testing.assert_close(network(x).image, network.decode(network.encode(x)[0]))
    network.train()
    assert not torch.allclose(network(x).image, network(x).image)


def test_latent_draws_have_the_mean_and_variance_that_were_encoded(network):
    """With a decoder that passes latent numbers on, images are draws of N(μ, σ²)."""
    network.decode = lambda z: z
    x = torch.rand(1, 1, 8, 8, dtype=torch.float64).expand(40_000, -1, -1, -1)
    with torch.no_grad():
        z, mean, log_variance = network.train()(x)
    sigma = torch.exp(log_variance[0] / 2)
    error = sigma / 200
    assert ((z.mean(0) - mean[0]).abs() < 4 * error).all()
    assert ((z.std(0) - sigma).abs() < 4 * error / 2**0.5).all()
    assert ((z.std(0) - torch.exp(log_variance[0])).abs() > 4 * error / 2**0.5).any()  # σ² for σ is noticed


def test_gradients_reach_the_encoder_through_the_draw(network, x):
    network.train()(x).image.sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.encoder[-1].parameters())


def test_samples_are_decoded_standard_normals_and_repeat_with_the_generator(network):
    draws = [network.sample(4, torch.Generator().manual_seed(3)) for _ in range(2)]
    torch.testing.assert_close(draws[0], draws[1])
    z = torch.randn(4, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    torch.testing.assert_close(draws[0], network.decode(z))
    assert not draws[0].requires_grad
