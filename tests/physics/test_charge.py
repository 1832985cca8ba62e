"""Charge is conserved where it is by exact waves, also in a potential; not by waves that are damped."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from physml.ops.grid_residual import grid_residual
from physml.physics.charge import ChargeContinuity
from physml.physics.nonlinear_schrodinger import NonlinearSchrodinger

X, T = np.linspace(-4, 4, 201), np.linspace(0.1, 0.6, 161)


def solitons(damping=0.0):
    x, t = torch.from_numpy(X)[:, None], torch.from_numpy(T)
    return (NonlinearSchrodinger().bound_solitons(x, t) * torch.exp(-damping * t)).numpy()


def oscillator():
    """A coherent state in V = -x²/2: neither its potential nor its current is zero."""
    x, t = X[:, None], T
    place, speed = np.cos(t), -np.sin(t)
    action = -t / 2 - speed * place / 2 + speed * x
    return np.exp(-((x - place) ** 2) / 2 + 1j * action)


@dataclass(frozen=True)
class WrongFactor(ChargeContinuity):
    """The current is twice as large."""

    def residual(self, u, u_t, u_xx):
        return super().residual(u, u_t, 2 * u_xx)


@pytest.mark.parametrize("wave", [solitons, oscillator])
def test_it_holds_for_exact_waves_and_a_wrong_factor_is_found(wave):
    fields, axes = {"u": wave()}, {"x": X, "t": T}
    assert grid_residual(ChargeContinuity().residual, fields, axes).holds
    assert not grid_residual(WrongFactor().residual, fields, axes).holds


def test_a_damped_wave_loses_charge():
    assert not grid_residual(ChargeContinuity().residual, {"u": solitons(damping=0.1)}, {"x": X, "t": T}).holds


def test_it_is_the_rate_of_change_of_the_density_and_the_slope_of_the_current():
    torch.manual_seed(0)
    u, u_t, u_x, u_xx = torch.randn(4, 5, dtype=torch.complex128)
    density = (u.conj() * u_t + u * u_t.conj()).real
    slope = (u_x.conj() * u_x + u.conj() * u_xx).imag
    torch.testing.assert_close(ChargeContinuity().residual(u, u_t, u_xx), density + slope)
