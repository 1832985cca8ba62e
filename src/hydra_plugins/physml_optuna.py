"""The sweeper behind ``sweep=optuna``, where Hydra looks for sweepers; `physml.runs.search` does the work."""

import json
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from hydra.core.plugins import Plugins
from hydra.core.utils import JobStatus
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from physml.runs.check import did_you_mean


class OptunaSweeper(Sweeper):
    """Let Optuna choose the values of swept parameters, trial by trial.

    A parameter is swept as in Hydra's grammar: ``key=interval(1,10)``, ``key=tag(log,interval(1e-4,1e-2))``,
    ``key=tag(int,interval(16,256))``, ``key=range(1,10)``, ``key=choice(a,b)`` or ``key=a,b``. The same command in
    another process, also on another machine that sees the storage, takes part in the search; after an interruption it
    goes on with it.

    Args:
        trials: How many trials there are in all.
        storage: A journal ``….log``, or the URL of a database.
        study: Name of the search.
        sampler: An Optuna sampler, or what makes it from the ``search_space`` (a grid).
        pruner: An Optuna pruner.
        objectives: Such as ``maximize accuracy``, metrics by their names in ``results.json``; the best value of the
            monitored metric if there are none.
        params: Swept parameters besides those of the command line.
    """

    def __init__(
        self,
        trials: int,
        storage: str,
        study: str,
        sampler: Any,
        pruner: Any = None,
        objectives: Sequence[str] = (),
        params: Mapping[str, str] | None = None,
    ) -> None:
        self.trials, self.storage, self.study = trials, storage, study
        self.sampler, self.pruner = sampler, pruner
        self.objectives = _objectives(objectives)
        self.params = dict(params or {})

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Make what launches the trials."""
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Run trials until there are enough, and report.

        Raises:
            ValueError: Nothing is swept, a grid has an interval, the pruner cannot see the trials, or there is no such
                objective.
        """
        from rich.console import Console

        from physml.callbacks.pruning import TRIAL
        from physml.runs import search

        words = [*(f"{key}={value}" for key, value in self.params.items()), *arguments]
        overrides = OverridesParser.create(config_loader=self.hydra_context.config_loader).parse_overrides(words)
        swept = {each.get_key_element(): each for each in overrides if each.is_sweep_override()}
        fixed = [each.input_line for each in overrides if not each.is_sweep_override()]
        if not swept:
            raise ValueError("expected a parameter to search, as in: task.optimizer.lr=tag(log,interval(1e-4,1e-2))")
        launcher = self.config.hydra.runtime.choices["hydra/launcher"]
        if launcher != "basic" and self.pruner is not None and type(self.pruner).__name__ != "NopPruner":
            raise ValueError(
                f"a pruner cannot look into the processes that hydra/launcher={launcher} starts: "
                "add hydra/sweeper/pruner=none, and start the command several times to run trials beside each other"
            )
        space = {key: _distribution(override) for key, override in swept.items()}
        monitor = self.hydra_context.config_loader.load_sweep_config(self.config, fixed).monitor
        wanted = self.objectives or {monitor.name: f"{monitor.mode}imize"}
        sampler, count = self.sampler, self.trials
        if not hasattr(sampler, "sample_independent"):  # a grid, which is made from its values
            grid = {key: _values(override) for key, override in swept.items()}
            sampler, count = sampler(search_space=grid), min(count, prod(map(len, grid.values())))
        study = search.open_study(self.storage, self.study, list(wanted.values()), sampler, self.pruner)
        folder = Path(self.config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, folder / "multirun.yaml")
        while (trial := search.next_trial(study, space, count)) is not None:
            batch = [[*fixed, *(f"{key}={_word(value)}" for key, value in trial.params.items())]]
            self.validate_batch_is_legal(batch)
            token = TRIAL.set(trial)
            try:
                (done,) = self.launcher.launch(batch, initial_job_idx=trial.number)
            finally:
                TRIAL.reset(token)
            search.tell(study, trial, self._values(done), pruned=trial.user_attrs.get("pruned", False))
        Console().print(search.write_report(study, folder, list(wanted)))
        print(f"search directory: {folder}")

    def _values(self, done: Any) -> list[float] | None:
        """The objectives of a trial, None if its training failed or one of them is not a number."""
        if done.status == JobStatus.FAILED or done.return_value != done.return_value:  # NaN, where it was noted alone
            return None
        if not self.objectives:
            return None if done.return_value is None else [done.return_value]
        file = Path(done.cfg.run_dir) / "results.json"
        if not file.is_file():
            return None
        results = json.loads(file.read_text())
        known = {name: entry["value"] for name, entry in results["metrics"].items()} | results["logged"] | results
        if any(name in known and known[name] is None for name in self.objectives):  # as JSON has NaN
            return None
        if missing := [name for name in self.objectives if not isinstance(known.get(name), int | float)]:
            numbers = [name for name, value in known.items() if isinstance(value, int | float)]
            hint = did_you_mean(missing[0], numbers)
            raise ValueError(f"no objective {missing[0]!r} in results.json{hint}; there are {', '.join(numbers)}")
        return [float(known[name]) for name in self.objectives]


def _objectives(words: Sequence[str]) -> dict[str, str]:
    """Directions by the names of the objectives."""
    pairs = [word.split() for word in words]
    for pair in pairs:
        if len(pair) != 2 or pair[0] not in ("minimize", "maximize"):
            raise ValueError(
                f"hydra.sweeper.objectives: expected minimize NAME or maximize NAME, got {' '.join(pair)!r}: write "
                "[minimize test/loss,maximize accuracy]"
            )
    return {name: direction for direction, name in pairs}


def _distribution(override: Override) -> Any:
    """What Optuna draws a swept parameter from."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    sweep = override.value()
    if isinstance(sweep, IntervalSweep):
        log = "log" in sweep.tags
        if "int" in sweep.tags:
            return IntDistribution(int(sweep.start), int(sweep.end), log=log)
        return FloatDistribution(float(sweep.start), float(sweep.end), log=log)
    if isinstance(sweep, RangeSweep) and isinstance(sweep.range(), range) and not sweep.shuffle:
        values = sweep.range()
        return IntDistribution(values[0], values[-1], step=values.step)
    return CategoricalDistribution(_values(override))


def _values(override: Override) -> list[Any]:
    """All values of a swept parameter."""
    if not override.is_discrete_sweep():
        raise ValueError(
            f"{override.input_line}: a grid expected values, got an interval: write {override.get_key_element()}=a,b,c"
        )
    return list(override.sweep_string_iterator())


def _word(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
