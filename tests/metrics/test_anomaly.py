import torch

from physml.metrics.anomaly import image_of, reconstruction_error
from physml.metrics.area_under_roc import AreaUnderRoc
from physml.networks.variational_autoencoder import Reconstruction


def test_error_is_the_mean_over_the_pixels_of_each_event():
    prediction = torch.zeros(2, 1, 2, 2)
    target = torch.tensor([[[[1.0, 0], [0, 0]]], [[[2.0, 2], [2, 2]]]])
    torch.testing.assert_close(reconstruction_error(prediction, target), torch.tensor([0.25, 4.0]))
    torch.testing.assert_close(
        reconstruction_error(prediction, target).mean(), torch.nn.functional.mse_loss(prediction, target)
    )


def test_a_record_with_an_image_scores_as_the_image():
    image, target = torch.rand(3, 1, 4, 4), torch.rand(3, 1, 4, 4)
    record = Reconstruction(image, torch.zeros(3, 2), torch.zeros(3, 2))
    assert image_of(record) is image
    assert image_of(image) is image
    torch.testing.assert_close(reconstruction_error(record, target), reconstruction_error(image, target))


def test_what_the_network_has_not_seen_scores_higher():
    generator = torch.Generator().manual_seed(0)
    known = torch.rand(100, 1, 1, 1, generator=generator) * torch.ones(1, 4, 4)
    strange = torch.rand(100, 1, 4, 4, generator=generator)
    target = torch.cat([known, strange])
    label = (torch.arange(200) >= 100).long()
    flat = target.mean((2, 3), keepdim=True).expand_as(target)  # reconstructs even images perfectly
    area = AreaUnderRoc(reconstruction_error)
    area.update({"prediction": flat, "target": target, "label": label})
    assert float(area.compute()) == 1
    blind = AreaUnderRoc(reconstruction_error)
    blind.update({"prediction": target, "target": target, "label": label})  # reconstructs all: sees no anomaly
    assert float(blind.compute()) == 0.5
