import pytest
import torch

from physml.constraints.factors import gammas


def test_factors_of_terms_become_weights_by_name():
    found = gammas(torch.tensor([2.0, 3.0, 5.0]), {"energy": 0.5, "mass": 0.0})
    assert {name: value.item() for name, value in found.items()} == {"loss": 2.0, "energy": 1.5, "mass": 0.0}


def test_each_term_has_one():
    with pytest.raises(ValueError, match="longer"):
        gammas(torch.ones(3), {"energy": 1.0})
