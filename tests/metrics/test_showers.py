import torch

from physml.metrics.showers import accuracy, nearest_impact, nearest_impact_accuracy, nearest_impact_response, response

OFFSETS = torch.tensor([0, 2, 4])
ENERGY = torch.tensor([3.0, 1.0, 2.0, 2.0])
TARGET = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])


def test_response_of_the_truth_is_one():
    for shower in (0, 1):
        torch.testing.assert_close(response(TARGET, TARGET, ENERGY, OFFSETS, shower), torch.ones(2))
    assert accuracy(TARGET, TARGET, ENERGY, OFFSETS).tolist() == [1, 1]


def test_response_by_hand():
    half = torch.full((4, 2), 0.5)
    torch.testing.assert_close(response(half, TARGET, ENERGY, OFFSETS, 0), torch.tensor([2 / 3, 2 / 3]))
    torch.testing.assert_close(response(half, TARGET, ENERGY, OFFSETS, 1), torch.tensor([2.0, 2.0]))
    assert accuracy(half, TARGET, ENERGY, OFFSETS).tolist() == [0, 0]


def test_accuracy_counts_each_shower():
    # Shower 0 of the first event has R = 2.5/3, within 30 %; shower 1 has R = 1.5, outside.
    prediction = TARGET.clone()
    prediction[0] = torch.tensor([2.5 / 3, 0.5 / 3])
    assert accuracy(prediction, TARGET, ENERGY, OFFSETS).tolist() == [0.5, 1]


def test_nearest_impact_takes_the_impacts_of_the_own_event():
    position = torch.tensor([[0.0, 0, 5], [2, 0, 5], [0, 0, 5], [2, 0, 5]])
    impact = torch.tensor([[[0.0, 0], [2, 0]], [[2, 0], [0, 0]]])
    fractions = nearest_impact(position, impact, OFFSETS)
    assert fractions.argmax(1).tolist() == [0, 1, 1, 0]
    assert (fractions.sum(1) == 1).all()
    expected = response(fractions, TARGET, ENERGY, OFFSETS)
    torch.testing.assert_close(nearest_impact_response(position, impact, TARGET, ENERGY, OFFSETS), expected)
    expected = accuracy(fractions, TARGET, ENERGY, OFFSETS)
    torch.testing.assert_close(nearest_impact_accuracy(position, impact, TARGET, ENERGY, OFFSETS), expected)
