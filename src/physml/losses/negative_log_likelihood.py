"""Negative log-likelihood of a density's own values."""

from torch import Tensor, nn


class NegativeLogLikelihood(nn.Module):
    r"""Mean of minus the predicted log-density of the data.

    .. math::
        L = -\frac1n \sum_i \log q(x_i)

    Its expectation is the entropy of the data plus the Kullback–Leibler divergence of q from the data's density.

    Units:
        Nats. The network must give log q of a *normalised* density (a flow, a Gaussian); any other learns to answer
        infinity.

    Shapes:
        prediction: (events,) log q; returns a scalar.

    Raises:
        ValueError: The prediction is not one number per event.

    Example:
        >>> import torch
        >>> NegativeLogLikelihood()(torch.tensor([-1.0, -3.0]))
        tensor(2.)
    """

    def forward(self, prediction: Tensor) -> Tensor:
        """Return the loss of a batch."""
        if prediction.ndim != 1:
            raise ValueError(
                f"expected log-densities of shape (events,), got {tuple(prediction.shape)}: choose a network that "
                "gives one log-density per event (network=flow or network=gaussian)"
            )
        return -prediction.mean()
