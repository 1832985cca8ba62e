import copy

import pytest
import torch

from physml.metrics.sample_mean import SampleMean


def error(prediction, target):
    return prediction - target


@pytest.fixture
def arrays():
    generator = torch.Generator().manual_seed(1)
    draw = lambda: torch.randn(1000, generator=generator, dtype=torch.float64)  # noqa: E731
    return {"prediction": 3 + 2 * draw(), "target": 0.1 * draw(), "x": draw()}


def halves(arrays):
    return [{name: array[part] for name, array in arrays.items()} for part in (slice(0, 300), slice(300, None))]


def test_batches_give_the_mean_and_standard_error_of_the_whole_sample(arrays):
    metric = SampleMean(error, unit="GeV")
    for batch in halves(arrays):
        metric.update(batch)
    values = error(arrays["prediction"], arrays["target"])
    torch.testing.assert_close(metric.compute(), values.mean())
    torch.testing.assert_close(metric.uncertainty(), values.std() / len(values) ** 0.5)
    assert metric.unit == "GeV"
    assert int(metric.count) == 1000


def test_standard_error_is_the_scatter_of_repeated_means():
    generator = torch.Generator().manual_seed(2)
    means, errors = [], []
    for _ in range(300):
        metric = SampleMean(lambda x: x)
        metric.update({"x": torch.rand(50, generator=generator)})
        means.append(metric.compute())
        errors.append(metric.uncertainty())
    ratio = torch.stack(means).std() / torch.stack(errors).mean()
    assert abs(float(ratio) - 1) < 3 / (2 * 300) ** 0.5
    assert abs(float(ratio) * 50**0.5 - 1) > 3 / (2 * 300) ** 0.5  # the spread of single values is not the error


def test_result_is_float64_although_values_are_float32():
    metric = SampleMean(lambda x: x)
    for _ in range(10):
        metric.update({"x": torch.full((2**20,), 0.1)})
    assert metric.compute().dtype == torch.float64
    assert abs(float(metric.compute()) - float(torch.tensor(0.1))) < 1e-9


def test_the_order_of_the_events_does_not_show_in_the_last_digit():
    x = torch.randn(1001, generator=torch.Generator().manual_seed(3))
    found = []
    for order in (torch.arange(1001), torch.randperm(1001, generator=torch.Generator().manual_seed(4))):
        metric = SampleMean(lambda x: x)
        metric.update({"x": x[order]})
        found.append((float(metric.compute()), float(metric.uncertainty())))
    assert found[0] == found[1]


def test_survives_reset_clone_and_deepcopy(arrays):
    metric = SampleMean(error)
    first, second = halves(arrays)
    metric.update(first)
    expected = metric.compute().clone()
    others = [metric.clone(), copy.deepcopy(metric)]
    metric.reset()
    assert int(metric.count) == 0
    metric.update(second)
    for other in others:
        torch.testing.assert_close(other.compute(), expected)
    assert not torch.isclose(metric.compute(), expected)


def test_forward_returns_the_value_of_the_batch_and_accumulates(arrays):
    metric = SampleMean(error)
    first, second = halves(arrays)
    metric(first)
    torch.testing.assert_close(metric(second), error(second["prediction"], second["target"]).mean())
    assert int(metric.count) == 1000


def test_adds_up_over_processes(arrays):
    """Two processes, imitated by a gather that returns the states of both."""
    first, second = halves(arrays)
    other = SampleMean(error)
    other.update(second)
    states = iter([torch.cat(other.seen)] * 2)
    metric = SampleMean(error)
    metric.dist_sync_fn = lambda state, group=None: [state, next(states)]
    metric.distributed_available_fn = lambda: True
    metric.update(first)
    values = error(arrays["prediction"], arrays["target"])
    torch.testing.assert_close(metric.compute(), values.mean())
    torch.testing.assert_close(metric.uncertainty(), values.std() / len(values) ** 0.5)
    assert int(metric.count) == 300


def test_nan_is_seen():
    metric = SampleMean(lambda x: x)
    metric.update({"x": torch.tensor([1.0, torch.nan])})
    assert metric.compute().isnan()
    assert metric.uncertainty().isnan()


def test_one_value_per_event():
    with pytest.raises(ValueError, match=r"expected one value per event, shape \(events,\), got \(4, 2\)"):
        SampleMean(lambda x: x).update({"x": torch.zeros(4, 2)})
