import torch

from physml.metrics.sample_mean import SampleMean


def test_standard_error_is_the_scatter_of_repeated_means():
    generator = torch.Generator().manual_seed(2)
    means, errors = [], []
    for _ in range(300):
        metric = SampleMean(lambda x: x)
        metric.update({"x": torch.rand(50, generator=generator)})
        means.append(metric.compute())
        errors.append(metric.uncertainty())
    ratio = torch.stack(means).std() / torch.stack(errors).mean()
    assert abs(float(ratio) - 1) < 3 / (2 * 300) ** 0.5
    assert abs(float(ratio) * 50**0.5 - 1) > 3 / (2 * 300) ** 0.5  # the spread of single values is not the error


def test_result_is_float64_although_values_are_float32():
    metric = SampleMean(lambda x: x)
    for _ in range(10):
        metric.update({"x": torch.full((2**20,), 0.1)})
    assert metric.compute().dtype == torch.float64
    assert abs(float(metric.compute()) - float(torch.tensor(0.1))) < 1e-9
