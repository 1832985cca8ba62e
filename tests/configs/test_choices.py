"""What the configs of trainer, callbacks and the rest promise, they do."""

import csv

import pytest
import torch
from lightning.pytorch import Trainer, seed_everything

import physml
from physml.cli.compose import compose_config
from physml.runs.build import build
from physml.runs.quiet import quiet


def weights(run):
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


def column(run, name):
    with (run / "metrics.csv").open() as file:
        return [float(row[name]) for row in csv.DictReader(file) if row[name]]


def distance(first, second):
    return max(float((first[name] - second[name]).abs().max()) for name in first)


def test_the_moving_average_is_what_is_saved(trained, toy, tmp_path):
    fast = ["task.optimizer.lr=0.1", "trainer.max_epochs=1"]
    plain = weights(trained(*toy, *fast, folder="plain"))
    start = weights(trained(*toy, "task.optimizer.lr=0.0", "trainer.max_epochs=1", folder="start"))
    ema = ["callbacks=[default,ema]", "callbacks.ema.decay=0.5"]
    averaged = weights(trained(*toy, *fast, *ema, folder="ema"))
    assert distance(averaged, plain) > 0.01
    assert distance(averaged, start) > 0.01
    reloaded = physml.load(tmp_path / "ema").state_dict()
    assert all(torch.equal(value, averaged[name]) for name, value in reloaded.items())
    frozen = trained(*toy, *fast, "callbacks=[default,ema]", "callbacks.ema.decay=1.0", folder="frozen")
    # Nothing of the training gets into an average with a decay of 1 that begins with the first weights.
    assert distance(weights(frozen), plain) > 0.05


def test_a_training_stops_early(trained, toy):
    stop = ["callbacks=[default,early_stopping]", "callbacks.early_stopping.patience=2", "trainer.max_epochs=20"]
    run = trained(*toy, *stop, "task.optimizer.lr=0.0")
    assert len(column(run, "val/loss")) == 3


def test_gradients_are_accumulated(trained, toy):
    plain = trained(*toy, "optimizer=sgd", "data.batch_size=32", folder="plain")
    run = trained(*toy, "optimizer=sgd", "+trainer.accumulate_grad_batches=2", folder="accumulated")
    assert distance(weights(run), weights(plain)) < 1e-6


def test_gradients_are_clipped(trained, toy):
    clip = ["+trainer.gradient_clip_val=1e-6", "trainer.max_epochs=1", "optimizer=sgd", "task.optimizer.lr=1.0"]
    start = weights(trained(*toy, *clip[1:3], "task.optimizer.lr=0.0", folder="start"))
    clipped = weights(trained(*toy, *clip, folder="clipped"))
    assert 0 < distance(clipped, start) < 1e-4


def test_precision(trained, toy, monkeypatch):
    from physml.networks.mlp import MLP

    seen, forward = set(), MLP.forward
    monkeypatch.setattr(MLP, "forward", lambda self, x: (out := forward(self, x), seen.add(out.dtype))[0])
    trained(*toy, "trainer=smoke", "+trainer.precision=bf16-mixed")
    assert torch.bfloat16 in seen


def test_the_network_is_compiled(trained, toy, monkeypatch):
    import torch._dynamo

    compile_network = torch.nn.Module.compile
    # Eager instead of inductor: the graph is captured, but no compiler is waited for.
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self: compile_network(self, backend="eager"))
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    compiled = trained(*toy, "compile=true", folder="compiled")
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] >= 1
    assert distance(weights(compiled), weights(trained(*toy, folder="plain"))) < 1e-5


@pytest.mark.parametrize(
    ("scheduler", "low", "high"), [("none", 1e-3, 1e-3), ("one_cycle", 0.0, 1e-3), ("cosine", 0.0, 1e-3)]
)
def test_the_learning_rate_is_scheduled_and_logged(trained, toy, scheduler, low, high):
    run = trained(*toy, f"scheduler={scheduler}")
    rates = column(run, "lr-Adam")
    assert max(rates) == pytest.approx(high, rel=0.05)
    assert min(rates) == pytest.approx(low, abs=3e-4)


def test_constraints_and_their_weights_are_logged_by_name(trained, toy):
    run = trained(
        *toy,
        "+constraint@task.constraints.positive=bounds",
        "task.constraints.positive.weight=0.5",
        "weighting=scheduled",
    )
    gammas = column(run, "train/gamma/positive")
    assert gammas == sorted(gammas)
    assert gammas[0] == 0.0
    assert gammas[-1] == 0.5
    total, loss, omega = (column(run, f"train/{name}") for name in ("J", "loss", "omega/positive"))
    assert total == pytest.approx([a + b * c for a, b, c in zip(loss, gammas, omega, strict=True)], rel=1e-6)


def test_a_logger_of_tensorboard(trained, toy):
    pytest.importorskip("tensorboard")
    run = trained(*toy, "trainer=smoke", "logger=tensorboard")
    assert list((run / "tensorboard").rglob("events.out.tfevents.*"))
    assert not (run / "metrics.csv").exists()


def test_no_logger(trained, toy):
    run = trained(*toy, "trainer=smoke", "logger=none")
    assert not (run / "metrics.csv").exists()
    assert (run / "results.json").exists()


def fit(optimizer, epochs, checkpoint=None):
    words = ["experiment=burgers_soft", "scheduler=none", f"optimizer={optimizer}", "+task.network.hidden=[6]"]
    config = compose_config("train", [*words, "data.train=256", "data.batch_size=256"])
    quiet()
    seed_everything(1, verbose=False)
    task, data = build(config["task"]), build(config["data"])
    silent = dict.fromkeys(["logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"], False)
    trainer = Trainer(max_epochs=epochs, limit_val_batches=0, log_every_n_steps=1, accelerator="cpu", **silent)
    trainer.fit(task, datamodule=data, ckpt_path=checkpoint, weights_only=bool(checkpoint) or None)
    return trainer, task


def test_second_order_optimizers_lower_the_objective():
    def last(optimizer, epochs):
        return float(fit(optimizer, epochs)[0].callback_metrics["train/J"])

    start, adam = last("adam", 1), last("adam", 30)
    assert last("lbfgs", 5) < 0.7 * adam < 0.7 * start
    soap = last("soap", 30)
    assert soap < 0.6 * start
    assert abs(soap - adam) > 0.01 * adam


@pytest.mark.parametrize("optimizer", ["lbfgs", "soap"])
def test_a_resumed_optimizer_goes_on_where_it_stopped(tmp_path, optimizer):
    fit(optimizer, 2)[0].save_checkpoint(tmp_path / "stopped.ckpt")
    resumed, whole = fit(optimizer, 4, tmp_path / "stopped.ckpt")[1].state_dict(), fit(optimizer, 4)[1].state_dict()
    for name, expected in whole.items():
        torch.testing.assert_close(resumed[name], expected, rtol=0, atol=0, msg=name)
