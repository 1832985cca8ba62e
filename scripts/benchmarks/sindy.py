"""Sparse regression against pysindy: the Lorenz equations from the same 100 000 samples, side by side in one run.

(a) derivatives measured with noise 0.1: sequentially thresholded least squares of both, which is the same algorithm
(b) states alone, measured with noise 0.1: pysindy with its smoothed differences, physml in weak form and refined

Both have the same library, all monomials up to degree 5, and the same threshold. pysindy is no dependency: ``pip
install pysindy``. Seconds are processor time. Run: ``python scripts/benchmarks/sindy.py``
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from physml.data.lorenz import LorenzSource
from physml.metrics.sparse_dynamics import relative_error, true_coefficients, worst_error, wrong_terms
from physml.networks.sparse_dynamics import SparseDynamics
from physml.ops.multiple_shooting import multiple_shooting
from physml.ops.sparse_regression import condense, stlsq
from physml.physics.lorenz import Lorenz
from physml.tasks.sparse_regression import measured_derivatives, weak_form

DT, THRESHOLD, PIECES, SAMPLES = 1e-3, 0.025, 20, 5000
LIBRARY = SparseDynamics(["x", "y", "z"], degree=5)


def draw(seed: int, **noise: float) -> dict[str, Tensor]:
    return LorenzSource(samples=SAMPLES, dt=DT, **noise)(PIECES, np.random.default_rng(seed)).events


def regression(arrays: dict[str, Tensor]) -> Tensor:
    return stlsq(condense([measured_derivatives(LIBRARY, arrays)]), THRESHOLD)


def weak(arrays: dict[str, Tensor]) -> Tensor:
    return stlsq(condense([weak_form(LIBRARY, arrays, dt=DT)]), THRESHOLD)


def refined(arrays: dict[str, Tensor]) -> Tensor:
    return multiple_shooting(arrays["x"], LIBRARY.powers, weak(arrays), DT, window=250).coefficients


def pysindy(arrays: dict[str, Tensor], derivatives: bool) -> Tensor:
    import pysindy as rival

    model = rival.SINDy(
        optimizer=rival.STLSQ(threshold=THRESHOLD, alpha=0.0, max_iter=100),
        feature_library=rival.PolynomialLibrary(degree=5),
        differentiation_method=rival.SmoothedFiniteDifference(),
    )
    x, v = (array.flatten(0, 1).numpy() for array in (arrays["x"], arrays["y"]))  # the pieces follow each other
    model.fit(x, t=DT, x_dot=v if derivatives else None)
    return torch.from_numpy(model.coefficients()).T


def row(name: str, solve: Callable[[dict[str, Tensor]], Tensor], arrays: dict[str, Tensor]) -> list[str]:
    """Return what a way finds and takes, as it is printed."""
    started = time.process_time()
    with torch.no_grad():
        found = solve(arrays)
    seconds, truth = time.process_time() - started, true_coefficients(Lorenz(), LIBRARY)
    missing = bool(((found == 0) & (truth != 0)).any())
    worst = "a term is missing" if missing else f"{float(worst_error(found, truth)):.1e}"
    return [
        name,
        f"{int(wrong_terms(found, truth))}",
        f"{float(relative_error(found, truth)):.1e}",
        worst,
        f"{seconds:.2f} s",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of the noise")
    options = parser.parse_args()
    problems = {
        "derivatives measured, noise 0.1": (
            draw(options.seed, derivative_noise=0.1),
            {"physml": regression, "pysindy": lambda arrays: pysindy(arrays, derivatives=True)},
        ),
        "states measured, noise 0.1": (
            draw(options.seed, state_noise=0.1),
            {
                "physml, weak form": weak,
                "physml, refined": refined,
                "pysindy, smoothed differences": lambda arrays: pysindy(arrays, derivatives=False),
            },
        ),
    }
    for title, (arrays, ways) in problems.items():
        shown = Table(title=title)
        for name in ("way", "wrong terms", "error", "of the worst coefficient", "time"):
            shown.add_column(name, justify="left" if name == "way" else "right")
        for name, solve in ways.items():
            shown.add_row(*row(name, solve, arrays))
        Console(width=120).print(shown)


if __name__ == "__main__":
    main()
