"""A distance without its kink."""

import math

import torch
from torch import Tensor


def rounded_distance(s: Tensor, width: Tensor | float) -> Tensor:
    r"""Return the mean distance of points from 0 that are spread about s.

    .. math:: R(s) = \langle |s + \tfrac{w}{\sqrt 2}\, \xi| \rangle
              = s\, \operatorname{erf}\frac sw + \frac{w}{\sqrt\pi}\, e^{-s^2 / w^2}, \qquad \xi \sim \mathcal N(0, 1)

    It is smooth, and far from 0 it is |s|. With :math:`w = \sqrt{4 D t}` it is what diffusion makes of |s|.

    Units: w in those of s.

    Args:
        s: Where.
        width: w > 0.

    Shapes: those of s

    Example:
        >>> rounded_distance(torch.tensor([0.0, 1.0, -2.0]), 0.1)
        tensor([0.0564, 1.0000, 2.0000])
    """
    return s * torch.erf(s / width) + width / math.sqrt(math.pi) * torch.exp(-((s / width) ** 2))
