import io
from itertools import pairwise

import numpy as np
import pytest
import torch

from physml.data.showers import ShowerSource
from physml.networks.gravnet import GravNet
from physml.networks.mlp import MLP
from physml.ops.named import call
from physml.report.learnt_space import coordinates, plot_learnt_space


@pytest.fixture
def network():
    return GravNet(5, 2, blocks=2, k=4).eval()


@pytest.fixture(scope="module")
def arrays():
    batch = ShowerSource()(3, np.random.default_rng(0))[torch.arange(3)]
    return batch | {"target": batch["y"], "prediction": batch["y"]}


@torch.no_grad()
def test_coordinates_are_what_the_layers_search_in(network, arrays):
    x, offsets = arrays["x"], arrays["offsets"]
    first, second = coordinates(network, x, offsets)
    block = network.blocks[0]
    mean = torch.cat([x[i:j].mean(0).expand(j - i, -1) for i, j in pairwise(offsets)])
    torch.testing.assert_close(first, block.gravnet.space(block.dense(torch.cat([x, mean], dim=1))))
    assert second.shape == (len(x), 4)
    # Nothing is left behind that would see the next call.
    assert not any(module._forward_hooks for module in network.modules())


@torch.no_grad()
def test_the_figure_has_a_panel_for_each_layer_with_all_sensors_of_the_event(network, arrays):
    figure = call(plot_learnt_space, arrays | {"network": network})
    figure.savefig(io.BytesIO(), format="png", dpi=30)
    panels = figure.axes[:2]
    counts = {len(panel.collections[0].get_offsets()) for panel in panels}
    assert len(counts) == 1
    assert counts <= set(arrays["offsets"].diff().tolist())


@torch.no_grad()
@pytest.mark.parametrize("wide", [False, True])
def test_the_bar_is_drawn_where_it_fits(network, arrays, wide):
    layer = network.blocks[0].gravnet.space
    before = layer.weight.clone()
    layer.weight *= 1e3 if wide else 1e-6
    panel = call(plot_learnt_space, arrays | {"network": network}).axes[0]
    layer.weight.copy_(before)
    assert (len(panel.lines), len(panel.texts)) == ((1, 0) if wide else (0, 1))


def test_a_network_without_a_learnt_space_is_refused(arrays):
    with pytest.raises(ValueError, match="MLP has no GravNet layer"):
        coordinates(MLP([5], [2]), arrays["x"], arrays["offsets"])
