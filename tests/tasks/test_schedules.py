import math

import pytest
import torch

from physml.tasks.schedules import cosine


def rates(steps, total, **settings):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=2.0)
    schedule = cosine(optimizer, total, **settings)
    found = []
    for _ in range(steps):
        found.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return found


def test_it_follows_the_formula():
    warmup, final, total = 20, 0.1, 100
    found = rates(total + 1, total, warmup=0.2, final=final)
    for step in range(warmup, total + 1):
        t = (step - warmup) / (total - warmup)
        assert found[step] == pytest.approx(2 * (final + (1 - final) / 2 * (1 + math.cos(math.pi * t))))
    assert found[:warmup] == pytest.approx([2 * (step + 1) / warmup for step in range(warmup)])


def test_it_rises_then_falls():
    found = rates(100, 100)
    peak = found.index(max(found))
    assert found[peak] == 2.0
    assert found[:peak] == sorted(found[:peak])
    assert found[peak:] == sorted(found[peak:], reverse=True)


def test_without_warm_up_it_is_the_one_of_torch():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=2.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=49)
    expected = []
    for _ in range(50):
        expected.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert rates(51, 50, warmup=0.0)[1:] == pytest.approx(expected, abs=1e-12)


def test_it_stays_down_after_its_end():
    assert rates(30, 20)[21:] == pytest.approx([0.0] * 9)


@pytest.mark.parametrize("total", [1, 2])
def test_very_short_trainings(total):
    assert all(0 <= rate <= 2 for rate in rates(total, total))
    assert rates(1, total)[0] == 2.0
