"""Standard deviation of a per-event value over a sample."""

from torch import Tensor

from physml.metrics.sample import SampleStatistic


class SampleSpread(SampleStatistic):
    r"""Standard deviation of a per-event value over a sample, such as a resolution, with its standard error.

    .. math::
        s^2 = \frac{1}{n - 1} \sum_i (v_i - \bar v)^2, \qquad
        \sigma_s = \frac{1}{2 s} \sqrt{\frac{m_4 - m_2^2}{n}}, \qquad
        m_k = \frac1n \sum_i (v_i - \bar v)^k

    The standard error is that of a large sample of any distribution with a fourth moment; of a normal one it is
    :math:`s / \sqrt{2 n}`, and heavy tails make it several times larger. The spread of fewer than two values is NaN.

    Source: Kendall and Stuart, The Advanced Theory of Statistics, vol. 1, chapter 10.

    Units and arguments: those of `physml.metrics.sample.SampleStatistic`.

    Example:
        >>> import torch
        >>> spread = SampleSpread(lambda x: x, unit="GeV")
        >>> spread.update({"x": torch.tensor([1.0, 2.0, 3.0])})
        >>> round(float(spread.compute()), 3), round(float(spread.uncertainty()), 3)
        (1.0, 0.136)
    """

    def statistic(self, values: Tensor) -> Tensor:
        """Return the standard deviation."""
        return values.std()

    def standard_error(self, values: Tensor) -> Tensor:
        """Return the standard error of the standard deviation."""
        squares, spread = (values - values.mean()).square(), values.std()
        error = squares.std(correction=0) / (2 * spread * len(values) ** 0.5)
        return error.where(spread > 0, spread)  # equal values have no error, and NaN stays NaN
