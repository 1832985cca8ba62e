import torch
from torch import nn

from physml.constraints.data_misfit import DataMisfit


def test_it_is_the_mean_squared_distance():
    x, y = torch.tensor([[1.0, 2.0], [3.0, 5.0]]), torch.tensor([[1.0, 0.0], [1.0, 2.0]])
    law = DataMisfit()
    assert law.residual(nn.Identity(), x, y).tolist() == [[0.0, 2.0], [2.0, 3.0]]
    assert law(nn.Identity(), x, y).item() == (4 + 13) / 2


def test_what_was_not_measured_does_not_matter():
    x, y = torch.tensor([[1.0, 2.0, 9.0], [3.0, 5.0, 7.0]]), torch.tensor([[1.0, 0.0, 0.0], [1.0, 2.0, 0.0]])
    law = DataMisfit(components=[0, 1])
    assert law.residual(nn.Identity(), x, y).tolist() == [[0.0, 2.0], [2.0, 3.0]]
    assert DataMisfit(components=[2])(nn.Identity(), x, y).item() == (81 + 49) / 2
