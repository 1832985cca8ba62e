"""Per-event figures of merit of a density."""

from torch import Tensor


def divergence(prediction: Tensor, log_density: Tensor) -> Tensor:
    r"""Contribution of each event to the Kullback–Leibler divergence of the learned density from the true one.

    .. math::
        \mathrm{KL}(p \| q) = \left\langle \log p(x_i) - \log q(x_i) \right\rangle_{x_i \sim p} \ge 0

    Units:
        Nats.

    Shapes:
        prediction (log q), log_density (log p): (events,); returns (events,).
    """
    return log_density - prediction


def negative_log_likelihood(prediction: Tensor) -> Tensor:
    """Minus the log-density of each event, in nats; (events,) → (events,)."""
    return -prediction
