import copy

import pytest
import torch

from physml.metrics.area_under_roc import AreaUnderRoc, area_under_roc


def score(prediction):
    return prediction


def pairwise(score, label):
    """Slow, obvious reference: compare every signal event with every background event."""
    difference = score[label][:, None] - score[~label][None, :]
    return ((difference > 0).double() + 0.5 * (difference == 0).double()).mean()


@pytest.fixture
def arrays():
    generator = torch.Generator().manual_seed(3)
    label = torch.rand(500, generator=generator) < 0.3
    return {"prediction": torch.randn(500, generator=generator) + label, "label": label.long()}


def halves(arrays):
    return [{name: array[part] for name, array in arrays.items()} for part in (slice(0, 200), slice(200, None))]


@pytest.mark.parametrize("decimals", [0, 1, 6])  # many, some and hardly any ties
def test_ranks_agree_with_all_pairs(arrays, decimals):
    value, label = arrays["prediction"].round(decimals=decimals), arrays["label"].bool()
    torch.testing.assert_close(area_under_roc(value, label), pairwise(value, label))


def test_perfect_reversed_and_useless_scores():
    label = torch.tensor([False, False, True, True])
    assert float(area_under_roc(torch.tensor([0.0, 1.0, 2.0, 3.0]), label)) == 1
    assert float(area_under_roc(torch.tensor([3.0, 2.0, 1.0, 0.0]), label)) == 0
    assert float(area_under_roc(torch.zeros(4), label)) == 0.5


def test_invariant_under_monotone_maps_of_the_score(arrays):
    label = arrays["label"].bool()
    value = arrays["prediction"].double()
    torch.testing.assert_close(area_under_roc(value.exp(), label), area_under_roc(value, label))
    assert not torch.isclose(area_under_roc(value.square(), label), area_under_roc(value, label))


def test_batches_give_the_area_of_the_whole_sample(arrays):
    metric = AreaUnderRoc(score)
    for batch in halves(arrays):
        metric.update(batch)
    torch.testing.assert_close(metric.compute(), pairwise(arrays["prediction"], arrays["label"].bool()))
    assert metric.count == 500
    assert metric.unit == ""


def test_uncertainty_is_the_scatter_over_repeated_samples():
    """Exponential scores, for which Hanley and McNeil's formula is exact."""
    generator = torch.Generator().manual_seed(4)
    label = torch.arange(90) < 30
    areas, errors = [], []
    for _ in range(400):
        metric = AreaUnderRoc(score)
        draw = torch.empty(90, dtype=torch.float64).exponential_(generator=generator)
        metric.update({"prediction": torch.where(label, 4 * draw, draw), "label": label.long()})
        areas.append(metric.compute())
        errors.append(metric.uncertainty())
    ratio = float(torch.stack(areas).std() / torch.stack(errors).mean())
    tolerance = 3 / (2 * 400) ** 0.5
    assert abs(ratio - 1) < tolerance
    mean = float(torch.stack(areas).mean())
    binomial = (mean * (1 - mean) / 90) ** 0.5  # the naive error of a fraction must fail
    assert abs(float(torch.stack(areas).std()) / binomial - 1) > tolerance


def test_survives_reset_clone_and_deepcopy(arrays):
    metric = AreaUnderRoc(score)
    first, second = halves(arrays)
    metric.update(first)
    expected = metric.compute()
    others = [metric.clone(), copy.deepcopy(metric)]
    metric.reset()
    assert metric.count == 0
    metric.update(second)
    for other in others:
        torch.testing.assert_close(other.compute(), expected)
    assert not torch.isclose(metric.compute(), expected)


def test_adds_up_over_processes(arrays):
    """Two processes, imitated by a gather that returns the states of both."""
    first, second = halves(arrays)
    states = iter([second["prediction"], second["label"].bool()] * 2)
    metric = AreaUnderRoc(score)
    metric.dist_sync_fn = lambda state, group=None: [state, next(states)]
    metric.distributed_available_fn = lambda: True
    metric.update(first)
    whole = AreaUnderRoc(score)
    whole.update(arrays)
    torch.testing.assert_close(metric.compute(), whole.compute())
    torch.testing.assert_close(metric.uncertainty(), whole.uncertainty())
    assert metric.count == 200


def test_undefined_areas_are_nan(arrays):
    only_background = AreaUnderRoc(score)
    only_background.update({"prediction": torch.arange(3.0), "label": torch.zeros(3, dtype=torch.int64)})
    assert only_background.compute().isnan()
    assert only_background.uncertainty().isnan()
    diverged = AreaUnderRoc(score)
    diverged.update(arrays | {"prediction": arrays["prediction"].clone().fill_(torch.nan)})
    assert diverged.compute().isnan()


def test_errors_say_what_to_do(arrays):
    with pytest.raises(ValueError, match="expected labels in array 'is_top', got only label, prediction: set `label`"):
        AreaUnderRoc(score, label="is_top").update(arrays)
    with pytest.raises(ValueError, match=r"expected labels 0 and 1 in 'label', got \[0, 2\]"):
        AreaUnderRoc(score).update(arrays | {"label": 2 * arrays["label"]})
    with pytest.raises(ValueError, match="expected one value per event"):
        AreaUnderRoc(score).update(arrays | {"prediction": torch.zeros(500, 2)})


def test_ranks_of_many_events_are_exact():
    score = torch.arange(2**24 + 4, dtype=torch.float64)
    label = torch.zeros(len(score), dtype=torch.bool)
    label[-1] = label[-4] = True
    background = len(score) - 2
    expected = (background - 2 + background) / (2 * background)  # two of the background are above the first
    assert float(area_under_roc(score, label)) == expected
