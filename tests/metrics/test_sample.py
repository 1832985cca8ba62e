"""What all statistics of a sample have in common; that the errors are right is in the tests of each."""

import copy

import pytest
import torch

from physml.metrics.sample_mean import SampleMean
from physml.metrics.sample_spread import SampleSpread

pytestmark = pytest.mark.parametrize(
    ("statistic", "value", "standard_error"),
    [
        (SampleMean, torch.mean, lambda x: x.std() / len(x) ** 0.5),
        (SampleSpread, torch.std, lambda x: ((x.mean() - x) ** 2).std(correction=0) / (2 * x.std() * len(x) ** 0.5)),
    ],
    ids=["mean", "spread"],
)


def error(prediction, target):
    return prediction - target


@pytest.fixture
def arrays():
    generator = torch.Generator().manual_seed(1)
    draw = lambda: torch.randn(1000, generator=generator, dtype=torch.float64)  # noqa: E731
    return {"prediction": 3 + 2 * draw(), "target": 0.1 * draw(), "x": draw()}


def halves(arrays):
    return [{name: array[part] for name, array in arrays.items()} for part in (slice(0, 300), slice(300, None))]


def test_batches_give_the_statistic_of_the_whole_sample(arrays, statistic, value, standard_error):
    metric = statistic(error, unit="GeV")
    for batch in halves(arrays):
        metric.update(batch)
    values = error(arrays["prediction"], arrays["target"])
    torch.testing.assert_close(metric.compute(), value(values))
    torch.testing.assert_close(metric.uncertainty(), standard_error(values))
    assert metric.unit == "GeV"
    assert int(metric.count) == 1000


def test_the_order_of_the_events_does_not_show_in_the_last_digit(statistic, value, standard_error):
    x = torch.randn(1001, generator=torch.Generator().manual_seed(3))
    found = []
    for order in (torch.arange(1001), torch.randperm(1001, generator=torch.Generator().manual_seed(4))):
        metric = statistic(lambda x: x)
        metric.update({"x": x[order]})
        found.append((float(metric.compute()), float(metric.uncertainty())))
    assert found[0] == found[1]


def test_survives_reset_clone_and_deepcopy(arrays, statistic, value, standard_error):
    metric = statistic(error)
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


def test_forward_returns_the_value_of_the_batch_and_accumulates(arrays, statistic, value, standard_error):
    metric = statistic(error)
    first, second = halves(arrays)
    metric(first)
    torch.testing.assert_close(metric(second), value(error(second["prediction"], second["target"])))
    assert int(metric.count) == 1000


def test_adds_up_over_processes(arrays, statistic, value, standard_error):
    """Two processes, imitated by a gather that returns the states of both."""
    first, second = halves(arrays)
    other = statistic(error)
    other.update(second)
    states = iter([torch.cat(other.seen)] * 2)
    metric = statistic(error)
    metric.dist_sync_fn = lambda state, group=None: [state, next(states)]
    metric.distributed_available_fn = lambda: True
    metric.update(first)
    values = error(arrays["prediction"], arrays["target"])
    torch.testing.assert_close(metric.compute(), value(values))
    torch.testing.assert_close(metric.uncertainty(), standard_error(values))
    assert int(metric.count) == 300


def test_nan_is_seen(statistic, value, standard_error):
    metric = statistic(lambda x: x)
    metric.update({"x": torch.tensor([1.0, torch.nan])})
    assert metric.compute().isnan()
    assert metric.uncertainty().isnan()


def test_one_value_per_event(statistic, value, standard_error):
    with pytest.raises(ValueError, match=r"expected one value per event, shape \(events,\), got \(4, 2\)"):
        statistic(lambda x: x).update({"x": torch.zeros(4, 2)})
