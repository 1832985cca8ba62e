from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from physml.metrics.learnt_law import EvolutionError, FormulaError, modulus, worst_error, wrong_terms
from physml.ops.pointwise_evolution import beside_reference
from physml.physics import burgers

SOLVE = partial(beside_reference, substeps=10, waves=42)
INPUTS = ["u", "u_x", "u_xx"]


def solution():
    return burgers.sine(points=128, frames=10, substeps=40)


def law(viscosity):
    return lambda z: -z[:, :1] * z[:, 1:2] + viscosity * z[:, 2:]


def error(network, **options):
    metric = EvolutionError(solution, SOLVE, **options)
    metric.update({"network": SimpleNamespace(law=network, inputs=INPUTS), "formula": law(0.1)})
    assert metric.uncertainty() == 0
    return metric.compute().item()


def test_the_true_law_has_no_error_and_another_has():
    assert error(law(0.1)) < 2e-3  # of the shortest waves
    assert 0.01 < error(law(0.15)) < 0.5
    assert error(law(0.15), law="formula") < 2e-3


def test_only_times_until_the_last_one_count():
    found = EvolutionError(solution, SOLVE, until=2.0)
    found.update({"network": SimpleNamespace(law=law(0.2), inputs=INPUTS)})
    early, other = solution()["u"][:, :3], burgers.Burgers(0.2)
    interval = burgers.PeriodicInterval(-8.0, 8.0, 128)
    u = other.solve(interval, torch.from_numpy(early[:, 0].copy()), 1.0, 2, 40).numpy()
    assert found.compute().item() == pytest.approx(np.linalg.norm(u - early) / np.linalg.norm(early), rel=1e-3)


def test_a_wrong_phase_does_not_count_if_only_the_modulus_is_compared():
    truth = torch.tensor([[1.0 + 1.0j, 2.0j]])
    network = SimpleNamespace(law=None, inputs=INPUTS)
    for compared, expected in ((None, 2**0.5), (modulus, 0.0)):
        metric = EvolutionError(solution, lambda *_: (1j * truth, truth), compared=compared)
        metric.update({"network": network})
        assert metric.compute().item() == pytest.approx(expected)


def test_the_law_is_solved_once_in_a_pass_and_anew_in_the_next():
    solved, truth = [], torch.ones(2, 2, dtype=torch.float64)

    def solve(law, *_):
        solved.append(law)
        return law * truth, truth

    metric = EvolutionError(solution, solve)
    for pass_over_the_data in (1.5, 3.0):
        for _ in range(3):
            metric.update({"network": SimpleNamespace(law=pass_over_the_data, inputs=INPUTS)})
        assert metric.compute() == pass_over_the_data - 1
        metric.reset()
    assert solved == [1.5, 3.0]


def test_a_law_without_a_solution_has_no_error_either():
    assert np.isnan(error(lambda z: z[:, :1] ** 3))
    truth = torch.ones(2, 2, dtype=torch.float64)
    metric = EvolutionError(solution, lambda *_: (1e200 * truth, truth))
    metric.update({"network": SimpleNamespace(law=None, inputs=INPUTS)})
    assert metric.compute().isnan()


def test_a_formula_is_measured_by_its_terms():
    formula = SimpleNamespace(terms={"u_t: u u_x": -0.9, "u_t: u_xx": 0.105, "u_t: u": 0.3})
    for measure, expected in ((worst_error, 0.1), (wrong_terms, 1)):
        metric = FormulaError(["u_t: u u_x", "u_t: u_xx"], [-1.0, 0.1], measure)
        metric.update({"formula": formula})
        assert metric.compute().item() == pytest.approx(expected)
        assert metric.uncertainty() == 0


def test_a_law_on_another_device_is_solved_on_the_cpu():
    class Elsewhere(torch.nn.Module):
        place = "cuda"

        def cpu(self):
            self.place = "cpu"
            return self

        def forward(self, z):
            assert self.place == "cpu"
            return law(0.1)(z)

    network = Elsewhere()
    assert error(network) < 2e-3
    assert network.place == "cuda"
