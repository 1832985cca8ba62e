"""Two processes train as one: one run directory, each event once."""

import json

import numpy as np
import torch
import yaml


def state(run):
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)


def test_two_processes_share_the_events_of_one_run(process, command, toy, toy_file, tmp_path):
    # An odd number of test events: nobody pads, nobody repeats one.
    with np.load(toy_file) as archive:
        np.savez(tmp_path / "odd.npz", x=archive["x"][:73], y=archive["y"][:73])
    words = [f"data.path={tmp_path / 'odd.npz'}", "data.batch_size=4", "optimizer=sgd"]
    both = process("train", *toy, *words, "trainer=ddp_cpu", "trainer.log_every_n_steps=1", folder=tmp_path)
    assert both.code == 0, both.err
    assert both.err == ""
    (run,) = (tmp_path / "runs" / "toy").iterdir()
    assert run == both.run_dir
    results = json.loads((run / "results.json").read_text())
    # 58 training events make 7 steps of 2 × 4.
    assert results["steps"] == 14
    assert results["test_events"] == 7
    assert yaml.safe_load((run / "config.yaml").read_text())["trainer"]["devices"] == 2

    alone = command("train", *toy, *words, "data.batch_size=8")
    assert alone.code == 0, alone.err
    expected = state(alone.run_dir)["state_dict"]
    for name, value in state(run)["state_dict"].items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-6)
    reference = json.loads((alone.run_dir / "results.json").read_text())
    assert results["metrics"] == reference["metrics"]
    np.testing.assert_allclose(results["logged"]["test/loss"], reference["logged"]["test/loss"], rtol=1e-4)


def test_each_trial_of_a_sweep_is_what_it_is_alone(process, trained, toy, tmp_path):
    words = [*toy, "trainer.max_epochs=1", "optimizer=sgd"]
    done = process("train", "-m", "seed=1,2", *words, "trainer=ddp_cpu", folder=tmp_path)
    assert done.code == 0, done.err
    runs = [path.parents[1] for path in sorted((tmp_path / "runs").rglob("last.ckpt"))]
    assert [run.name.rpartition("_")[0] for run in runs] == ["0_toy", "1_toy"]
    for run, seed in zip(runs, (1, 2), strict=True):
        assert json.loads((run / "results.json").read_text())["test_events"] == 8
        alone = state(trained(*words, f"seed={seed}", "data.batch_size=32", folder=f"alone_{seed}"))
        for name, value in state(run)["state_dict"].items():
            torch.testing.assert_close(value, alone["state_dict"][name], rtol=1e-4, atol=1e-6)
    first, second = (state(run)["state_dict"] for run in runs)
    assert not torch.equal(first["network.layers.0.weight"], second["network.layers.0.weight"])
