"""Each mistake of a user ends with one clear line and the right exit code, and no earlier run is touched."""

import shutil
import signal
import sys

import numpy as np
import pytest
import torch

CLEAN = {"HYDRA_FULL_ERROR": "0"}


def own_experiment(folder, text):
    (folder / "mine" / "experiment").mkdir(parents=True, exist_ok=True)
    (folder / "mine" / "experiment" / "mine.yaml").write_text(f"# @package _global_\n{text}\n")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["experiment=shower_gravnt"], "no experiment 'shower_gravnt' (did you mean 'shower_gravnet'?); there are"),
        (["network=mpl"], "no network 'mpl' (did you mean 'mlp'?); there are"),
        (
            ["callbacks=[default,emma]"],
            "no callbacks 'emma' (did you mean 'ema'?); there are default, early_stopping, ema",
        ),
        (["optimzer=adam"], "no key or config group 'optimzer' (did you mean 'optimizer'?); there are"),
        (["seeed=3"], "no key or config group 'seeed' (did you mean 'seed'?); there are"),
        (["trainer.max_epoch=5"], "no key 'trainer.max_epoch' (did you mean 'max_epochs'?); trainer has"),
        (["task.optimizr.lr=1"], "no key 'task.optimizr.lr' (did you mean 'optimizer'?); task has"),
        (["task.optimizer.lrr=1"], "no key 'task.optimizer.lrr' (did you mean 'lr'?); task.optimizer has"),
        (
            ["task.metrics.respons.unit=m"],
            "no key 'task.metrics.respons.unit' (did you mean 'response'?); task.metrics",
        ),
        (["callbacks.figures.plots.evnt.a=1"], "no key 'callbacks.figures.plots.evnt.a' (did you mean 'event'?)"),
        (["network.k=1"], "no key 'network.k' (did you mean 'task.network.k'?)"),
        (["~callbacks.chekpoint"], "no key 'callbacks.chekpoint' to delete (did you mean 'checkpoint'?)"),
        (["+trainer.max_epoch=5"], "trainer.max_epoch: Trainer takes no 'max_epoch' (did you mean 'max_epochs'?)"),
        (
            ["+task.optimizer.wieght_decay=1"],
            "task.optimizer.wieght_decay: AdamW takes no 'wieght_decay' (did you mean",
        ),
        (["+data.source.nois=1"], "data.source.nois: ShowerSource takes no 'nois' (did you mean 'noise'?); it takes"),
        (["+foo=1"], "foo: unknown; there are name, seed, compile"),
        (["+monitor.nam=a"], "monitor.nam: unknown (did you mean 'name'?); there are name, mode"),
        (["task.optimizer.eps=1"], "'task.optimizer.eps' is not set in this config yet: write +task.optimizer.eps=…"),
        (["trainer.max_epochs=many"], "trainer.max_epochs: expected int or nothing, got 'many'"),
        (
            ["seed=many"],
            "Error merging override seed=many Value 'many' of type 'str' could not be converted to Integer",
        ),
        (["seed"], "'seed' is not an override"),
        (["--config-dir", "nowhere"], "{tmp}/nowhere: no such folder: --config-dir expects the folder of your own"),
        (["--multi-run"], "'--multi-run': unknown (did you mean '--multirun'?)"),
    ],
)
def test_words_that_mean_nothing(command, tmp_path, words, line):
    done = command("train", *words, **CLEAN)
    assert done.code == 2
    assert done.complaint.startswith(line.format(tmp=tmp_path))
    assert done.out == ""
    assert not list(tmp_path.glob("runs/*"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("nme: a", "experiment/mine.yaml: no key 'nme' (did you mean 'name'?); there are name, seed"),
        (
            "task: {optimzer: {lr: 1.0e-3}}",
            "task.optimzer: SupervisedTask takes no 'optimzer' (did you mean 'optimizer'?)",
        ),
        ("task: {optimizer: {lrr: 1.0e-3}}", "task.optimizer.lrr: AdamW takes no 'lrr' (did you mean 'lr'?); it takes"),
        ("trainer: {max_epoch: 3}", "trainer.max_epoch: Trainer takes no 'max_epoch' (did you mean 'max_epochs'?)"),
        (
            "callbacks: {figurs: {events: 10}}",
            "callbacks.figurs: has no _target_, so it names nothing (did you mean 'fig",
        ),
        ("monitor: {nam: val/loss}", "experiment/mine.yaml: no key 'nam' (did you mean 'name'?); there are name, mode"),
        ("defaults: [{override /netwrk: mlp}]", "no key or config group 'netwrk' (did you mean 'network'?); there are"),
        ("defaults: [{override /network: mpl}]", "no network 'mpl' (did you mean 'mlp'?); there are"),
    ],
)
def test_a_misspelt_key_inside_an_experiment_file(command, tmp_path, text, line):
    if not text.startswith("defaults"):
        text = f"defaults: [{{override /optimizer: adamw}}]\n{text}"
    own_experiment(tmp_path, text)
    done = command("train", "experiment=mine", "--config-dir", "mine", **CLEAN)
    assert done.code == 2
    assert done.complaint.startswith(line)


def test_a_file_that_is_no_yaml(command, tmp_path):
    own_experiment(tmp_path, "task: {a: [1")
    done = command("train", "experiment=mine", "--config-dir", "mine", **CLEAN)
    assert done.code == 2
    assert done.complaint.startswith("a config is not YAML: ")
    assert "mine.yaml" in done.complaint


@pytest.fixture
def train(command, toy):
    """Train the toy with changes; these never get as far as a run directory."""

    def run(*words, **environment):
        return command("train", *toy, *words, **{**CLEAN, **environment})

    return run


def rewrite(path, **changes):
    with np.load(path) as archive:
        arrays = {**archive, **changes}
    np.savez(path, **arrays)


def test_no_data_file(train, tmp_path):
    done = train("data.path=nowhere.npz")
    assert done.code == 2
    assert done.complaint == "nowhere.npz: no such file: expected an .npz archive with an array 'x'"
    assert not list(tmp_path.rglob("config.yaml"))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:300]), "cannot be read as an .npz archive of numbers"),
        (lambda path: path.write_text("x,y\n1,2\n"), "cannot be read as an .npz archive of numbers"),
        (
            lambda path: rewrite(path, x=np.full((80, 3), np.nan)),
            "array 'x' holds NaN or infinity in 80 of 80 rows, exp",
        ),
        (
            lambda path: rewrite(path, x=np.zeros((80, 4))),
            "x has shape [4] per event, expected [3]: use data of this shape, or train with data.in_shape=[4]",
        ),
        (lambda path: rewrite(path, y=np.zeros(79)), "array 'y' has 79 events, expected 80 as in the other arrays"),
        (lambda path: np.savez(path, a=np.zeros(3)), "expected an array 'x', got only a"),
    ],
)
def test_data_that_are_none(train, toy_file, tmp_path, change, line):
    path = tmp_path / "a.npz"
    shutil.copy(toy_file, path)
    change(path)
    done = train(f"data.path={path}")
    assert done.code == 2
    assert done.complaint.startswith(f"{path}: {line}")
    assert not list(tmp_path.rglob("config.yaml"))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["data.out_shape=[1]"],
            "MLP and its objective do not fit the data (x [16, 3], y [16]): Target 1 is out of bounds",
        ),
        (["loss=mse"], "MLP and its objective do not fit the data (x [16, 3], y [16]): Using a target size"),
        (["network=gravnet", "~task.network.hidden"], "GravNet and its objective do not fit the data"),
        (["data.batch_size=1000"], "64 events make no batch of 1000: use more events or a smaller data.batch_size"),
        (
            ["+data.fractions=[0.5,0.5,0.5]"],
            "FileDataModule: data.fractions is [0.5, 0.5, 0.5], expected three positive",
        ),
        (["+trainer.precision=15"], "trainer.precision: expected"),
        (["trainer.max_epochs=-3"], "Trainer: `max_epochs` must be a non-negative integer or -1."),
    ],
)
def test_parts_that_do_not_fit(train, tmp_path, words, line):
    done = train(*words)
    assert done.code == 2
    assert done.complaint.startswith(line)
    assert not list(tmp_path.rglob("config.yaml"))


def test_a_checkpoint_of_another_network(command, toy_run, tmp_path, contents):
    run = shutil.copytree(toy_run, tmp_path / "copy")
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(text.replace("hidden:\n    - 8", "hidden:\n    - 9"))
    assert (run / "config.yaml").read_text() != text
    before = contents(run)
    for words in (["eval", f"run={run}"], ["predict", f"run={run}", "input=a.npz", "output=b.npz"]):
        done = command(*words, **CLEAN)
        assert done.code == 2
        assert done.complaint.startswith(
            f"{run}/checkpoints/best.ckpt: its weights are not those of this MLP (size mis"
        )
        assert done.complaint.endswith("expected a checkpoint of the same network with the same sizes")
    assert contents(run) == before


@pytest.mark.parametrize("place", ["/proc/physml", "a_file/run"])
def test_a_run_directory_that_cannot_be_written(train, tmp_path, place):
    (tmp_path / "a_file").write_text("mine")
    done = train(f"hydra.run.dir={place}")
    assert done.code == 2
    assert place in done.complaint
    assert done.complaint.endswith(": choose another place or mend its permissions")
    assert (tmp_path / "a_file").read_text() == "mine"


def test_a_run_directory_of_an_earlier_run(train, toy_run, tmp_path, contents):
    run = shutil.copytree(toy_run, tmp_path / "copy")
    before = contents(run)
    done = train(f"hydra.run.dir={run}")
    assert done.code == 2
    assert done.complaint == f"{run}: holds an earlier run: choose another hydra.run.dir"
    assert contents(run) == before


def test_a_missing_extra(train, monkeypatch):
    monkeypatch.setattr("lightning.fabric.loggers.tensorboard._TENSORBOARD_AVAILABLE", False)
    monkeypatch.setattr("lightning.fabric.loggers.tensorboard._TENSORBOARDX_AVAILABLE", False)
    done = train("logger=tensorboard")
    assert done.code == 2
    assert done.complaint == (
        "the package 'tensorboard' is not installed: pip install \"physml[tensorboard]\" brings it"
    )


def test_a_component_whose_package_is_missing(train, monkeypatch, tmp_path):
    (tmp_path / "needy.py").write_text("import tensorboard\n\n\nclass Network:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    done = train("task.network._target_=needy.Network")
    assert done.code == 2
    assert 'pip install "physml[tensorboard]" brings it' in done.complaint


@pytest.mark.parametrize("trainer", ["gpu", "ddp", "fsdp", "mps"])
def test_no_accelerator_where_one_is_asked_for(train, tmp_path, trainer):
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("there is one")
    done = train(f"trainer={trainer}", "data.path=nowhere.npz")  # told before the data are made
    assert done.code == 2
    assert "the accelerator is not available" in done.complaint or "trainer=cpu" in done.complaint
    assert not list(tmp_path.rglob("config.yaml"))


def test_a_loss_that_is_no_number_is_a_failed_training(train, tmp_path):
    done = train("task.optimizer.lr=1e30")
    assert done.code == 1
    assert done.complaint.startswith("training failed: J is nan at step ")
    assert "expected finite numbers: lower task.optimizer.lr" in done.complaint
    assert not list(tmp_path.rglob("results.json"))


def test_ctrl_c(train, tmp_path, monkeypatch):
    def press(*_):
        raise KeyboardInterrupt

    handler = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("physml.callbacks.finite_numbers.FiniteNumbers.on_train_batch_end", press)
    try:
        done = train()
    finally:
        signal.signal(signal.SIGINT, handler)  # Lightning takes no second one
    assert done.code == 130
    assert done.complaint == "interrupted"
    assert list(tmp_path.rglob("config.yaml"))


def test_a_sweep_goes_on_after_a_failed_trial(train, tmp_path):
    done = train("-m", "task.optimizer.lr=1e30,1e-3", "trainer.max_epochs=1")
    assert done.code == 1
    assert done.complaint.startswith("training failed: J is nan")
    assert len(list(tmp_path.rglob("results.json"))) == 1


@pytest.mark.parametrize("how", [{"words": ["--debug"]}, {"environment": {"HYDRA_FULL_ERROR": "1"}}])
def test_the_traceback_comes_when_asked_for(train, how):
    with pytest.raises(Exception, match="max_epoch"):
        train("+trainer.max_epoch=5", *how.get("words", []), **how.get("environment", {}))


def test_in_a_process_of_its_own(process, toy, toy_run, tmp_path, contents):
    """The same in earnest: nothing but the one line comes out, whatever other libraries print."""
    before = contents(toy_run)
    done = process("train", *toy, "task.optimizer.lr=1e30", folder=tmp_path, **CLEAN)
    assert done.code == 1
    assert done.complaint.startswith("training failed: J is nan")
    done = process("train", *toy, f"hydra.run.dir={toy_run}", "--debug", folder=tmp_path, **CLEAN)
    assert done.code == 1
    assert "Traceback (most recent call last)" in done.err
    assert done.err.splitlines()[-1].endswith("holds an earlier run: choose another hydra.run.dir")
    assert contents(toy_run) == before
