"""Laws of evolution as networks: what rates of change are, given fields and their slopes at the same point."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from physml.networks.field import JetLinear


class LearntLaw(nn.Module):
    r"""Rates of change as a perceptron of what they depend on at the same point.

    .. math:: N(z; w) = s_N\, f(z / s; w)

    The scales are those of data, found once by `calibrate`: s is four standard deviations, so that tanh bends within
    the data and does not saturate there, and 1 for what does not vary. With weights kept small, N then goes on smoothly
    beyond the data.

    Units: s in those of z, s_N in those of the rates.

    Args:
        inputs: Number of the z.
        rates: Number of the N.
        hidden: Widths of the hidden layers.

    Shapes: z (points, inputs) → (points, rates), in double precision
    """

    def __init__(self, inputs: int, rates: int = 1, hidden: Sequence[int] = (20, 20)) -> None:
        super().__init__()
        widths = [inputs, *hidden, rates]
        self.layers = nn.ModuleList(JetLinear(a, b, dtype=torch.float64) for a, b in pairwise(widths))
        for layer in self.layers:
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.register_buffer("scale", torch.ones(inputs, dtype=torch.float64))
        self.register_buffer("rate_scale", torch.ones(rates, dtype=torch.float64))

    def calibrate(self, z: Tensor, rate: Tensor) -> None:
        """Take the scales from data. Shapes: z (points, inputs), rate (points, rates)."""
        self.scale.copy_(_positive(4 * z.std(0)))
        self.rate_scale.copy_(rate.std(0))

    def forward(self, z: Tensor) -> Tensor:
        """Return N."""
        jet = (z / self.scale)[None]  # of one channel: the values
        for layer in self.layers[:-1]:
            jet = torch.tanh(layer(jet))
        return self.rate_scale * self.layers[-1](jet)[0]


class PhaseSymmetricLaw(nn.Module):
    r"""The rate of a complex field that turns with it, as a law knows no absolute phase.

    .. math::
        N(e^{i \varphi} q; w) = e^{i \varphi} N(q; w): \qquad
        N(q; w) = \sum_k f_k(\bar q_j q_l; w)\, q_k

    The :math:`q_k` are the field and its slopes; the f are complex, and read what does not turn with the phase: the
    real and imaginary parts of :math:`\bar q_j q_l` for all j ≤ l. They are one `LearntLaw` in units of its data.

    Units: those of the rate.

    Source: the form of a vector that turns with others is that of Villar et al. 2021, arXiv 2106.06610, in one complex
    dimension.

    Args:
        inputs: Twice the number of the q: real and imaginary part of each, one after the other.
        rates: 2, real and imaginary part.
        hidden: Widths of the hidden layers.

    Shapes: z (points, inputs) → (points, 2), in double precision

    Raises:
        ValueError: The inputs are no pairs, or the rates are not 2.
    """

    def __init__(self, inputs: int, rates: int = 2, hidden: Sequence[int] = (20, 20)) -> None:
        super().__init__()
        if inputs % 2 or rates != 2:
            raise ValueError(
                f"expected pairs of real and imaginary parts as inputs, and one as rates, got {inputs} and {rates}: "
                "name both parts of each"
            )
        count = inputs // 2
        self.register_buffer("pairs", torch.triu_indices(count, count), persistent=False)
        self.factors = LearntLaw(count**2, inputs, hidden)
        self.register_buffer("size", torch.ones(count, dtype=torch.float64))
        self.register_buffer("rate_scale", torch.ones(2, dtype=torch.float64))

    @property
    def layers(self) -> nn.ModuleList:
        """The layers with weights."""
        return self.factors.layers

    def calibrate(self, z: Tensor, rate: Tensor) -> None:
        """Take the scales from data. Shapes: z (points, inputs), rate (points, 2)."""
        q = _complex(z)
        self.size.copy_(_positive(q.abs().square().mean(0).sqrt()))
        self.factors.scale.copy_(_positive(4 * self._invariants(q).std(0)))
        self.rate_scale.copy_(rate.std(0))
        self.factors.rate_scale.fill_(self.rate_scale.square().mean().sqrt())

    def forward(self, z: Tensor) -> Tensor:
        """Return N."""
        q = _complex(z)
        turned = (_complex(self.factors(self._invariants(q))) * q / self.size).sum(1)
        return torch.view_as_real(turned)

    def _invariants(self, q: Tensor) -> Tensor:
        """What does not turn with the phase. Shapes: (points, count) → (points, count²)."""
        j, k = self.pairs
        product = q[:, j].conj() * q[:, k]
        return torch.cat([product.real, product.imag[:, j < k]], dim=1)


class ParitySymmetricLaw(nn.Module):
    r"""Rates of change that turn their sign with some of what they depend on, as a law knows no left and right.

    .. math:: N(P z; w) = -N(z; w): \qquad N(z; w) = \tfrac12 \left( M(z; w) - M(P z; w) \right)

    P turns the sign of the odd z. If the mirror image of a solution, with its sign turned, is a solution as well, u and
    its even slopes are odd, the other slopes are not. A field that is its own image then stays so for all times,
    whatever the weights of the `LearntLaw` M: it cannot drift.

    Units: those of the rates.

    Args:
        inputs: Number of the z.
        rates: Number of the N, all of which are odd.
        hidden: Widths of the hidden layers.
        odd: Which of the z are odd, counted from 0.

    Shapes: z (points, inputs) → (points, rates), in double precision

    Raises:
        ValueError: There is an odd z that is no input, or none.
    """

    def __init__(self, inputs: int, rates: int = 1, hidden: Sequence[int] = (20, 20), *, odd: Sequence[int]) -> None:
        super().__init__()
        if not odd or not set(odd) <= set(range(inputs)):
            raise ValueError(
                f"expected numbers of odd inputs, from 0 to {inputs - 1}, got {list(odd)}: give those that turn their "
                "sign with the rate"
            )
        self.whole = LearntLaw(inputs, rates, hidden)
        mirror = torch.ones(inputs, dtype=torch.float64)
        mirror[list(odd)] = -1.0
        self.register_buffer("mirror", mirror, persistent=False)

    @property
    def layers(self) -> nn.ModuleList:
        """The layers with weights."""
        return self.whole.layers

    @property
    def rate_scale(self) -> Tensor:
        """The unit of the rates."""
        return self.whole.rate_scale

    def calibrate(self, z: Tensor, rate: Tensor) -> None:
        """Take the scales from data. Shapes: z (points, inputs), rate (points, rates)."""
        self.whole.calibrate(z, rate)

    def forward(self, z: Tensor) -> Tensor:
        """Return N."""
        return (self.whole(z) - self.whole(self.mirror * z)) / 2


def _complex(parts: Tensor) -> Tensor:
    """Shapes: (points, 2 n) → (points, n)."""
    return torch.complex(parts[:, ::2], parts[:, 1::2])


def _positive(scale: Tensor) -> Tensor:
    """1 for the scale of what does not vary."""
    return torch.where(scale > 0, scale, 1.0)
