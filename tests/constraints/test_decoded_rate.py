from types import SimpleNamespace

import torch

from physml.constraints.decoded_rate import DecodedRate


def test_it_is_the_mean_square_of_the_error():
    prediction = SimpleNamespace(decoded_rate=torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    y = torch.tensor([[1.0, 0.0], [3.0, 7.0]])
    assert DecodedRate()(prediction, y).item() == 13 / 4
    assert torch.equal(DecodedRate().residual(prediction, y), torch.tensor([[0.0, 2.0], [0.0, -3.0]]))
