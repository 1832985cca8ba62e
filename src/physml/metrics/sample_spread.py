"""Standard deviation of a per-event value over a sample."""

from torch import Tensor

from physml.metrics.sample import SampleStatistic


class SampleSpread(SampleStatistic):
    r"""Standard deviation of a per-event value over a sample, such as a resolution, with its standard error.

    .. math::
        s^2 = \frac{1}{n - 1} \sum_i (v_i - \bar v)^2, \qquad
        \sigma_s = \frac{s}{\sqrt{2 n}}

    The standard error holds for values that are normally distributed; heavier tails make it larger. The spread of fewer
    than two values is NaN.

    Units and arguments: those of `physml.metrics.sample.SampleStatistic`.

    Example:
        >>> import torch
        >>> spread = SampleSpread(lambda x: x, unit="GeV")
        >>> spread.update({"x": torch.tensor([1.0, 2.0, 3.0])})
        >>> round(float(spread.compute()), 3), round(float(spread.uncertainty()), 3)
        (1.0, 0.408)
    """

    def statistic(self, values: Tensor) -> Tensor:
        """Return the standard deviation."""
        return values.std()

    def standard_error(self, values: Tensor) -> Tensor:
        """Return the standard error of the standard deviation."""
        return values.std() / (2 * len(values)) ** 0.5
