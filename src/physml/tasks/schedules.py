"""Schedules of the learning rate over a whole training."""

import math
import warnings

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler


def cosine(optimizer: Optimizer, total_steps: int, warmup: float = 0.05, final: float = 0.0) -> LambdaLR:
    r"""Linear warm-up, then half a cosine down to the final learning rate.

    .. math::
        \eta(t) = \eta_0 \begin{cases}
            t / t_w & t < t_w \\
            \eta_f + \tfrac{1}{2} (1 - \eta_f) \left[ 1 + \cos \pi \frac{t - t_w}{T - t_w} \right] & t \ge t_w
        \end{cases}

    Source: Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", arXiv 1608.03983, eq. 5,
    without restarts.

    Args:
        optimizer: Its learning rate is :math:`\eta_0`.
        total_steps: T, the steps of the training.
        warmup: :math:`t_w / T`.
        final: :math:`\eta_f`, the final learning rate as a part of :math:`\eta_0`.
    """
    rise = max(1, round(warmup * total_steps))

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        angle = math.pi * min(1.0, (step - rise) / max(1, total_steps - rise))
        return final + (1 - final) * 0.5 * (1 + math.cos(angle))

    return LambdaLR(optimizer, factor)


def bring_to_step(scheduler: LRScheduler, step: int) -> None:
    """Bring a new schedule to where it is after some steps of the optimizer."""
    with warnings.catch_warnings(action="ignore"):  # the optimizer that these steps were taken with was another one
        for _ in range(step):
            scheduler.step()
