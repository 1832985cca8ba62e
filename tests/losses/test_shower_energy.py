import pytest
import torch

from physml.losses.shower_energy import ShowerEnergyLoss

OFFSETS = torch.tensor([0, 3, 5])


@pytest.fixture
def arrays():
    generator = torch.Generator().manual_seed(0)
    prediction, target = torch.rand(2, 5, 2, dtype=torch.float64, generator=generator).softmax(-1)
    return prediction, target, torch.rand(5, dtype=torch.float64, generator=generator) + 0.1


def slow_loss(p, t, energy, offsets):
    """Compute the loss as its equation reads."""
    total = 0.0
    for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        for k in range(p.shape[1]):
            weights = [float(energy[i] * t[i, k]) ** 0.5 for i in range(a, b)]
            errors = [float(p[i, k] - t[i, k]) ** 2 for i in range(a, b)]
            total += sum(w * e for w, e in zip(weights, errors, strict=True)) / sum(weights)
    return total / (len(offsets) - 1)


def test_matches_the_equation(arrays):
    p, t, energy = arrays
    assert float(ShowerEnergyLoss()(p, t, energy, OFFSETS)) == pytest.approx(slow_loss(p, t, energy, OFFSETS))


def test_an_unweighted_error_is_another_loss(arrays):
    p, t, energy = arrays
    unweighted = slow_loss(p, t, torch.ones_like(energy), OFFSETS)
    assert float(ShowerEnergyLoss()(p, t, energy, OFFSETS)) != pytest.approx(unweighted, rel=1e-3)


def test_truth_has_no_loss_and_the_unit_of_energy_is_free(arrays):
    p, t, energy = arrays
    loss = ShowerEnergyLoss()
    assert loss(t, t, energy, OFFSETS) == 0
    torch.testing.assert_close(loss(p, t, 1000 * energy, OFFSETS), loss(p, t, energy, OFFSETS))


def test_gradient_is_that_of_the_equation(arrays):
    p, t, energy = arrays
    assert torch.autograd.gradcheck(lambda q: ShowerEnergyLoss()(q, t, energy, OFFSETS), p.clone().requires_grad_())


def test_an_event_without_one_of_the_showers_is_finite():
    target = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    loss = ShowerEnergyLoss()(torch.full((2, 2), 0.5), target, torch.ones(2), torch.tensor([0, 2]))
    assert float(loss) == pytest.approx(0.25)


def test_fractions_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"expected fractions of shape \(5, 2\), got \(5, 3\)"):
        ShowerEnergyLoss()(torch.zeros(5, 3), torch.zeros(5, 2), torch.ones(5), OFFSETS)
