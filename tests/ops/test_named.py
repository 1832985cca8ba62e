import functools

import pytest
import torch
from torch import nn

from physml.ops.named import call, parameters


class Sum(nn.Module):
    def forward(self, x, y, scale=2.0):
        return scale * (x + y)


ARRAYS = {"x": 1.0, "y": 2.0, "z": 3.0}


def test_a_function_gets_what_it_names():
    assert call(lambda z, x: (z, x), ARRAYS) == (3.0, 1.0)


def test_a_module_is_asked_by_its_forward():
    assert call(Sum(), ARRAYS) == 6.0
    assert parameters(Sum()) == {"x": True, "y": True, "scale": False}


def test_an_optional_parameter_takes_an_array_of_its_name():
    assert call(Sum(), ARRAYS | {"scale": 3.0}) == 9.0


def test_a_partial_keeps_what_was_bound():
    assert call(functools.partial(Sum().forward, scale=1.0), {"x": 1.0, "y": 2.0}) == 3.0


def test_what_a_partial_was_given_wins_over_an_array_of_that_name():
    assert call(functools.partial(Sum().forward, scale=1.0), ARRAYS | {"scale": 7.0}) == 3.0


def test_a_method_is_not_asked_for_its_self():
    assert parameters(Sum().forward) == parameters(Sum())


def test_open_arguments_get_nothing():
    assert call(lambda x, **rest: (x, rest), ARRAYS) == (1.0, {})
    assert call(lambda x, *rest: (x, rest), ARRAYS) == (1.0, ())


def test_two_instances_are_told_apart():
    class Other(nn.Module):
        def forward(self, z):
            return -z

    assert (call(Sum(), ARRAYS), call(Other(), ARRAYS), call(Sum(), ARRAYS)) == (6.0, -3.0, 6.0)


def test_losses_of_torch_are_called_by_name():
    arrays = {"input": torch.ones(3), "target": torch.zeros(3), "x": torch.ones(1)}
    assert call(nn.MSELoss(), arrays) == 1.0


def test_what_is_missing_is_named_with_what_there_is():
    with pytest.raises(TypeError, match="Sum reads 'y', but there is only x, z: choose data that provide it"):
        call(Sum(), {"x": 1.0, "z": 1.0})


def test_the_name_of_a_partial_is_that_of_its_function():
    def resolution(energy):
        return energy

    with pytest.raises(TypeError, match="resolution reads 'energy'"):
        call(functools.partial(resolution), {"x": 1.0})
