"""Mean of a per-event value over a sample."""

from torch import Tensor

from physml.metrics.sample import SampleStatistic


class SampleMean(SampleStatistic):
    r"""Mean of a per-event value over a sample, with its standard error.

    .. math::
        \bar v = \frac{1}{n} \sum_i v_i, \qquad
        \sigma_{\bar v} = \frac{s}{\sqrt n}, \qquad
        s^2 = \frac{1}{n - 1} \sum_i (v_i - \bar v)^2

    The standard error of fewer than two values is NaN.

    Units and arguments: those of `physml.metrics.sample.SampleStatistic`.

    Example:
        >>> import torch
        >>> mean = SampleMean(lambda x: x, unit="GeV")
        >>> mean.update({"x": torch.tensor([1.0, 2.0, 3.0])})
        >>> round(float(mean.compute()), 3), round(float(mean.uncertainty()), 3)
        (2.0, 0.577)
    """

    def statistic(self, values: Tensor) -> Tensor:
        """Return the mean."""
        return values.mean()

    def standard_error(self, values: Tensor) -> Tensor:
        """Return the standard error of the mean."""
        return values.std() / len(values) ** 0.5
