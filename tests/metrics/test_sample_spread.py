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

    tolerance = 3 / (2 * 400) ** 0.5
    assert abs(ratio(lambda: torch.randn(100, generator=generator)) - 1) < tolerance
    assert ratio(lambda: torch.randn(100, generator=generator).pow(3)) > 1 + tolerance  # heavy tails, as documented


def test_result_is_float64_although_values_are_float32():
    metric = SampleSpread(lambda x: x)
    x = torch.tensor([1000.0, 1001.0]).repeat(2**20)
    metric.update({"x": x})
    assert metric.compute().dtype == torch.float64
    assert abs(float(metric.compute()) - 0.5) < 1e-6
