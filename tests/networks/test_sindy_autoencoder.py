import pytest
import torch

from physml.networks.sindy_autoencoder import SindyAutoencoder


@pytest.fixture
def network(seed):
    network = SindyAutoencoder(features=9, variables=["a", "b"], degree=2, components=4, hidden=[6, 5], rate=10.0)
    for weights in network.parameters():
        torch.nn.init.normal_(weights)
    network.calibrate(torch.randn(50, 9) @ torch.randn(9, 9) + 3)
    return network


def test_rates_are_derivatives_along_the_motion(network):
    x, y = torch.randn(7, 9, dtype=torch.float64), torch.randn(7, 9, dtype=torch.float64)
    found = network(x, y)
    ahead, behind = network(x + 1e-4 * y, y).latent, network(x - 1e-4 * y, y).latent
    torch.testing.assert_close(found.latent_rate, (ahead - behind) / 2e-4, rtol=1e-5, atol=1e-7)

    def decoded(z):
        inside, decoder = z[None], network.decoder
        for layer in decoder.layers[:-1]:
            inside = torch.tanh(layer(inside))
        outside = decoder.layers[-1](inside)[0] + z @ decoder.linear.weight.T
        return network.mean + outside * network.spread @ network.basis.T

    field, rate = torch.func.jvp(decoded, (found.latent,), (found.law_rate,))
    torch.testing.assert_close(found.reconstruction, field)
    torch.testing.assert_close(found.decoded_rate, rate)


def test_the_law_alone_is_the_law_of_the_coordinates(network):
    z = torch.randn(5, 2, dtype=torch.float64)
    torch.testing.assert_close(network.law(z), network.motion(z))
    assert network.law.formulas()[0].startswith("da/dt = ")


def test_components_are_those_of_the_fields(seed):
    network = SindyAutoencoder(features=9, variables=["a"], degree=1, components=3)
    x = torch.randn(200, 3, dtype=torch.float64) @ torch.randn(3, 9, dtype=torch.float64) + 5
    network.calibrate(x)
    inside = (x - network.mean) @ network.basis / network.spread
    torch.testing.assert_close(torch.cov(inside.T), torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(network.mean + inside * network.spread @ network.basis.T, x)


def test_at_the_start_the_coordinates_are_the_first_components(seed):
    network = SindyAutoencoder(features=9, variables=["a", "b"], degree=1, components=2)
    x = torch.randn(200, 2, dtype=torch.float64) @ torch.randn(2, 9, dtype=torch.float64) + 5
    network.calibrate(x)
    found = network(x, torch.zeros_like(x))
    torch.testing.assert_close(torch.cov(found.latent.T), torch.eye(2, dtype=torch.float64))
    torch.testing.assert_close(found.reconstruction, x)


def test_a_change_of_coordinates_changes_them_and_nothing_else(network):
    x, y = torch.randn(40, 9, dtype=torch.float64), torch.randn(40, 9, dtype=torch.float64)
    before = network(x, y)
    matrix, shift = torch.tensor([[1.0, 0.5], [-0.3, 2.0]]).double(), torch.tensor([3.0, -1.0]).double()
    network.change_coordinates(before.latent, matrix, shift, threshold=0.0)
    after = network(x, y)
    torch.testing.assert_close(after.latent, before.latent @ matrix + shift)
    torch.testing.assert_close(after.law_rate, before.law_rate @ matrix)
    torch.testing.assert_close(after.reconstruction, before.reconstruction)
    torch.testing.assert_close(after.decoded_rate, before.decoded_rate)


def test_small_terms_are_dropped_and_stay_away(network):
    z = torch.randn(100, 2, dtype=torch.float64)
    wanted = torch.zeros(2, 6, dtype=torch.float64)
    wanted[0, 2], wanted[0, 3], wanted[1, 1] = 3.0, 1e-3, -2.0
    with torch.no_grad():
        network.terms.weight.copy_(wanted / network.rate)
    network.change_coordinates(z, torch.eye(2).double(), torch.zeros(2).double(), threshold=0.05)
    assert network.held.nonzero().tolist() == [[0, 2], [1, 1]]
    torch.nn.init.ones_(network.terms.weight)
    network.clear_dropped()
    assert network.coefficients.T.nonzero().tolist() == [[0, 2], [1, 1]]
