"""Residuals of differential equations and their gradients by the weights, in several ways: same weights, same points.

reverse   autograd's backward passes over each other; each derivative is computed once (`physml.ops.derivatives`)
forward   torch.func: jvp in jvp, a nest for each derivative
jets      `physml.networks.field.Field`: Taylor arithmetic, its gradient written by hand; derivatives with constant
          coefficients are carried as one sum (`physml.constraints.equation_residual`)

``--compiled`` adds forward and jets as torch.compile makes them, which takes minutes; passes backward over each other
cannot be compiled. The loss is the mean squared residual of a network of 8 layers of 20 tanh. Times are of the
processor, over all threads, so that other work on the machine counts less; the ways take turns. The ratios are those of
the least and of the median times. Run:
``OMP_NUM_THREADS=1 python scripts/benchmarks/derivatives.py``
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from physml.constraints.equation_residual import EquationResidual
from physml.networks.field import Field
from physml.ops.derivatives import derivatives
from physml.ops.named import call
from physml.physics.allen_cahn import AllenCahn
from physml.physics.burgers import Burgers
from physml.physics.korteweg_de_vries import KortewegDeVries
from physml.physics.kuramoto_sivashinsky import KuramotoSivashinsky
from physml.physics.nonlinear_schrodinger import NonlinearSchrodinger
from physml.runs.quiet import quiet


@dataclass(frozen=True)
class Laplace:
    """Laplace's equation."""

    linear: ClassVar[tuple[str, ...]] = ("u_xx", "u_yy")

    def residual(self, u_xx: Tensor, u_yy: Tensor) -> Tensor:
        """Return the Laplacian."""
        return u_xx + u_yy


EQUATIONS = {
    "Burgers": (Burgers(0.01 / torch.pi), "tx", "u"),
    "Korteweg-de Vries": (KortewegDeVries(), "tx", "u"),
    "Kuramoto-Sivashinsky": (KuramotoSivashinsky(), "tx", "u"),
    "Schrodinger": (NonlinearSchrodinger(), "tx", "pq"),
    "Allen-Cahn": (AllenCahn(), "tx", "u"),
    "Laplace": (Laplace(), "xy", "u"),
}


@dataclass(frozen=True)
class Problem:
    """The residual of an equation for a field at points; for a complex one the field has real and imaginary part."""

    law: EquationResidual
    field: Field
    x: Tensor

    @property
    def names(self) -> list[str]:
        """The derivatives that the residual needs."""
        return [p + name[1:] for name in self.law.names for p in self.law.parts.get("u", ("u",))]

    def loss(self, found: dict[str, Tensor]) -> Tensor:
        """Return the mean squared residual."""
        if self.law.parts:
            found = {name: torch.complex(*(found[p + name[1:]] for p in "pq")) for name in self.law.names}
        return call(self.law.equation.residual, found).abs().square().mean()

    def values(self, x: Tensor) -> Tensor:
        """The field without jets, as a plain network."""
        field = self.field
        scale = 2 / (field.upper - field.lower)
        h = functional.linear(x, scale.diag(), -scale * (field.lower + field.upper) / 2)  # compiles also in nested jvp
        for layer in field.layers[:-1]:
            h = torch.tanh(functional.linear(h, layer.weight, layer.bias))
        return functional.linear(h, field.layers[-1].weight, field.layers[-1].bias)


def reverse(problem: Problem) -> Tensor:
    field = problem.field
    return problem.loss(derivatives(problem.values, problem.x, problem.names, field.variables, field.outputs))


def forward(problem: Problem) -> Tensor:
    field, functions = problem.field, {"": problem.values}
    directions = dict(zip(field.variables, torch.eye(len(field.variables)).to(problem.x), strict=True))

    def along(function: Callable[[Tensor], Tensor], direction: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda x: torch.func.jvp(function, (x,), (direction.expand_as(x).contiguous(),))[1]

    parts = [name.partition("_")[::2] for name in problem.names]
    for letters in {letters for _, letters in parts}:
        for place, letter in enumerate(letters):
            functions[letters[: place + 1]] = along(functions[letters[:place]], directions[letter])
    at = {letters: functions[letters](problem.x) for letters in {letters for _, letters in parts}}
    return problem.loss(
        {
            name: at[letters][:, field.outputs.index(output)]
            for name, (output, letters) in zip(problem.names, parts, strict=True)
        }
    )


def jets(problem: Problem) -> Tensor:
    return problem.law(problem.field, problem.x)


def gradient(way: Callable[[Problem], Tensor], problem: Problem) -> list[Tensor]:
    weights = [*problem.field.parameters()]
    return list(torch.autograd.grad(way(problem), weights, allow_unused=True, materialize_grads=True))


def compiled(way: Callable[[Problem], Tensor], problem: Problem) -> Callable[[Problem], Tensor] | None:
    """Compile a way for a problem, and say how long that took; None if torch fails at it."""
    torch.compiler.reset()  # or too many problems in turn are not compiled any more
    loss = torch.compile(lambda: way(problem))
    started = time.perf_counter()
    try:
        gradient(lambda _: loss(), problem)
    except RuntimeError as error:
        print(f"{way.__name__} is left out, as torch.compile fails: {' '.join(str(error).split())[:60]}", flush=True)
        return None
    print(f"{way.__name__} compiled in {time.perf_counter() - started:.0f} s", flush=True)
    return lambda _: loss()


def compare(name: str, points: int, double: bool, turns: int, compile_too: bool) -> None:
    equation, variables, outputs = EQUATIONS[name]
    torch.manual_seed(0)
    field = Field(list(variables), [0.0, -1.0], [1.0, 1.0], list(outputs), hidden=[20] * 8, double=double)
    parts = {"u": ("p", "q")} if outputs == "pq" else None
    law = EquationResidual(equation, variables, outputs, parts=parts).eval()
    problem = Problem(law, field, torch.rand(points, 2, dtype=field.lower.dtype))
    ways = {way.__name__: way for way in (reverse, forward, jets)}
    if compile_too:
        made = {f"{way.__name__}, compiled": compiled(way, problem) for way in (jets, forward)}
        ways |= {label: way for label, way in made.items() if way}
    expected = gradient(reverse, problem)
    scale = max(float(part.abs().max()) for part in expected)
    times: dict[str, list[float]] = {label: [] for label in ways}
    errors = {}
    for turn in range(turns + 1):  # the first warms up
        for label, way in ways.items():
            started = time.process_time()
            found = gradient(way, problem)
            if turn:
                times[label].append(1e3 * (time.process_time() - started))
            errors[label] = max(float((a - b).abs().max()) for a, b in zip(found, expected, strict=True)) / scale
    for label, spent in times.items():
        least, median = (pick(times["reverse"]) / pick(spent) for pick in (min, statistics.median))
        print(
            f"{name:<22}{label:<20}{min(spent):9.1f}{statistics.median(spent):9.1f} ms{least:8.2f}{median:8.2f}"
            f"{errors[label]:11.0e}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--equations", nargs="*", default=list(EQUATIONS), choices=EQUATIONS)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--double", action="store_true", help="in double precision")
    parser.add_argument("--turns", type=int, default=9, help="timed turns after one to warm up")
    parser.add_argument("--compiled", action="store_true", help="also as torch.compile makes them")
    arguments = parser.parse_args()
    quiet()
    print(
        f"{arguments.points} points, {'double' if arguments.double else 'single'} precision, "
        f"{torch.get_num_threads()} threads, torch {torch.__version__}, {arguments.turns} turns\n"
        f"{'equation':<22}{'way':<20}{'least':>9}{'median':>9}   {'reverse / way':>17}{'error':>10}"
    )
    for name in arguments.equations:
        compare(name, arguments.points, arguments.double, arguments.turns, arguments.compiled)


if __name__ == "__main__":
    main()
