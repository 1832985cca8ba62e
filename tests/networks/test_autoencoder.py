import pytest
import torch

from physml.networks.autoencoder import Autoencoder


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Autoencoder(in_shape=[2, 16, 24], latent=3, channels=[4, 8]).double().eval()


@pytest.fixture
def x():
    return torch.rand(5, 2, 16, 24, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_shapes(network, x):
    assert network(x).shape == x.shape
    assert network.encode(x).shape == (5, 3)
    assert network.decode(torch.zeros(7, 3, dtype=torch.float64)).shape == (7, 2, 16, 24)


def test_an_image_passes_through_the_bottleneck_alone(network, x):
    """The reconstruction is a function of the latent numbers: its Jacobian has at most their rank."""
    torch.testing.assert_close(network(x), network.decode(network.encode(x)))
    jacobian = torch.autograd.functional.jacobian(lambda image: network(image[None])[0].flatten(), x[0]).flatten(1)
    assert torch.linalg.matrix_rank(jacobian) == 3
    skipping = torch.autograd.functional.jacobian(
        lambda image: (network(image[None])[0] + 0.01 * image).flatten(), x[0]
    ).flatten(1)
    assert torch.linalg.matrix_rank(skipping) > 3


def test_events_do_not_mix(network, x):
    torch.testing.assert_close(network(x)[2], network(x[2:3])[0])


def test_learns_to_reconstruct_a_family_with_fewer_parameters_than_latent_numbers():
    torch.manual_seed(2)
    network = Autoencoder(in_shape=[1, 8, 8], latent=3, channels=[8])
    x = torch.rand(64, 1, 1, 1) * torch.linspace(0, 1, 8)[:, None] * torch.ones(8)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        loss = torch.nn.functional.mse_loss(network(x), x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


def test_size_that_cannot_be_halved_is_refused():
    with pytest.raises(ValueError, match="expected height and width divisible by 8, got 20 × 40"):
        Autoencoder(in_shape=[1, 20, 40])
