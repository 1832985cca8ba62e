def test_a_good_config(command):
    done = command("check", "config")
    assert done.code == 0
    assert done.out == "ok: shower_gravnet: every key is known, every argument is there, every type fits\n"


def test_each_problem_is_a_line_and_the_check_fails(command, tmp_path):
    done = command("check", "config", "+trainer.max_epoch=5", "data.batch_size=few")
    assert done.code == 1
    lines = done.err.splitlines()
    assert len(lines) == 2
    assert any("trainer.max_epoch: Trainer takes no 'max_epoch' (did you mean 'max_epochs'?)" in line for line in lines)
    assert any("data.batch_size: expected int, got 'few'" in line for line in lines)
    assert not list(tmp_path.iterdir())


def test_what_does_not_compose(command):
    done = command("check", "config", "experiment=shower_gravnt")
    assert done.code == 2
    assert done.complaint.startswith("no experiment 'shower_gravnt' (did you mean 'shower_gravnet'?)")


def test_an_unknown_check(command):
    done = command("check", "confg")
    assert done.code == 2
    assert done.complaint.startswith("check 'confg': unknown (did you mean 'config'?)")


def test_own_configs(command, tmp_path):
    (tmp_path / "mine" / "network").mkdir(parents=True)
    (tmp_path / "mine" / "network" / "tiny.yaml").write_text(
        "# @package task.network\n_target_: physml.networks.mlp.MLP\nin_shape: [2]\nout_shape: [1]\nhidde: [3]\n"
    )
    done = command("check", "config", "experiment=none", "network=tiny", "--config-dir", "mine")
    assert done.code == 1
    assert done.complaint.startswith("task.network.hidde: MLP takes no 'hidde' (did you mean 'hidden'?)")


def test_laws_that_hold(command, tmp_path):
    done = command("check", "residual", "experiment=nbody_e3nn")
    assert done.code == 0
    assert done.out.startswith("momentum_conservation: target ")
    assert ", perturbed " in done.out
    assert ", tolerance " in done.out
    assert not list(tmp_path.iterdir())


def test_a_law_that_does_not_hold_is_a_line_and_the_check_fails(command):
    done = command("check", "residual", "experiment=nbody_e3nn", "task.constraints.momentum_conservation.duration=0.5")
    assert done.code == 1
    assert done.complaint.startswith("momentum_conservation: target ")
    assert done.complaint.endswith("the target breaks the law: mend it, its parameters or the data")
    assert done.out == ""


def test_no_law_at_all(command):
    done = command("check", "residual", "experiment=moons_flow")
    assert done.code == 0
    assert done.out == "moons_flow: it has neither constraints nor hard conditions, so there is nothing to judge\n"


def test_the_laws_of_a_config_with_problems_are_not_judged(command):
    done = command("check", "residual", "+trainer.max_epoch=5")
    assert done.code == 2
    assert done.complaint.startswith("trainer.max_epoch: Trainer takes no 'max_epoch'")
