"""The weights γ_k of the constraints, ramped up in the course of the training."""

from torch import Tensor, nn


class ScheduledWeighting(nn.Module):
    r"""Constraints come in gradually, so that the network first learns the data.

    .. math:: \gamma_k(t) = w_k \, \min\left(1, \max\left(0, \frac{t - t_0}{t_1 - t_0}\right)\right)

    With :math:`t_0 = t_1` the constraints switch on at that moment.

    Units: none; :math:`t` is the part of the training that is done.

    Args:
        start: :math:`t_0`, when the ramp leaves 0.
        end: :math:`t_1`, when the ramp reaches 1.

    Raises:
        ValueError: Unless 0 ≤ start ≤ end ≤ 1.

    Example:
        >>> ScheduledWeighting(start=0.25, end=0.75)({"energy": 0.5}, penalties={}, progress=0.5)
        {'energy': 0.25}
    """

    def __init__(self, start: float = 0.2, end: float = 0.8) -> None:
        super().__init__()
        if not 0 <= start <= end <= 1:
            raise ValueError(
                f"expected 0 <= start <= end <= 1, got start={start} and end={end}: "
                "give parts of the training, not epochs"
            )
        self.start = start
        self.end = end

    def forward(self, weights: dict[str, float], penalties: dict[str, Tensor], progress: float) -> dict[str, float]:
        """Return γ_k(t) by the constraint's name.

        Args:
            weights: w_k, the ``weight`` of each constraint by name.
            penalties: Ω_k of this batch by name; not used here.
            progress: t, the part of the training that is done, 0 to 1.
        """
        ramp = self._ramp(progress)
        return {name: weight * ramp for name, weight in weights.items()}

    def _ramp(self, progress: float) -> float:
        if self.start == self.end:
            return float(progress >= self.start)
        return min(1.0, max(0.0, (progress - self.start) / (self.end - self.start)))

    def extra_repr(self) -> str:
        """Show the ramp's ends when the module is printed."""
        return f"start={self.start}, end={self.end}"
