r"""Symmetry groups: how a random element g acts on the input and on the output of a function f.

.. math:: f(g\,x) = g\,f(x) \quad \text{for all } g \in G

An output on which g acts as the identity makes f invariant, any other makes it equivariant.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


def _identity(array: Tensor) -> Tensor:
    return array


@dataclass(frozen=True)
class Element:
    """One element g of a group, as its action on inputs and on outputs.

    Args:
        on_input: x ↦ g x.
        on_output: y ↦ g y; the identity for an invariant output.
    """

    on_input: Callable[[Tensor], Tensor]
    on_output: Callable[[Tensor], Tensor] = _identity


class Group(ABC):
    """A group acting on the inputs and outputs of a function."""

    @abstractmethod
    def sample(self, x: Tensor) -> Element:
        """Draw an element uniformly with torch's random numbers.

        Args:
            x: An input, for the sizes that the element must fit.
        """


class DihedralImages(Group):
    """The eight symmetries of a square, D4, acting on the last two dimensions of images; the output is invariant.

    Shapes:
        x (…, size, size); the output has any shape

    Example:
        >>> image = torch.arange(4).reshape(2, 2)
        >>> DihedralImages.element(quarter_turns=1, flip=False).on_input(image)
        tensor([[1, 3],
                [0, 2]])
    """

    def sample(self, x: Tensor) -> Element:
        """Draw one of the eight elements."""
        if x.ndim < 2 or x.shape[-2] != x.shape[-1]:
            raise ValueError(f"DihedralImages expected square images (…, size, size), got {tuple(x.shape)}: crop them")
        return self.element(int(torch.randint(4, ())), bool(torch.randint(2, ())))

    @staticmethod
    def element(quarter_turns: int, flip: bool) -> Element:
        """Return the element that turns by 0 to 3 quarters, after a reflection of the last axis if `flip`."""
        return Element(lambda x: (x.flip(-1) if flip else x).rot90(quarter_turns, (-2, -1)))


class Rotations(Group):
    r"""Rotations of space, SO(3) or with reflections O(3), acting on features that are 3-vectors followed by scalars.

    .. math:: (v_1, …, v_k, s_1, …, s_l) \mapsto (R v_1, …, R v_k, s_1, …, s_l),\qquad R^\top R = 1

    The same R acts on all leading dimensions. Vectors are polar: they change sign under inversion. Elements are uniform
    in the Haar measure (QR factors of Gaussian matrices; Mezzadri 2007, arXiv math-ph/0609050).

    Args:
        input_vectors: Number k of vectors at the front of the input's features.
        input_scalars: Number l of scalars behind them.
        output_vectors: Same of the output.
        output_scalars: Same of the output.
        reflections: O(3) instead of SO(3).

    Shapes:
        x (…, 3k + l) and likewise the output
    """

    def __init__(
        self,
        input_vectors: int,
        input_scalars: int = 0,
        output_vectors: int = 0,
        output_scalars: int = 0,
        reflections: bool = True,
    ) -> None:
        self.input, self.output = (input_vectors, input_scalars), (output_vectors, output_scalars)
        self.reflections = reflections

    def sample(self, x: Tensor) -> Element:
        """Draw a rotation."""
        q, r = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64))
        rotation = q * r.diagonal().sign()
        if not self.reflections:
            rotation = rotation * torch.linalg.det(rotation)
        return self.element(rotation)

    def element(self, rotation: Tensor) -> Element:
        """Return the element of the orthogonal matrix R, shape (3, 3)."""
        return Element(
            lambda x: _rotated(x, rotation, *self.input, "the input"),
            lambda y: _rotated(y, rotation, *self.output, "the output"),
        )


def _rotated(features: Tensor, rotation: Tensor, vectors: int, scalars: int, name: str) -> Tensor:
    if features.shape[-1] != 3 * vectors + scalars:
        raise ValueError(
            f"Rotations expected {3 * vectors + scalars} features of {name} ({vectors} vectors and {scalars} scalars), "
            f"got {features.shape[-1]}: state the numbers of vectors and scalars"
        )
    directed, rest = features.split([3 * vectors, scalars], dim=-1)
    turned = directed.unflatten(-1, (vectors, 3)) @ rotation.to(features).mT if vectors else directed
    return torch.cat([turned.flatten(-2) if vectors else directed, rest], dim=-1)


class Permutations(Group):
    """Renumberings of the nodes of an event, all events by the same one.

    Args:
        equivariant: The output has a row for each node, permuted with them; otherwise it is invariant.

    Shapes:
        x (…, nodes, features); the output (…, nodes, outputs) if equivariant, any shape otherwise
    """

    def __init__(self, equivariant: bool = True) -> None:
        self.equivariant = equivariant

    def sample(self, x: Tensor) -> Element:
        """Draw a permutation of the nodes of `x`."""
        return self.element(torch.randperm(x.shape[-2]))

    def element(self, order: Tensor) -> Element:
        """Return the element that puts node ``order[i]`` in the place of node i."""

        def permute(array: Tensor) -> Tensor:
            return array.index_select(-2, order.to(array.device))

        return Element(permute, permute if self.equivariant else _identity)


def largest_violation(function: Callable[[Tensor], Tensor], x: Tensor, group: Group, samples: int = 8) -> float:
    r"""Return how much a function breaks a symmetry, relative to the size of its output.

    .. math:: \max_{g} \frac{\lVert f(g x) - g f(x) \rVert}{\lVert f(x) \rVert}

    Args:
        function: f, in evaluation mode if it is a network whose training is random.
        x: Inputs.
        group: Declares how g acts on x and f(x).
        samples: Random elements g to try.
    """
    with torch.no_grad():
        output = function(x)
        differences = []
        for _ in range(samples):
            element = group.sample(x)
            differences.append((function(element.on_input(x)) - element.on_output(output)).norm())
        return float(torch.stack(differences).max() / output.norm())
