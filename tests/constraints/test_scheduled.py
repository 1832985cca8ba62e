import pytest

from physml.constraints.scheduled import ScheduledWeighting


@pytest.mark.parametrize(
    ("progress", "expected"), [(0.0, 0.0), (0.2, 0.0), (0.3, 0.25), (0.4, 0.5), (0.6, 1.0), (0.7, 1.0), (1.0, 1.0)]
)
def test_ramp(progress, expected):
    gammas = ScheduledWeighting(start=0.2, end=0.6)({"energy": 1.0, "mass": 4.0}, {}, progress)
    assert gammas == pytest.approx({"energy": expected, "mass": 4.0 * expected})


def test_equal_ends_switch_on_at_once():
    switch = ScheduledWeighting(start=0.5, end=0.5)
    assert [switch({"energy": 2.0}, {}, t)["energy"] for t in (0.0, 0.49, 0.5, 1.0)] == [0.0, 0.0, 2.0, 2.0]


@pytest.mark.parametrize(("start", "end"), [(0.6, 0.2), (-0.1, 0.5), (0.0, 20)])
def test_refuses_what_is_not_a_part_of_the_training(start, end):
    with pytest.raises(ValueError, match=f"got start={start} and end={end}"):
        ScheduledWeighting(start=start, end=end)
