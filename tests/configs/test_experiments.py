"""Every experiment and every choice of a config group, found at run time: a new one is tested by being there."""

import json
import os
import re
from functools import cache

import numpy as np
import pytest
import torch

import physml
from physml.cli.compose import compose_config
from physml.runs.build import build
from physml.runs.check import problems
from physml.runs.configs import config_directory
from physml.runs.evaluate import evaluate
from physml.runs.files import write_arrays
from physml.runs.predict import predict


def choices(group):
    folder = config_directory() / group
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml"))


EXPERIMENTS = [name for name in choices("experiment") if name != "none"]
HIDDEN = [path for path in choices("experiment") if path.startswith("paper/raissi2018_")]
FIELDS = [path for path in choices("experiment") if path.startswith("paper/raissi2019_")]
FIELDS += ["helmholtz", "poisson", "wave"]
RIVALS = {
    "paper/brunton2016_lorenz": ["task.network.degree=2"],  # an MLP has no terms
    "paper/champion2019_lorenz": ["task.constraints.rate.weight=0"],  # a plain autoencoder: an MLP has no law
    # An untrained MLP's numbers of animals are negative, where there is no conserved quantity.
    "paper/chen2018_lotka_volterra": ["network=mlp", "~task.test_metrics.energy_error"],
    "burgers_soft": ["+task.network.hidden=[8]"],  # an MLP has no jets
    **{name: ["++task.network.hidden=[8]"] for name in FIELDS},
    "paper/raissi2019_allen_cahn": [
        "++task.network.hidden=[8]",
        "network=marching_field",
        "+task.network.windows=2",
        "callbacks=[default,time_marching]",
    ],
    "paper/raissi2019_burgers_identification": [
        "+task.network.embedding={_target_: physml.networks.embeddings.FourierFeatures, variables: 2, waves: 1}"
    ],
    "paper/raissi2019_cylinder_wake": ["task.network.hidden=[3]"],
    **{name: ["task.network.field.hidden=[8]"] for name in HIDDEN},  # an MLP has no law
    "moons_flow": ["network=gaussian"],  # an MLP's output is no normalised density
    "paper/qasim2019_gravnet": ["network=mlp", "callbacks.figures.plots.space=null"],  # an MLP learns no space
}
FEW = ["data.train=32", "data.validation=16", "data.test=16", "data.batch_size=8", "trainer=smoke", "logger=csv"]
COARSE = ["++data.source.solution.points=64", "++data.source.solution.frames=40"]  # solutions of learnt laws
COARSE_OTHER = [
    f"++task.test_metrics.{metric}.solution.{size}"
    for metric in ("evolution_error_other", "formula_error_other")
    for size in ("points=64", "frames=40")
]
# Where the events of FEW are too long.
SHORT = {
    "paper/sanchezgonzalez2020_water": [
        "data.test_source.horizon=5",
        "data.test_source.frames=20",
        *(f"task.test_metrics.rollout_error_{frames}.values.steps=5" for frames in (20, 100)),
    ],
    "paper/brunton2016_lorenz": ["data.source.samples=500"],
    "paper/champion2019_lorenz": ["task.repeats=1"],
    # Numbers of animals stay positive, as the conserved quantity needs them.
    "paper/chen2018_lotka_volterra": ["data.test_source.simulate.steps=5", "task.optimizer.lr=1e-4"],
    "paper/greydanus2019_spring": ["+callbacks.figures.plots.motion.periods=2"],
    "paper/greydanus2019_pendulum": ["+callbacks.figures.plots.motion.periods=2"],
    "paper/greydanus2019_two_body": ["+callbacks.figures.plots.motion.periods=2"],
    "paper/greydanus2019_three_body": ["data.test_source.simulate.steps=4", "task.test_arrays.motion.substeps=1"],
    "paper/cranmer2020_double_pendulum": ["data.test_source.simulate.steps=10"],
    **{name: ["+task.repeats=1"] for name in FIELDS},
    # With more residuals than weights: else the standard errors, and with them the results, are no numbers.
    "paper/raissi2019_burgers_identification": ["+task.repeats=1", "task.network.hidden=[3]", "data.batch_size=16"],
    # The flow on few circles and not for long; all of it at one time, for the figure.
    "paper/raissi2019_cylinder_wake": [
        "+task.repeats=1",
        "task.network.hidden=[3]",
        *(f"+data.test_source.solution.{size}" for size in ("points=128", "frames=1", "start=1", "settle=1")),
        *(f"data.{size}" for size in ("train=5000", "validation=2500", "test=5000", "batch_size=2500")),
    ],
    **{name: ["++task.repeats=1", *COARSE] for name in HIDDEN},
    "paper/raissi2018_burgers": ["+task.repeats=1", *COARSE, *COARSE_OTHER],
    "paper/raissi2018_kdv": ["task.repeats=1", *COARSE, *COARSE_OTHER],
}
SOLVED = ["paper/brunton2016_lorenz"]  # in one step, with the last batch


@cache
def words(name, rival):
    return (f"experiment={name}", *(RIVALS.get(name, ["network=mlp"]) if rival else []))


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("rival", [False, True], ids=["network", "rival"])
def test_it_trains_reloads_evaluates_and_predicts_to_the_same_numbers(trained, tmp_path, name, rival):
    run = trained(*words(name, rival), *FEW, *SHORT.get(name, []))
    results = json.loads((run / "results.json").read_text())
    assert results["steps"] == (1 if name in SOLVED else 2)
    assert results["metrics"]
    assert all(entry["unit"] is not None for entry in results["metrics"].values())

    again = evaluate(compose_config("eval", [f"run={run}", "trainer=smoke"]))
    assert again.keys() == results["metrics"].keys()
    for metric, entry in results["metrics"].items():
        entry["value"] = np.nan if entry["value"] is None else entry["value"]  # JSON knows no NaN
        np.testing.assert_equal(again[metric], entry, err_msg=metric)

    task = physml.load(run)
    data = build(task.hparams["data"])
    arrays = data.split("test")
    write_arrays(tmp_path / "events.npz", {**arrays.events, **arrays.points, **_offsets(arrays)})
    whole = arrays[slice(None)]
    with torch.inference_mode():
        expected = task.predict_step(whole, 0)
    found = predict(task, tmp_path / "events.npz", batch_size=5)
    assert found.keys() == expected.keys()
    for array in expected:
        np.testing.assert_allclose(found[array], expected[array].numpy(), rtol=1e-4, atol=1e-5, err_msg=array)
    if not rival:
        plots = task.hparams["callbacks"]["figures"].get("plots") or {}
        drawn = {plot for plot, function in plots.items() if function}
        assert {path.stem for path in (run / "figures").iterdir()} == {*drawn, "learning_curves"}


def _offsets(arrays):
    return {} if arrays.offsets is None else {"offsets": arrays.offsets}


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("rival", [False, True], ids=["network", "rival"])
def test_at_full_size_it_passes_the_check(name, rival):
    config = compose_config("train", [*words(name, rival)])
    assert problems(config) == []
    assert config["name"] == name.rpartition("/")[2]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_its_file_is_short_and_says_what_is_learnt(name):
    lines = (config_directory() / "experiment" / f"{name}.yaml").read_text().splitlines()
    assert len(lines) <= 45
    assert lines[0] == "# @package _global_"
    comment = " ".join(line for line in lines[1:6] if line.startswith("#"))
    assert re.search(r"About \d+ (s|min) on 2 cores", comment)


GROUPS = sorted(
    (folder.name, name)
    for folder in config_directory().iterdir()
    if folder.is_dir() and folder.name not in ("experiment", "system", "task")
    for name in choices(folder.name)
)
# Where a choice makes sense only with others.
COMPANIONS = {
    ("data", "file"): ["experiment=none", "network=mlp", "data.path=a.npz", "data.in_shape=[3]", "data.out_shape=[2]"],
    ("data", "stream"): [
        "experiment=none",
        "network=mlp",
        "data=stream",
        "data.path=a.h5",
        "data.in_shape=[3]",
        "data.out_shape=[2]",
    ],
    ("data", "shower_files"): ["data=shower_files", "data.path=a.h5"],
    ("network", "cnn"): ["experiment=galaxy_cnn"],
    ("network", "sparse_dynamics"): ["experiment=paper/brunton2016_lorenz"],
    ("task", "sparse_regression"): ["experiment=paper/brunton2016_lorenz"],
    ("network", "sindy_autoencoder"): ["experiment=paper/champion2019_lorenz"],
    ("task", "sindy_autoencoder"): ["experiment=paper/champion2019_lorenz"],
    ("loss", "reconstruction"): ["experiment=paper/champion2019_lorenz"],
    ("data", "scattered"): ["experiment=paper/raissi2018_burgers"],
    ("network", "hidden_physics"): ["experiment=paper/raissi2018_burgers"],
    ("task", "hidden_physics"): ["experiment=paper/raissi2018_burgers"],
    ("network", "field"): ["experiment=paper/raissi2019_burgers"],
    ("network", "marching_field"): ["experiment=paper/raissi2019_allen_cahn", "network=marching_field"],
    ("callbacks", "time_marching"): ["callbacks=[default,time_marching]"],
    ("network", "stream_function"): ["experiment=paper/raissi2019_cylinder_wake"],
    ("loss", "burgers"): ["experiment=burgers_soft"],
    ("task", "least_squares"): ["experiment=paper/raissi2019_burgers"],
    ("optimizer", "none"): ["experiment=paper/brunton2016_lorenz"],
    ("network", "rnn"): ["experiment=pendulum_rnn"],
    ("callbacks", "ema"): ["callbacks=[default,ema]"],
    ("callbacks", "early_stopping"): ["callbacks=[default,early_stopping]"],
    ("logger", "csv"): ["logger=[csv]"],
}


@pytest.mark.parametrize(("group", "name"), GROUPS, ids=[f"{group}-{name}" for group, name in GROUPS])
def test_each_choice_of_a_group_composes_and_passes_the_check(group, name):
    base = COMPANIONS.get((group, name), [])
    if group == "constraint" and name != "none":
        base = ["experiment=none", "network=mlp", f"+constraint@task.constraints.mine={name}"]
    elif group == "importance":
        base = ["experiment=wave", f"+importance@task.constraints.wave.importance={name}"]
    elif group == "hydra":  # a sweeper, or a part of one
        base = ["sweep=optuna", *([f"hydra/{'='.join(name.rsplit('/', 1))}"] if name != "sweeper/optuna" else [])]
    elif not any(word.startswith(f"{group}=") for word in base):
        base = [*base, f"{group}={name}"]
    if group == "data" and (group, name) not in COMPANIONS:
        base += ["experiment=none", "network=mlp"]
    assert problems(compose_config("train", base)) == []


@pytest.mark.parametrize("name", choices("system"))
def test_each_system_has_a_description(name):
    first, second, *_ = (config_directory() / "system" / f"{name}.yaml").read_text().splitlines()
    assert first == "# @package system"
    assert second.startswith("# ")


def test_no_config_names_a_place_of_this_machine():
    for path in config_directory().rglob("*.yaml"):
        text = path.read_text()
        assert os.path.expanduser("~") not in text
        assert "/work/" not in text
