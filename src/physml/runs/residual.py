"""Whether the laws of an experiment hold for what is known to obey them, before anything is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

from physml.ops.grid_conditions import grid_conditions
from physml.ops.grid_residual import ACCURATE, GridResidual, grid_residual
from physml.ops.named import call, parameters
from physml.runs.build import build

Solution = Mapping[str, np.ndarray]  # coordinates and components by their symbols

EVENTS = 64  # are enough to tell whether a law holds
PERTURBATION = 0.1  # of the targets' spread, added to all of them: noise would average out of the sums in the laws
PART = 0.01  # of the perturbed targets' Ω, which is quadratic: a tenth of the perturbation is noticed
LARGEST = 1e-4  # Ω is in units of the law's own scale, squared: a hundredth of the scale; rounding in float32 is below
SLOPE = 1e-3  # of the largest one: at the end of a grid, splines tell slopes less well


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
    """Return what is found about each constraint of a training's config, and about its hard conditions.

    An equation gets the reference solution of the test data; any other constraint gets the targets of a few events,
    drawn without the noise of measurements, as if they were a perfect prediction.

    Args:
        config: The resolved and checked config, as plain data.

    Raises:
        ValueError: Something in the config or the data does not fit.
    """
    nodes = config["task"].get("constraints") or {}
    laws: dict[str, nn.Module] = {name: build(node) for name, node in nodes.items() if node}
    equations = {name: law for name, law in laws.items() if hasattr(law, "equation")}
    conditions = (config["task"].get("network") or {}).get("conditions")
    solution = _solution(config["data"]) if equations or conditions else None
    batch = _batch(config["data"]) if len(laws) > len(equations) else {}
    found = [
        _judge_equation(name, law, solution) if name in equations else _judge_prediction(name, law, batch)
        for name, law in laws.items()
    ]
    if conditions:
        found.append(_judge_conditions(build(conditions), config["task"]["network"], solution))
    return found


def _judge_equation(name: str, law: nn.Module, solution: Solution | None) -> Finding:
    if any(weights.requires_grad for weights in law.parameters()):
        return Finding(name, None, "the equation has coefficients that are to be learnt")
    if reason := _unusable(solution, law.outputs, law.variables):
        return Finding(name, None, reason)
    found = grid_residual(law.equation.residual, *_fields_and_axes(solution, law.outputs, law.variables))
    if not found.resolved:
        blur = f"between all points and every second one its terms differ by {100 * found.blur:.0f} %"
        return Finding(name, None, f"the reference solution's grid does not resolve it: {blur}")
    numbers = (
        f"solution {found.value:.1e}, perturbed {found.perturbed:.1e}, tolerance {found.tolerance:.1e} of the largest "
        f"term, order {found.order:.1f}"
    )
    return Finding(name, found.holds, numbers + ("" if found.holds else f": {_reason(found)}"))


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


def _judge_conditions(conditions: Any, network: Mapping[str, Any], solution: Solution | None) -> Finding:
    name, outputs, variables = "conditions", network.get("outputs", ["u"]), network["variables"]
    if reason := _unusable(solution, outputs, variables):
        return Finding(name, None, reason)
    found = grid_conditions(conditions, *_fields_and_axes(solution, outputs, variables), variables)
    if not found.value >= 0:
        return Finding(name, None, "no point of the reference solution's grid lies where they hold")
    numbers = (
        f"solution {found.value:.1e}, its slope {found.slope:.1e}, perturbed {found.perturbed:.1e}, "
        f"tolerance {ACCURATE:.1e} of the largest value, {SLOPE:.1e} of the largest slope"
    )
    reason = ""
    if not found.value <= ACCURATE:
        reason = ": where g vanishes, a is not the solution: mend a or g"
    elif not found.slope <= SLOPE:
        reason = ": where g and its slope vanish, the slope of a is not the solution's: mend a or g"
    elif not found.perturbed > ACCURATE:
        reason = ": the perturbed solution passes as well: let g vanish where the solution is known"
    return Finding(name, not reason, numbers + reason)


def _judge_prediction(name: str, law: nn.Module, batch: Mapping[str, Tensor]) -> Finding:
    if "network" in parameters(law):
        return Finding(name, None, "it acts on the network itself, whatever the data are")
    if "y" not in batch:
        return Finding(name, None, "the data have no targets y to take for a perfect prediction")
    target = batch["y"]
    if not target.is_floating_point():
        return Finding(name, None, "the targets are classes, not predictions")

    def penalty(prediction: Tensor) -> float:
        arrays = {**batch, "prediction": prediction, "input": prediction, "target": target}
        try:
            return float(call(law, arrays))
        except (RuntimeError, TypeError, IndexError) as error:
            raise ValueError(f"{name} does not fit the data: {' '.join(str(error).split())[:300]}") from error

    value, wrong = penalty(target), penalty(target + PERTURBATION * target.std())
    tolerance = min(LARGEST, PART * wrong)
    reason = ""
    if not value <= tolerance:
        reason = ": the targets break the law: mend it, its parameters or the data"
    elif not wrong > tolerance:
        reason = ": the perturbed targets pass as well: the law is blind to them"
    return Finding(name, not reason, f"target {value:.1e}, perturbed {wrong:.1e}, tolerance {tolerance:.1e}{reason}")


def _batch(data: Mapping[str, Any]) -> Mapping[str, Tensor]:
    """Return a few events of the validation data, without the noise of measurements, which no law survives."""
    few = {split: min(data[split], EVENTS) for split in ("train", "validation", "test") if split in data}
    source = data.get("source")
    if isinstance(source, dict) and "noise" in source:
        few["source"] = {**source, "noise": 0.0}
    module = build({**data, **few})
    module.prepare_data()
    module.setup("fit")
    return next(iter(module.val_dataloader()))


def _solution(data: Mapping[str, Any]) -> Solution | None:
    """Return the reference solution of the data, by its symbols."""
    node = (data.get("test_source") or {}).get("solution")
    return build(node)() if node else None


def _unusable(solution: Solution | None, outputs: Sequence[str], variables: Sequence[str]) -> str:
    """Return why a field cannot be compared with the reference solution; nothing if it can."""
    if solution is None:
        return "the data have no reference solution: data.test_source.solution would give one"
    missing = [name for name in (*outputs, *variables) if name not in solution]
    return f"the reference solution has {', '.join(solution)}, but no {', '.join(missing)}" if missing else ""


def _fields_and_axes(solution: Solution, outputs: Sequence[str], variables: Sequence[str]) -> tuple[Solution, Solution]:
    """Take a solution apart; it has its coordinates in the order of the dimensions."""
    fields = {name: solution[name] for name in outputs}
    return fields, {name: array for name, array in solution.items() if name in variables}
