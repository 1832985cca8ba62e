import pytest
import torch

from physml.metrics.component_error import ComponentError


@pytest.fixture
def arrays(seed):
    target = torch.randn(40, 3, dtype=torch.float64) + torch.tensor([1.0, 2.0, 3.0])
    x = torch.rand(40, 3, dtype=torch.float64)
    x[:, 0] = torch.arange(40) % 4
    prediction = target + 0.1 * torch.randn(40, 3, dtype=torch.float64) + 0.5 + x[:, :1]
    return {"x": x, "target": target, "prediction": prediction}


@pytest.mark.parametrize("component", [0, 2])
def test_it_is_the_norm_of_the_error_over_that_of_the_truth_in_any_batches(arrays, component):
    metric, free = ComponentError(component), ComponentError(component, free_constant=True)
    for part in (slice(0, 25), slice(25, 40)):
        for each in (metric, free):
            each.update({name: array[part] for name, array in arrays.items()})
    truth = arrays["target"][:, component]
    error = arrays["prediction"][:, component] - truth
    torch.testing.assert_close(metric.compute(), error.norm() / truth.norm())
    about = [values.view(10, 4) - values.view(10, 4).mean(0) for values in (error, truth)]
    torch.testing.assert_close(free.compute(), about[0].norm() / about[1].norm())
    assert free.compute() < 0.2 * metric.compute()
    assert metric.uncertainty() == 0


def test_without_a_free_constant_no_points_are_kept(arrays):
    metric = ComponentError(1)
    for _ in range(3):
        metric.update(arrays)
    assert sum(torch.as_tensor(state).numel() for state in metric.metric_state.values()) == 2
