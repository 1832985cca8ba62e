from types import SimpleNamespace
from typing import NamedTuple

import pytest
import torch
from matplotlib.animation import FuncAnimation
from matplotlib.figure import Figure
from torch import nn

from physml.callbacks.figures import Figures


class Half(nn.Linear):
    """A network with a weight, so that it has a device."""

    device = torch.device("cpu")

    def __init__(self):
        super().__init__(2, 1)


class Task(nn.Module):
    device = torch.device("cpu")
    forward_of_network = staticmethod(lambda x: x.sum(dim=-1))

    def __init__(self):
        super().__init__()
        self.network = Half()
        self.network.forward = self.forward_of_network


TRAINER = SimpleNamespace(is_global_zero=True, loggers=[])


def drawn(tmp_path, batches, events=1000, trainer=TRAINER):
    seen = {}

    def plot(x, target, prediction, network, offsets=None):
        seen.update(x=x, target=target, prediction=prediction, network=network, offsets=offsets)
        return Figure()

    callback, task = Figures(str(tmp_path / "figures"), {"plot": plot}, events), Task()
    callback.on_test_start(trainer, task)
    for index, batch in enumerate(batches):
        callback.on_test_batch_end(trainer, task, None, batch, index)
    callback.on_test_end(trainer, task)
    return seen


def batch(start, count):
    x = torch.arange(start, start + count).float()[:, None].expand(-1, 2)
    return {"x": x, "y": x[:, 0]}


def test_a_plot_gets_the_events_by_name_and_is_saved(tmp_path):
    seen = drawn(tmp_path, [batch(0, 3), batch(3, 2)])
    assert seen["x"][:, 0].tolist() == [0, 1, 2, 3, 4]
    assert seen["target"].tolist() == [0, 1, 2, 3, 4]
    assert seen["prediction"].tolist() == [0, 2, 4, 6, 8]
    assert isinstance(seen["network"], Half)
    assert (tmp_path / "figures" / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_an_animation_is_saved_as_gif(tmp_path):
    def film(x):
        figure = Figure()
        line = figure.subplots().plot([0])[0]
        return FuncAnimation(figure, lambda frame: line.set_ydata([frame]), frames=2)

    callback = Figures(str(tmp_path), {"film": film})
    callback.on_test_start(TRAINER, Task())
    callback.on_test_batch_end(TRAINER, Task(), None, batch(0, 3), 0)
    callback.on_test_end(TRAINER, Task())
    assert [file.name for file in tmp_path.iterdir()] == ["film.gif"]
    assert (tmp_path / "film.gif").read_bytes().startswith(b"GIF8")


def test_it_keeps_no_more_batches_than_it_needs(tmp_path):
    assert len(drawn(tmp_path, [batch(3 * i, 3) for i in range(10)], events=5)["x"]) == 6


def test_ragged_events_are_joined(tmp_path):
    parts = [
        {"x": torch.zeros(5, 2), "y": torch.zeros(5), "offsets": torch.tensor([0, 2, 5])},
        {"x": torch.ones(3, 2), "y": torch.ones(3), "offsets": torch.tensor([0, 0, 3])},
    ]
    seen = drawn(tmp_path, parts)
    assert seen["offsets"].tolist() == [0, 2, 5, 5, 8]
    assert len(seen["x"]) == 8


def test_predictions_are_made_batch_by_batch_and_joined(tmp_path, monkeypatch):
    class Pair(NamedTuple):
        total: torch.Tensor
        first: torch.Tensor

    sizes = []
    forward = staticmethod(lambda x: sizes.append(len(x)) or Pair(x.sum(dim=-1), x[:, 0]))
    monkeypatch.setattr(Task, "forward_of_network", forward)
    prediction = drawn(tmp_path, [batch(0, 3), batch(3, 2)])["prediction"]
    assert sizes == [3, 2]
    assert isinstance(prediction, Pair)
    assert prediction.first.tolist() == [0, 1, 2, 3, 4]


def test_a_plot_of_none_is_not_drawn(tmp_path):
    callback = Figures(str(tmp_path), {"on": lambda x: Figure(), "off": None})
    callback.on_test_start(TRAINER, Task())
    callback.on_test_batch_end(TRAINER, Task(), None, batch(0, 3), 0)
    callback.on_test_end(TRAINER, Task())
    assert [file.name for file in tmp_path.iterdir()] == ["on.png"]


def test_a_second_test_starts_afresh(tmp_path):
    callback, task = Figures(str(tmp_path), {"plot": lambda x: counts.append(len(x)) or Figure()}), Task()
    counts = []
    for _ in range(2):
        callback.on_test_start(TRAINER, task)
        callback.on_test_batch_end(TRAINER, task, None, batch(0, 3), 0)
        callback.on_test_end(TRAINER, task)
    assert counts == [3, 3]


@pytest.mark.parametrize("plots", [None, {}])
def test_without_plots_nothing_is_kept_or_written(tmp_path, plots):
    callback = Figures(str(tmp_path / "figures"), plots)
    callback.on_test_start(TRAINER, Task())
    callback.on_test_batch_end(TRAINER, Task(), None, batch(0, 3), 0)
    callback.on_test_end(TRAINER, Task())
    assert not (tmp_path / "figures").exists()


def test_only_the_first_process_draws(tmp_path):
    assert drawn(tmp_path, [batch(0, 3)], trainer=SimpleNamespace(is_global_zero=False, loggers=[])) == {}


def test_the_events_come_without_gradients(tmp_path):
    assert not drawn(tmp_path, [batch(0, 3)])["prediction"].requires_grad


def test_a_figure_that_could_not_be_written_whole_leaves_nothing(tmp_path):
    class Large(Figure):
        def savefig(self, file, **_):
            file.write_bytes(b"half")
            raise OSError("No space left on device")

    callback = Figures(str(tmp_path), {"plot": lambda x: Large()})
    callback.on_test_start(TRAINER, Task())
    callback.on_test_batch_end(TRAINER, Task(), None, batch(0, 3), 0)
    with pytest.warns(UserWarning, match="figure 'plot' was not drawn: No space left on device"):
        callback.on_test_end(TRAINER, Task())
    assert not list(tmp_path.iterdir())
