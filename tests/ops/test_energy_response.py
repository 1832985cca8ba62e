import torch

from physml.metrics.showers import responses
from physml.ops.energy_response import response_deviation


def test_it_is_that_of_the_figures_of_merit_where_there_is_any_energy():
    offsets, energy = torch.tensor([0, 2, 4]), torch.tensor([3.0, 1.0, 2.0, 2.0], dtype=torch.float64)
    target = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.5, 0.5], [1.0, 0.0]], dtype=torch.float64)
    prediction = torch.rand(4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    deviation, seen = response_deviation(prediction, target, energy, offsets)
    assert seen.tolist() == [[True, False], [True, True]]
    torch.testing.assert_close(deviation[seen], (responses(prediction, target, energy, offsets) - 1)[seen])
    assert deviation[0, 1] == 0
