from types import SimpleNamespace

import pytest
import torch

from physml.losses.reconstruction import ReconstructionError


def test_it_is_the_mean_squared_error():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert ReconstructionError()(SimpleNamespace(reconstruction=x + torch.tensor([[0.0, 2.0], [1.0, 0.0]])), x) == 5 / 4


def test_a_prediction_without_one_is_refused():
    with pytest.raises(ValueError, match=r"expected a prediction with a reconstruction, got a Tensor: use network="):
        ReconstructionError()(torch.zeros(2, 2), torch.zeros(2, 2))
