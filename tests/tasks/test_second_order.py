import pytest
import torch
from lightning.pytorch import Trainer
from torch import nn

from physml.networks.field import JetLinear
from physml.tasks.second_order import SecondOrderTask


def make(**changes):
    layer = JetLinear(1, 1, dtype=torch.float64)
    return SecondOrderTask(layer, nn.MSELoss(), {}, **({"repeats": 2, "damping": 1e-12} | changes))


def test_a_step_is_of_its_damping_and_counted_by_its_optimizer(seed):
    task, x, y = make(), torch.rand(30, 1).double(), torch.rand(30, 1).double()
    optimizer, layer, taken = task.configure_optimizers(), task.network, []
    optimizer.register_step_post_hook(lambda *_: taken.append(1))
    task.optimizers = lambda: optimizer
    before = (layer(x[None])[0] - y).square().mean().item()
    found = task.step([layer], lambda: (layer(x[None])[0] - y) / 30**0.5).item()
    slope = torch.linalg.lstsq(torch.cat([x, torch.ones_like(x)], dim=1), y).solution.flatten()
    assert found == pytest.approx(before)
    torch.testing.assert_close(torch.cat([layer.weight.flatten(), layer.bias]).detach(), slope)
    assert task.damping < 1e-12
    assert len(taken) == 1


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*")  # within torch
def test_the_trainer_counts_its_steps_and_adds_none(seed):
    x, y = torch.rand(30, 1).double(), torch.rand(30, 1).double()

    class Line(SecondOrderTask):
        def training_step(self, batch, index):
            return self.step([self.network], lambda: (self.network(x[None])[0] - y) / 30**0.5)

    task = Line(JetLinear(1, 1, dtype=torch.float64), nn.MSELoss(), {}, repeats=1, damping=1e-12)
    trainer = Trainer(max_epochs=1, limit_val_batches=0, barebones=True, accelerator="cpu")
    trainer.fit(task, torch.zeros(1, 1), torch.zeros(1, 1))
    slope = torch.linalg.lstsq(torch.cat([x, torch.ones_like(x)], dim=1), y).solution.flatten()
    torch.testing.assert_close(torch.cat([task.network.weight.flatten(), task.network.bias]).detach(), slope)
    assert trainer.global_step == 1


def test_its_damping_is_in_its_checkpoint():
    assert make(damping=0.25).state_dict()["damping"].item() == 0.25


@pytest.mark.parametrize("wrong", [{"optimizer": torch.optim.Adam}, {"scheduler": torch.optim.lr_scheduler.StepLR}])
def test_first_order_optimizers_are_refused(wrong):
    with pytest.raises(ValueError, match=r"expected no optimizer and no scheduler"):
        make(**wrong)


def test_arrays_of_the_training_are_refused():
    with pytest.raises(ValueError, match="expected no training_arrays"):
        make(training_arrays={"noise": torch.zeros_like})


def test_a_compiled_network_is_refused():
    with pytest.raises(ValueError, match="compile: expected false, got true: second-order steps read"):
        make().compile_network()
