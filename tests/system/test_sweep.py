"""A sweep trains once for each value, in a folder of its own."""

import json

import torch
import yaml


def weights(run):
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


def test_two_seeds_give_two_runs_with_different_weights(command, toy, tmp_path):
    done = command("train", "-m", "seed=1,2", *toy, "trainer=smoke")
    assert done.code == 0, done.err
    (sweep,) = (tmp_path / "runs" / "sweeps").iterdir()
    runs = sorted(path for path in sweep.iterdir() if path.is_dir())
    assert [run.name.rpartition("_")[0] for run in runs] == ["0_toy", "1_toy"]
    for run, seed in zip(runs, (1, 2), strict=True):
        assert yaml.safe_load((run / "config.yaml").read_text())["seed"] == seed
        assert f"seed={seed}" in yaml.safe_load((run / "overrides.yaml").read_text())
        assert json.loads((run / "results.json").read_text())["steps"] == 2
    first, second = map(weights, runs)
    assert not any(torch.equal(value, second[name]) for name, value in first.items())


def test_a_sweep_by_config(command, toy, tmp_path):
    done = command("train", *toy, "trainer=smoke", "sweep=seeds", "hydra.sweeper.params.seed='3,4'")
    assert done.code == 0, done.err
    runs = sorted(path for path in (tmp_path / "runs" / "sweeps").rglob("results.json"))
    assert len(runs) == 2
