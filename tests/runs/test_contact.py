import pytest
import torch
from torch import nn

from physml.data.arrays import Arrays
from physml.data.loader import BatchLoader
from physml.networks.mlp import MLP
from physml.runs.contact import first_contact
from physml.tasks.supervised import SupervisedTask


def loader(arrays):
    return BatchLoader(Arrays(events=arrays), 4, shuffle=True)


def task(out_shape, **changes):
    settings = {"network": MLP([3], out_shape), "loss": nn.MSELoss(), "optimizer": torch.optim.SGD} | changes
    return SupervisedTask(**settings)


GOOD = {"x": torch.zeros(8, 3), "y": torch.zeros(8, 2)}


def test_what_fits_passes_and_leaves_no_trace():
    module = task([2], network=nn.Sequential(nn.Dropout(), MLP([3], [2])))
    module.network.forward = lambda x: module.network[1](module.network[0](x))
    state, generator = {name: value.clone() for name, value in module.state_dict().items()}, torch.get_rng_state()
    first_contact(module, loader(GOOD))
    assert torch.equal(torch.get_rng_state(), generator)
    assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())
    assert module.training


@pytest.mark.parametrize(
    ("arrays", "changes", "message"),
    [
        (GOOD | {"y": torch.zeros(8, 5)}, {}, r"MLP and its objective do not fit the data \(x \[4, 3\], y \[4, 5\]\)"),
        (GOOD | {"y": torch.zeros(8)}, {}, r"y \[4\].*target size"),
        (GOOD | {"x": torch.zeros(8, 7)}, {}, r"MLP expected x of shape \(…, 3\), got \(4, 7\)"),
        ({"x": GOOD["x"]}, {}, "MSELoss reads 'target', but there is only input, network, prediction, x"),
        (GOOD, {"loss": nn.CrossEntropyLoss(reduction="none")}, r"the loss has shape \[4\], expected one number"),
        (GOOD | {"y": torch.full((8,), 9)}, {"loss": nn.CrossEntropyLoss()}, "Target 9 is out of bounds"),
        (GOOD | {"x": torch.zeros(8, 3, dtype=torch.int64)}, {}, "MLP and its objective do not fit the data"),
    ],
)
def test_what_does_not_fit_is_told(arrays, changes, message):
    with pytest.raises(ValueError, match=message):
        first_contact(task([2], **changes), loader(arrays))


def test_too_little_memory_is_no_misfit(monkeypatch):
    def allocate(*_):
        return torch.empty(2**50)

    monkeypatch.setattr(MLP, "forward", allocate)
    with pytest.raises(RuntimeError, match="DefaultCPUAllocator"):
        first_contact(task([2]), loader(GOOD))
