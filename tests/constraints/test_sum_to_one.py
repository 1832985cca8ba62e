import torch

from physml.constraints.sum_to_one import SumToOne


def test_fractions_fulfil_the_law_and_others_break_it():
    x = torch.randn(4, 7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert SumToOne()(x.softmax(-1)) < 1e-30
    assert SumToOne()(x.sigmoid()) > 1e-2


def test_value_and_gradient():
    prediction = torch.tensor([[0.5, 1.0], [0.25, 0.75]], dtype=torch.float64, requires_grad=True)
    penalty = SumToOne(weight=3.0)(prediction)
    assert penalty.item() == 0.125  # the weight is the task's to apply
    assert torch.autograd.gradcheck(SumToOne(), prediction)
