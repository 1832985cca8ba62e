"""An autoencoder whose coordinates obey a law of few terms."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from physml.networks.field import JetLinear
from physml.networks.sparse_dynamics import SparseDynamics
from physml.ops import taylor
from physml.ops.monomials import exponents, monomials
from physml.ops.sparse_law import read_law

TIME = ((0,), (1,))  # the channels of a jet: a value and its rate of change


class Coordinates(NamedTuple):
    """What the autoencoder makes of fields and of their rates of change.

    Args:
        reconstruction: The field decoded from the coordinates (events, features).
        decoded_rate: How it changes by the law of the coordinates (events, features).
        latent: The coordinates z (events, variables).
        latent_rate: How they change as the field does (events, variables).
        law_rate: How they change by the law (events, variables).
    """

    reconstruction: Tensor
    decoded_rate: Tensor
    latent: Tensor
    latent_rate: Tensor
    law_rate: Tensor


class SindyAutoencoder(nn.Module):
    r"""Coordinates of a field, the field of coordinates, and their law as a sparse combination of monomials.

    .. math::
        z = e(x), \qquad \hat x = d(z), \qquad \dot z = \Theta(z)\, \Xi, \qquad
        \dot{\hat x} = \frac{\partial d}{\partial z}\, \Theta(z)\, \Xi

    Encoder and decoder stand between the coordinates and the principal components of the field, which `calibrate`
    finds. Each is a linear map beside a multilayer perceptron with tanh, in double precision; they begin with the first
    principal components as the coordinates. Rates are carried forward through the layers (`physml.ops.taylor`). An
    affine change of the coordinates changes nothing else, if the law is changed likewise (`change_coordinates`).

    Units: those of the field and of its rate; the coordinates have none.

    Source: Champion, Lusch, Kutz and Brunton 2019, doi 10.1073/pnas.1906995116, without components and linear maps.

    Args:
        features: Values of the field.
        variables: Names of the coordinates.
        degree: Highest degree of a monomial.
        components: Principal components of the field.
        hidden: Widths of the encoder's hidden layers; the decoder has them backwards.
        rate: Size of the coefficients to be expected, in which they are learnt.

    Shapes: x and y (events, features) → `Coordinates`

    Example:
        >>> network = SindyAutoencoder(features=5, variables=["a", "b"], degree=2, components=3, hidden=[4])
        >>> network(torch.zeros(7, 5), torch.zeros(7, 5)).latent.shape
        torch.Size([7, 2])
    """

    def __init__(
        self,
        features: int,
        variables: list[str],
        degree: int,
        components: int,
        hidden: Sequence[int] = (16,),
        rate: float = 1.0,
    ) -> None:
        super().__init__()
        self.variables, self.degree, self.rate = list(variables), degree, rate
        widths = [components, *hidden, len(variables)]
        self.encoder, self.decoder = BesideLinear(widths), BesideLinear(widths[::-1])
        powers = exponents(len(variables), degree)
        self.terms = nn.Linear(len(powers), len(variables), bias=False, dtype=torch.float64)
        nn.init.zeros_(self.terms.weight)
        self.register_buffer("powers", powers, persistent=False)
        self.register_buffer("held", torch.ones(self.terms.weight.shape, dtype=torch.bool))
        self.register_buffer("mean", torch.zeros(features, dtype=torch.float64))
        self.register_buffer("basis", torch.eye(features, components, dtype=torch.float64))
        self.register_buffer("spread", torch.ones(components, dtype=torch.float64))

    @torch.no_grad()
    def calibrate(self, x: Tensor) -> None:
        """Take the mean and the principal components of fields. Shapes: (events, features)."""
        self.mean.copy_(x.double().mean(0))
        deviations = x.double() - self.mean
        _, axes = torch.linalg.eigh(deviations.T @ deviations)
        self.basis.copy_(axes[:, -len(self.spread) :].flip(1))
        self.spread.copy_((deviations @ self.basis).std(0).clamp(min=1e-12))

    def forward(self, x: Tensor, y: Tensor) -> Coordinates:
        """Return the coordinates of fields x with the rates of change y, and what they say of both."""
        inside = torch.stack([(x.double() - self.mean) @ self.basis, y.double() @ self.basis]) / self.spread
        z = self.encoder(inside)
        law_rate = self.motion(z[0])
        outside = self.decoder(torch.stack([z[0], law_rate])) * self.spread @ self.basis.T
        return Coordinates(self.mean + outside[0], outside[1], z[0], z[1], law_rate)

    def motion(self, z: Tensor) -> Tensor:
        """Return how coordinates change by the law. Shapes: (points, variables) → (points, variables)."""
        return self.rate * self.terms(monomials(z, self.powers)[None])[0]

    @torch.no_grad()
    def change_coordinates(self, z: Tensor, matrix: Tensor, shift: Tensor, threshold: float) -> None:
        r"""Take other coordinates, and of the law in them only the terms that are more than a share of the rate.

        .. math:: z' = z M + s

        Args:
            z: Coordinates of some fields before the change.
            matrix: M.
            shift: s.
            threshold: The share, see `physml.ops.sparse_law.read_law`; what is below is dropped for good.

        Shapes: z (points, variables), matrix (variables, variables), shift (variables,)
        """
        names, rate = self.variables, self.motion(z) @ matrix
        law = read_law(z @ matrix + shift, rate, names, names, self.degree, threshold)
        self.terms.weight.copy_(law.coefficients.T / self.rate)
        self.held.copy_(law.coefficients.T != 0)
        self.encoder.change_output(matrix, shift)
        self.decoder.change_input(matrix, shift)

    @torch.no_grad()
    def clear_dropped(self) -> None:
        """Set the coefficients of dropped terms to 0: exactly, not about."""
        self.terms.weight.mul_(self.held)

    @property
    def coefficients(self) -> Tensor:
        """Ξ. Shapes: (terms, variables)."""
        return self.rate * self.terms.weight.detach().T

    @property
    def law(self) -> SparseDynamics:
        """The law alone."""
        law = SparseDynamics(self.variables, self.degree)
        law.coefficients.data.copy_(self.coefficients)
        return law

    @property
    def layers(self) -> list[nn.Module]:
        """All that the output depends on."""
        return [*self.encoder.layers, self.encoder.linear, *self.decoder.layers, self.decoder.linear, self.terms]


class BesideLinear(nn.Module):
    """A multilayer perceptron with tanh beside a linear map, for jets; to begin with it is the linear map alone.

    Args:
        widths: Of the input, the hidden layers and the output.

    Shapes: (channels, points, inputs) → (channels, points, outputs)
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(JetLinear(*pair, dtype=torch.float64) for pair in pairwise(widths))
        self.linear = nn.Linear(widths[0], widths[-1], bias=False, dtype=torch.float64)
        for layer in self.layers:
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(self.layers[-1].weight)
        nn.init.eye_(self.linear.weight)

    def forward(self, jet: Tensor) -> Tensor:
        """Return the output."""
        inside = jet
        for layer in self.layers[:-1]:
            inside = taylor.tanh(layer(inside), TIME)
        return self.linear(jet) + self.layers[-1](inside)

    def change_output(self, matrix: Tensor, shift: Tensor) -> None:
        """Multiply the output by a matrix from the right, and add a shift to it."""
        last = self.layers[-1]
        for weight in (last.weight, self.linear.weight):
            weight.copy_(matrix.T @ weight)
        last.bias.copy_(last.bias @ matrix + shift)

    def change_input(self, matrix: Tensor, shift: Tensor) -> None:
        """Give the same output for inputs that are multiplied by a matrix and shifted."""
        first, last, back = self.layers[0], self.layers[-1], torch.linalg.inv(matrix)
        for weight in (first.weight, self.linear.weight):
            weight.copy_(weight @ back.T)
        first.bias.sub_(first.weight @ shift)
        last.bias.sub_(self.linear.weight @ shift)
