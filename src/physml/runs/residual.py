"""Whether the laws of an experiment hold for what is known to obey them, before anything is trained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from physml.ops.grid_conditions import grid_conditions
from physml.ops.grid_interpolation import grid_interpolation
from physml.ops.grid_residual import GridResidual, grid_residual, perturbed
from physml.ops.named import call, parameters
from physml.runs.build import build
from physml.runs.errors import NotJudged
from physml.runs.evidence import Evidence

PERTURBATION = 0.1  # of the targets' spread: noise would average out of the sums in the laws
PART = 0.01  # of the perturbed Ω, which is quadratic: a tenth of the perturbation is noticed
LARGEST = 1e-4  # Ω is in units of the law's own scale, squared: a hundredth of the scale; rounding in float32 is below
CONDITION = 1e-3  # of the largest value, and of the largest slope: a condition may round a kink of the solution


@dataclass(frozen=True)
class Finding:
    """What the check found about one law.

    Args:
        law: Its name.
        holds: Whether it holds for what obeys it, and not for what is perturbed; None where that could not be judged.
        text: The numbers, or why there are none.
    """

    law: str
    holds: bool | None
    text: str

    def __str__(self) -> str:
        """The finding in one line."""
        return f"{self.law}: {'not judged: ' if self.holds is None else ''}{self.text}"


def findings(config: Mapping[str, Any]) -> list[Finding]:
    """Return what is found about each constraint of a training's config, and about the hard conditions of its field.

    An equation, which may also be the loss, and the conditions of a field get the reference solution of the test data.
    Where that is too rough to tell an equation's terms, the equation's ``exact_solution`` takes its place, if it has
    one. Any other constraint gets the targets of a few events, as if they were a perfect prediction.

    Args:
        config: The resolved and checked config, as plain data.

    Raises:
        ValueError: Something in the config or the data does not fit.
    """
    task, evidence = config["task"], Evidence(config["data"])
    nodes = {"loss": task["loss"], **(task.get("constraints") or {})}
    laws: dict[str, nn.Module] = {name: build(node) for name, node in nodes.items() if node}
    network = task.get("network") or {}
    judges: dict[str, Callable[[], tuple[bool, str]]] = {}
    for name, law in laws.items():
        if hasattr(law, "equation"):
            judges[name] = lambda law=law: _judge_equation(law, evidence)
        elif name != "loss" and "network" in parameters(law):
            judges[name] = lambda law=law: _judge_field(law, network, evidence)
        elif name != "loss":
            judges[name] = lambda law=law: _judge_prediction(law, evidence)
    if network.get("conditions"):
        judges["conditions"] = lambda: _judge_conditions(network, evidence)
    return [_finding(name, judge) for name, judge in judges.items()]


def _finding(name: str, judge: Callable[[], tuple[bool, str]]) -> Finding:
    try:
        return Finding(name, *judge())
    except NotJudged as reason:
        return Finding(name, None, str(reason))
    except (RuntimeError, TypeError, IndexError) as error:
        raise ValueError(f"{name} does not fit the data: {' '.join(str(error).split())[:300]}") from error


def _judge_equation(law: nn.Module, evidence: Evidence) -> tuple[bool, str]:
    truth = dict(getattr(law.unknown, "truth", {}))
    if not truth and any(weights.requires_grad for weights in law.parameters()):
        raise NotJudged("the equation has coefficients that are to be learnt")
    read = [name.partition("_")[0] for name in parameters(law.equation.residual) if name not in truth]
    fields, axes = evidence.on_grid(
        list(dict.fromkeys(name for name in read if name not in law.variables)), law.variables
    )
    found, by = grid_residual(law.equation.residual, fields, axes, truth), "solution"
    if not found.resolved and hasattr(law.equation, "exact_solution"):
        exact = _exact(law.equation, fields, axes)
        found, by = (
            grid_residual(law.equation.residual, exact, axes, truth),
            "exact solution, as the reference is rough,",
        )
    if not found.resolved:
        raise NotJudged(
            "the reference solution's grid does not resolve the equation: between all points and every second one its "
            f"terms differ by {100 * found.blur:.0f} %"
        )
    numbers = (
        f"{by} {found.value:.1e}, perturbed {found.perturbed:.1e}, tolerance {found.tolerance:.1e} of the largest "
        f"term, order {found.order:.1f}"
    )
    return found.holds, numbers + ("" if found.holds else f": {_reason(found)}")


def _exact(equation: Any, fields: Mapping[str, Any], axes: Mapping[str, Any]) -> dict[str, Any]:
    """An equation's solution in closed form at the points of a grid, in the place of its only field."""
    (name,) = fields
    points = np.meshgrid(*axes.values(), indexing="ij", sparse=True)
    return {name: equation.exact_solution(**dict(zip(axes, map(torch.from_numpy, points), strict=True))).numpy()}


def _reason(found: GridResidual) -> str:
    if found.vanishes:
        return "the perturbed solution passes as well: the residual lacks a term, or its coefficients vanish"
    if found.suspect:
        return (
            f"the term with {found.suspect} would have to be multiplied by {found.factor:.3g}: mend its sign or factor"
        )
    if found.value <= found.tolerance:
        return "the residual does not fall as the grid is refined: mend the equation or the solution"
    return "the solution does not obey the equation: mend a sign, a factor or a missing term, or the solution"


def _judge_conditions(network: Mapping[str, Any], evidence: Evidence) -> tuple[bool, str]:
    fields, axes = evidence.outputs(_outputs(network), network["variables"])
    found = grid_conditions(build(network["conditions"]), fields, axes, network["variables"])
    if not found.value >= 0:
        raise NotJudged("no point of the reference solution's grid lies where they hold")
    numbers = (
        f"solution {found.value:.1e}, its slope {found.slope:.1e}, perturbed {found.perturbed:.1e}, tolerance "
        f"{CONDITION:.1e} of the largest value and slope"
    )
    reason = ""
    if not found.value <= CONDITION:
        reason = ": where g vanishes, a is not the solution: mend a or g"
    elif not found.slope <= CONDITION:
        reason = ": where g and its slope vanish, the slope of a is not the solution's: mend a or g"
    elif not found.perturbed > CONDITION:
        reason = ": the perturbed solution passes as well: let g vanish where the solution is known"
    return not reason, numbers + reason


def _outputs(network: Mapping[str, Any]) -> list[str]:
    """The names of a field's outputs; those of a network that names none are one, u."""
    return list(getattr(build(network), "outputs", ["u"])) if network else ["u"]


def _judge_field(law: nn.Module, network: Mapping[str, Any], evidence: Evidence) -> tuple[bool, str]:
    """Judge a law that reads the values of a field at points, such as a soft condition."""
    if any(required and name not in ("network", "x", "y") for name, required in parameters(law).items()):
        raise NotJudged("it acts on the network itself, whatever the data are")
    variables = network.get("variables", [])
    fields, axes = evidence.outputs(_outputs(network), variables)
    arrays = dict(evidence.batch) if {"x", "y"} & set(parameters(law)) else {}

    def penalty(values: Mapping[str, Any]) -> float:
        try:
            return float(call(law, {**arrays, "network": grid_interpolation(values, axes, variables)}))
        except AttributeError as error:
            raise NotJudged("it reads more of the network than its values") from error

    return _compared("solution", penalty(fields), penalty(perturbed(fields, axes)))


def _judge_prediction(law: nn.Module, evidence: Evidence) -> tuple[bool, str]:
    batch = evidence.batch
    if "y" not in batch:
        raise NotJudged("the data have no targets y to take for a perfect prediction")
    target = batch["y"]
    if not target.is_floating_point():
        raise NotJudged("the targets are classes, not predictions")

    def penalty(prediction: Tensor) -> float:
        try:
            return float(call(law, {**batch, "prediction": prediction, "input": prediction, "target": target}))
        except AttributeError as error:
            if not isinstance(error.obj, Tensor):  # a mistake in the law itself
                raise
            raise NotJudged("it reads more of the prediction than an array like the targets") from error

    # A shift of all bodies leaves their angular momentum about their centre alone, an uneven one may leave a sum alone.
    shift = PERTURBATION * target.std()
    uneven = shift * torch.linspace(-1, 1, target.shape[-1])
    return _compared("target", penalty(target), max(penalty(target + shift), penalty(target + uneven)))


def _compared(exact: str, value: float, wrong: float) -> tuple[bool, str]:
    """Compare Ω of what obeys the law with that of what is perturbed."""
    tolerance = min(LARGEST, PART * wrong)
    reason = ""
    if not value <= tolerance:
        reason = f": the {exact} breaks the law: mend it, its parameters or the data"
    elif not wrong > tolerance:
        reason = f": the perturbed {exact} passes as well: the law is blind to it"
    return not reason, f"{exact} {value:.1e}, perturbed {wrong:.1e}, tolerance {tolerance:.1e}{reason}"
