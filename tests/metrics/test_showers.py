import torch

from physml.metrics.showers import (
    accuracy,
    is_found,
    nearest_impact,
    nearest_impact_accuracy,
    nearest_impact_response,
    nearest_seed,
    nearest_seed_accuracy,
    nearest_seed_response,
    response,
    responses,
)

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
    assert is_found(prediction, TARGET, ENERGY, OFFSETS).tolist() == [[True, False], [True, True]]
    assert accuracy(prediction, TARGET, ENERGY, OFFSETS).tolist() == [0.5, 1]


def test_responses_are_those_of_each_shower_and_nothing_is_not_found():
    target = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.5, 0.5], [1.0, 0.0]])
    found = responses(TARGET, target, ENERGY, OFFSETS)
    torch.testing.assert_close(found[:, 0], response(TARGET, target, ENERGY, OFFSETS, 0))
    torch.testing.assert_close(found[1:, 1], response(TARGET, target, ENERGY, OFFSETS, 1))  # of events that have one
    torch.testing.assert_close(
        responses(target, target, ENERGY, OFFSETS)[0], torch.tensor([1, torch.nan]), equal_nan=True
    )
    half = torch.full_like(target, 0.5)
    torch.testing.assert_close(
        responses(half, target, ENERGY, OFFSETS)[0], torch.tensor([0.5, torch.nan]), equal_nan=True
    )
    assert is_found(target, target, ENERGY, OFFSETS).tolist() == [[True, False], [True, True]]


def test_what_left_no_energy_is_not_missed():
    target = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.5, 0.5], [1.0, 0.0]])
    assert accuracy(target, target, ENERGY, OFFSETS).tolist() == [1, 1]
    assert accuracy(0.6 * target, target, ENERGY, OFFSETS).tolist() == [0, 0]
    assert accuracy(target, target, torch.tensor([0.0, 0.0, 2.0, 2.0]), OFFSETS).tolist() == [1]
    assert accuracy(target, target, ENERGY, torch.tensor([0, 2, 2, 4])).tolist() == [1, 1]  # an empty event


def test_a_diverged_network_is_seen():
    nan = torch.full_like(TARGET, torch.nan)
    assert response(nan, TARGET, ENERGY, OFFSETS).isnan().all()
    assert accuracy(nan, TARGET, ENERGY, OFFSETS).tolist() == [0, 0]


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


def test_nearest_seed_takes_the_strongest_sensor_and_the_strongest_one_away_from_it():
    # The strongest sensor lies at x = 4; its neighbour at 3 is second but too near, so that the other seed is at −1,
    # which is nearer to the axis and stands for shower 0. The second event is the first without its weak sensors.
    position = torch.tensor([[4.0, 0, 5], [3, 0, 5], [-1, 0, 9], [1, 0, 9], [2, 0, 9], [4, 0, 5], [-1, 0, 9]])
    energy = torch.tensor([9.0, 8, 3, 1, 1, 9, 3])
    fractions = nearest_seed(energy, position, torch.tensor([0, 5, 5, 7]))
    assert fractions.argmax(1).tolist() == [1, 1, 0, 0, 1, 1, 0]
    assert (fractions.sum(1) == 1).all()


def test_nearest_seed_without_a_second_shower():
    # No sensor is far enough away from the strongest one, which is not the first of the event: shower 0 gets all.
    position = torch.tensor([[2.0, 0, 5], [0, 0, 5], [1, 0, 5]])
    fractions = nearest_seed(torch.tensor([1.0, 3, 2]), position, torch.tensor([0, 3]))
    assert fractions.tolist() == [[1, 0]] * 3


def test_a_far_sensor_is_the_second_seed_whatever_its_energy():
    position = torch.tensor([[1.0, 0, 5], [0, 0, 5], [4, 0, 5]])
    fractions = nearest_seed(torch.tensor([2.0, 3, 0]), position, torch.tensor([0, 3]))
    assert fractions.argmax(1).tolist() == [0, 0, 1]


def test_nearest_seed_is_judged_as_a_prediction_is():
    position = torch.tensor([[0.0, 0, 5], [4, 0, 5], [0, 0, 5], [4, 0, 5]])
    fractions = nearest_seed(ENERGY, position, OFFSETS)
    found = nearest_seed_response(position, TARGET, ENERGY, OFFSETS, shower=1)
    torch.testing.assert_close(found, response(fractions, TARGET, ENERGY, OFFSETS, 1))
    found = nearest_seed_accuracy(position, TARGET, ENERGY, OFFSETS)
    torch.testing.assert_close(found, accuracy(fractions, TARGET, ENERGY, OFFSETS))
