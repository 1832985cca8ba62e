import numpy as np
import pytest
import torch

from physml.data.jets import JetSource
from physml.metrics.area_under_roc import area_under_roc
from physml.networks.autoencoder import Autoencoder
from physml.networks.variational_autoencoder import VariationalAutoencoder
from physml.ops.named import call
from physml.report import jets


@pytest.fixture(params=[Autoencoder, VariationalAutoencoder])
def arrays(request):
    torch.manual_seed(0)
    network = request.param(in_shape=[1, 16, 16], latent=2, channels=[2, 4]).eval()
    batch = JetSource(top_fraction=0.5, pixels=16)(60, np.random.default_rng(0)).events
    with torch.no_grad():
        prediction = network(batch["x"])
    return {**batch, "prediction": prediction, "target": batch["y"], "network": network}


@pytest.mark.parametrize("plot", [jets.plot_roc, jets.plot_averages, jets.plot_reconstructions, jets.plot_samples])
def test_figures_are_drawn_for_both_autoencoders(arrays, plot, tmp_path):
    figure = call(plot, arrays)
    figure.savefig(tmp_path / "figure.png", dpi=50)
    assert (tmp_path / "figure.png").stat().st_size > 1000


def test_legend_gives_the_area_under_the_curve(arrays):
    figure = call(jets.plot_roc, arrays)
    area = float(area_under_roc(arrays["mass"], arrays["label"] == 1))
    assert f"jet mass, AUC {area:.3f}" in figure.axes[0].get_legend().get_texts()[1].get_text()


def test_efficiencies_enclose_the_area():
    generator = torch.Generator().manual_seed(1)
    label = (torch.rand(200, generator=generator) < 0.4).long()
    score = torch.randn(200, generator=generator) + label
    signal, background = jets.efficiencies(score, label)
    area = np.trapezoid(np.concatenate([[0], signal]), np.concatenate([[0], background]))
    assert area == pytest.approx(float(area_under_roc(score, label == 1)))
    assert (np.diff(signal) >= 0).all()
    assert signal[-1] == background[-1] == 1


def test_a_network_without_samples_is_said_so(arrays):
    figure = jets.plot_samples(torch.nn.Identity(), arrays["target"], arrays["label"])
    assert "Identity draws no samples: use network=variational_autoencoder" in figure.texts[0].get_text()
