from types import SimpleNamespace

import pytest
import torch

from physml.metrics.sindy_autoencoder import (
    AffineRemainder,
    LatentTerms,
    LawBehindField,
    UnexplainedPart,
    decoded_rate,
    latent_rate,
    reconstruction,
)
from physml.metrics.sparse_dynamics import worst_error
from physml.networks.sparse_dynamics import SparseDynamics
from physml.physics.lorenz import Lorenz


@pytest.mark.parametrize("pair", [reconstruction, decoded_rate, latent_rate])
def test_the_unexplained_part_is_that_of_all_batches(pair, seed):
    metric, wrong, whole = UnexplainedPart(pair), 0.0, 0.0
    for _ in range(2):
        prediction = SimpleNamespace(
            reconstruction=torch.randn(4, 5),
            decoded_rate=torch.randn(4, 5),
            latent_rate=torch.randn(4, 3),
            law_rate=torch.randn(4, 3),
        )
        arrays = {"x": torch.randn(4, 5), "y": torch.randn(4, 5), "prediction": prediction}
        metric.update(arrays)
        found, truth = {
            reconstruction: (prediction.reconstruction, arrays["x"]),
            decoded_rate: (prediction.decoded_rate, arrays["y"]),
            latent_rate: (prediction.law_rate, prediction.latent_rate),
        }[pair]
        wrong, whole = wrong + (found - truth).square().sum(), whole + truth.square().sum()
    assert metric.compute().item() == pytest.approx((wrong / whole).item(), rel=1e-5)
    assert metric.uncertainty() == 0


def test_terms_are_counted():
    metric = LatentTerms()
    metric.update({"network": SimpleNamespace(coefficients=torch.tensor([[1.0, 0.0], [-2.0, 0.0]]))})
    assert metric.compute() == 2


def seen(metric, law, bend=0.0):
    """The figure for coordinates that are an affine function of Lorenz states, in units of 40, but for a bend."""
    change, generator = torch.randn(3, 3, dtype=torch.float64), torch.Generator().manual_seed(1)
    network = SparseDynamics(["a", "b", "c"], degree=2)
    for _ in range(2):
        s = torch.randn(50, 3, dtype=torch.float64, generator=generator)
        rate = law.derivative(40 * s) / 40 @ change
        prediction = SimpleNamespace(latent=s @ change + 2 + bend * s**2, law_rate=rate)
        metric.update({"x": s, "prediction": prediction, "network": network})
    return metric.compute().item()


def test_lorenz_law_has_no_error_in_any_affine_coordinates(seed):
    assert seen(LawBehindField(lambda x: x, Lorenz(), scale=40.0), Lorenz()) < 1e-9
    assert seen(AffineRemainder(lambda x: x), Lorenz()) < 1e-20


def test_the_error_is_that_of_the_coefficients_and_bent_coordinates_are_seen(seed):
    metric = LawBehindField(lambda x: x, Lorenz(), worst_error, scale=40.0)
    assert seen(metric, Lorenz(beta=8 / 3 * 1.1)) == pytest.approx(0.1)
    assert seen(AffineRemainder(lambda x: x), Lorenz(), bend=1.0) > 0.05
