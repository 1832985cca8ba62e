import torch

from physml.report.nbody import plot_errors, plot_positions


def events(count=8):
    torch.manual_seed(0)
    charge = torch.randint(2, (count, 5, 1)) * 2.0 - 1
    x = torch.cat([torch.randn(count, 5, 6), charge], dim=-1)
    return x, torch.randn(count, 5, 3), torch.randn(count, 5, 3)


def test_positions_are_drawn_event_by_event(tmp_path):
    figure = plot_positions(*events(), events=4)
    figure.savefig(tmp_path / "positions.png")
    assert len(figure.axes) == 4
    assert all(panel.get_xlabel() for panel in figure.axes)


def test_fewer_events_than_panels(tmp_path):
    figure = plot_positions(*events(count=2))
    figure.savefig(tmp_path / "positions.png")
    assert [bool(panel.collections) for panel in figure.axes] == [True, True, False, False, False, False]


def test_errors_count_every_event(tmp_path):
    x, prediction, target = events()
    prediction[:3] = target[:3]
    figure = plot_errors(x, prediction, target)
    figure.savefig(tmp_path / "errors.png")
    counts = [path.get_path().vertices[:, 1] for path in figure.axes[0].patches]
    assert [each[1:-1:2].sum() for each in counts] == [8, 8]
    assert [text.get_text().split(":")[0] for text in figure.axes[0].get_legend().get_texts()] == [
        "network",
        "uniform motion",
    ]
