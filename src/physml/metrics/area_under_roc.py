"""Area under the receiver operating characteristic."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities.data import dim_zero_cat

from physml.metrics.per_event import per_event


class AreaUnderRoc(Metric):
    r"""Area under the receiver operating characteristic: how often a signal event scores above a background event.

    .. math::
        A = P(s_S > s_B) + \tfrac12 P(s_S = s_B), \qquad
        \sigma_A^2 = \frac{A (1 - A) + (n_S - 1)(Q_1 - A^2) + (n_B - 1)(Q_2 - A^2)}{n_S n_B},
        \qquad Q_1 = \frac{A}{2 - A}, \quad Q_2 = \frac{2 A^2}{1 + A}

    The area is exact (the Mann–Whitney statistic by ranks, ties counted half). A sample of only signal or only
    background, or a NaN score, gives NaN.

    Units: a pure number in [0, 1]; 0.5 is chance.

    Source: J. A. Hanley and B. J. McNeil 1982, Radiology 143, 29, doi:10.1148/radiology.143.1.7063747, for the
    standard error, which assumes exponentially distributed scores and is insensitive to that.

    Args:
        score: Function of arrays by their names (`prediction`, `target`, `network`, or any array of the batch) that
            gives one score per event, larger for signal, shape (events,).
        label: Name of the array with the class of each event: 1 signal, 0 background.

    Example:
        >>> area = AreaUnderRoc(lambda x: x)
        >>> area.update({"x": torch.tensor([1.0, 2.0, 3.0, 4.0]), "label": torch.tensor([0, 1, 0, 1])})
        >>> float(area.compute())
        0.75
    """

    full_state_update = False
    unit = ""
    scores: list[Tensor]
    labels: list[Tensor]

    def __init__(self, score: Callable[..., Tensor], label: str = "label") -> None:
        super().__init__()
        self.score = score
        self.label = label
        self.add_state("scores", [], dist_reduce_fx="cat")
        self.add_state("labels", [], dist_reduce_fx="cat")

    def update(self, arrays: Mapping[str, Tensor]) -> None:
        """Add the events of one batch, given as arrays by name.

        Raises:
            ValueError: The scores are not one per event, there is no array of labels, or a label is not 0 or 1.
        """
        scores = per_event(self.score, arrays)
        if self.label not in arrays:
            raise ValueError(
                f"expected labels in array {self.label!r}, got only {', '.join(sorted(arrays))}: set `label`"
            )
        labels = arrays[self.label].detach()
        if scores.ndim != 1 or scores.shape != labels.shape:
            raise ValueError(
                f"expected one score and one label per event, shape (events,), got {tuple(scores.shape)} and "
                f"{tuple(labels.shape)}: reduce each event"
            )
        if not bool(((labels == 0) | (labels == 1)).all()):
            raise ValueError(f"expected labels 0 and 1 in {self.label!r}, got {labels.unique().tolist()}: encode them")
        self.scores.append(scores)
        self.labels.append(labels.bool())

    @property
    def count(self) -> int:
        """Number of events so far in this process."""
        return sum(len(labels) for labels in self.labels)

    def compute(self) -> Tensor:
        """Return the area of all events so far, float64."""
        return area_under_roc(*self._all())

    def uncertainty(self) -> Tensor:
        """Return the standard error of the area by Hanley and McNeil, float64, over all processes."""
        with self.sync_context(dist_sync_fn=self.dist_sync_fn):
            scores, labels = self._all()
        area = area_under_roc(scores, labels)
        signal = labels.sum()
        background = len(labels) - signal
        first, second = area / (2 - area), 2 * area**2 / (1 + area)
        variance = area * (1 - area) + (signal - 1) * (first - area**2) + (background - 1) * (second - area**2)
        return torch.sqrt(variance / (signal * background))

    def _all(self) -> tuple[Tensor, Tensor]:
        # On the CPU, as not every accelerator knows float64.
        return dim_zero_cat(self.scores).cpu(), dim_zero_cat(self.labels).cpu()


def area_under_roc(score: Tensor, label: Tensor) -> Tensor:
    r"""Return the area under the receiver operating characteristic by the rank-sum formula.

    .. math::
        A = \frac{R_S - n_S (n_S + 1) / 2}{n_S n_B}

    with :math:`R_S` the sum of the signal events' ranks among all events, tied events sharing their mean rank.

    Units: a pure number.

    Source: H. B. Mann and D. R. Whitney 1947, Ann. Math. Statist. 18, 50, doi:10.1214/aoms/1177730491.

    Args:
        score: Score of each event, larger for signal, shape (events,).
        label: True for signal, shape (events,), bool.

    Returns:
        The area, float64, shape ().
    """
    _, group, size = torch.unique(score, return_inverse=True, return_counts=True)
    rank = (size.cumsum(0).double() - (size.double() - 1) / 2)[group]
    signal = label.sum().double()
    background = len(label) - signal
    area = (rank[label].sum() - signal * (signal + 1) / 2) / (signal * background)
    return torch.where(score.isnan().any(), torch.nan, area)
