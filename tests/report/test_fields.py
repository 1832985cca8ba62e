import pytest
import torch

from physml.report.fields import plot_solution


def grid():
    t, x = torch.linspace(0, 1, 5), torch.linspace(-1, 1, 7)
    points = torch.cartesian_prod(x, t).flip(1)
    return points, (points[:, :1] + 10 * points[:, 1:])


def test_values_are_drawn_where_they_belong_in_any_order(seed):
    points, truth = grid()
    order = torch.randperm(len(points))
    figure = plot_solution(points[order], truth[order] + 0.5, truth[order])
    field, error = (panel.collections[0].get_array() for panel in figure.axes[:2])
    torch.testing.assert_close(torch.tensor(field.data), truth.reshape(7, 5) + 0.5)
    assert torch.tensor(error.data).sub(0.5).abs().max() < 1e-5
    true, found = figure.axes[-1].lines
    assert figure.axes[-1].get_title() == "t = 1"
    torch.testing.assert_close(torch.tensor(true.get_ydata()), 1 + 10 * torch.linspace(-1, 1, 7))
    torch.testing.assert_close(torch.tensor(found.get_ydata()), 1.5 + 10 * torch.linspace(-1, 1, 7))


def test_a_complex_field_is_drawn_by_its_modulus():
    points, truth = grid()
    figure = plot_solution(points, torch.cat([-3 * truth, 4 * truth], dim=1), torch.cat([truth, 0 * truth], dim=1))
    field, error = (panel.collections[0].get_array() for panel in figure.axes[:2])
    torch.testing.assert_close(torch.tensor(field.data), 5 * truth.abs().reshape(7, 5))
    torch.testing.assert_close(torch.tensor(error.data), 4 * truth.abs().reshape(7, 5))


def test_slices_are_where_they_are_asked_for():
    points, truth = grid()
    figure = plot_solution(points, truth, truth, variables=["x", "y"], slices=[0.25, 0.75])
    panels = [panel for panel in figure.axes if panel.lines]
    assert [panel.get_title() for panel in panels] == ["x = 0.25", "x = 0.75"]
    assert {panel.get_xlabel() for panel in panels} == {"y"}
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("x", "y")
    true, _ = panels[0].lines
    torch.testing.assert_close(torch.tensor(true.get_ydata()), 0.25 + 10 * torch.linspace(-1, 1, 7))


def test_a_part_of_a_grid_is_refused():
    points, truth = grid()
    with pytest.raises(ValueError, match=r"expected all points of a grid of 5 × 7, got 34"):
        plot_solution(points[:-1], truth[:-1], truth[:-1])
