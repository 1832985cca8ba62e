import torch

from physml.metrics.sample_spread import SampleSpread


def test_standard_error_is_the_scatter_of_repeated_spreads():
    generator = torch.Generator().manual_seed(2)

    def ratio(draw):
        metrics = [SampleSpread(lambda x: x) for _ in range(400)]
        for metric in metrics:
            metric.update({"x": draw()})
        scatter = torch.stack([metric.compute() for metric in metrics]).std()
        return float(scatter / torch.stack([metric.uncertainty() for metric in metrics]).mean())

    def heavy():  # Student's t with 12 degrees of freedom, scaled: kurtosis 3.75, of which t's normal formula is short
        normal = torch.randn(4000, 13, generator=generator)
        return normal[:, 0] / normal[:, 1:].square().mean(1).sqrt()

    tolerance = 3 / (2 * 400) ** 0.5
    assert abs(ratio(lambda: torch.randn(1000, generator=generator)) - 1) < tolerance
    assert abs(ratio(heavy) - 1) < tolerance
    assert abs(ratio(lambda: torch.rand(1000, generator=generator)) - 1) < tolerance  # light tails


def test_equal_values_have_no_error_and_nan_is_seen():
    for values, expected in (([2.0, 2.0, 2.0], 0.0), ([2.0, torch.nan, 1.0], torch.nan)):
        metric = SampleSpread(lambda x: x)
        metric.update({"x": torch.tensor(values)})
        torch.testing.assert_close(float(metric.uncertainty()), expected, equal_nan=True)


def test_result_is_float64_although_values_are_float32():
    metric = SampleSpread(lambda x: x)
    x = torch.tensor([1000.0, 1001.0]).repeat(2**20)
    metric.update({"x": x})
    assert metric.compute().dtype == torch.float64
    assert abs(float(metric.compute()) - 0.5) < 1e-6
