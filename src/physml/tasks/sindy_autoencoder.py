"""Finding coordinates of a field together with their law, which has few terms."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from physml.losses.reconstruction import ReconstructionError
from physml.networks.sindy_autoencoder import SindyAutoencoder
from physml.ops.named import call
from physml.ops.sparse_coordinates import sparsest_coordinates
from physml.tasks.second_order import SecondOrderTask
from physml.tasks.supervised import Batch

ENOUGH = 500  # fields of a batch that coordinates are sought with
NEVER = 1e3  # decay of a coefficient that was dropped: no step moves it


class SindyAutoencoderTask(SecondOrderTask):
    r"""Levenberg–Marquardt steps on a reconstruction and on the rate of change that its coordinates' law gives.

    .. math::
        J = \langle (x - \hat x)^2 \rangle + \gamma \Big\langle \Big( \dot x - \frac{\partial d}{\partial z}\,
        \Theta(z)\, \Xi \Big)^2 \Big\rangle

    For `free_epochs` all terms of the library are there. J does not tell apart coordinates that are affine functions of
    each other, in which the law has more terms or fewer. So after each of the next `sparse_epochs` those are taken in
    which it has fewest (`physml.ops.sparse_coordinates`), its terms with small shares of the rate are dropped for good,
    and the steps go on with the others.

    Source: Champion, Lusch, Kutz and Brunton 2019, doi 10.1073/pnas.1906995116 (by Adam, with the mean size of the
    coefficients as another term of J, and a threshold for these); Marquardt 1963, doi 10.1137/0111030.

    Args:
        network: Encoder, decoder and law.
        loss: The first term: `physml.losses.reconstruction.ReconstructionError`.
        constraints: The second alone: `physml.constraints.decoded_rate.DecodedRate`.
        free_epochs: Epochs with all terms.
        sparse_epochs: Epochs after each of which coordinates are changed and terms are dropped.
        threshold: Share of the rate below which a term is dropped; see `physml.ops.sparse_law.read_law`.
        starts: Random rotations from which the first change is sought; later ones go on from the coordinates at hand.
        repeats: Steps with the same batch.
        damping: μ of the first step.
        decay: λ of all weights, which keeps the scale of the coordinates.
        others: As `SecondOrderTask`.

    Raises:
        ValueError: There is another loss, or not one constraint.
    """

    def __init__(
        self,
        network: SindyAutoencoder,
        loss: nn.Module,
        constraints: Mapping[str, nn.Module],
        free_epochs: int,
        sparse_epochs: int,
        threshold: float,
        starts: int = 10,
        repeats: int = 2,
        damping: float = 1e-4,
        decay: float = 1e-9,
        **others: Any,
    ) -> None:
        if not isinstance(loss, ReconstructionError):
            raise ValueError(
                f"expected the error of the reconstruction, which the steps lower, got {type(loss).__name__}: "
                "set loss=reconstruction"
            )
        if len(constraints) != 1:
            raise ValueError(
                f"expected one constraint, the error of the decoded rate, got {len(constraints)}: add decoded_rate"
            )
        super().__init__(network, loss, constraints, repeats, damping, **others)
        self.free_epochs, self.sparse_epochs = free_epochs, sparse_epochs
        self.threshold, self.starts, self.decay = threshold, starts, decay

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Take the steps with a batch, after the last one of some epochs change the coordinates; return J."""
        if self.current_epoch == 0 and index == 0:
            self.network.calibrate(batch["x"])
        for _ in range(self.repeats):
            total = self.step(self.network.layers, lambda: self._residuals(batch), self._decay())
            self.network.clear_dropped()
        if self.trainer.is_last_batch and 0 < self.current_epoch + 1 - self.free_epochs <= self.sparse_epochs:
            self._make_sparse(batch)
        self.log_dict({"train/J": total, "train/damping": self.damping, "train/terms": self.network.held.sum().float()})
        return total

    @torch.no_grad()
    def _make_sparse(self, batch: Batch) -> None:
        network, generator = self.network, torch.Generator().manual_seed(torch.initial_seed() % 2**63)
        starts = self.starts if network.held.all() else 0  # later on the coordinates stay near those that were found
        found = self({name: batch[name][:ENOUGH] for name in ("x", "y")})
        change = sparsest_coordinates(found.latent, found.law_rate, network.powers, starts, generator)
        network.change_coordinates(found.latent, *change, self.threshold)

    def _residuals(self, batch: Batch) -> Tensor:
        """Errors along the principal components; the sum of their squares is J but for what lies outside of these.

        No step changes that part. Shapes: (points, kinds)
        """
        prediction, ((name, law),) = self(batch), self.constraints.items()
        gamma = self.weighting({name: law.weight}, {}, self.progress)[name]
        rate = gamma**0.5 * call(law.residual, {**batch, "prediction": prediction, "target": batch["y"]})
        errors = torch.stack([prediction.reconstruction - batch["x"], rate]) @ self.network.basis
        return torch.cat(errors.unbind(0), dim=1) / batch["x"].numel() ** 0.5

    def _decay(self) -> Tensor:
        """λ of each weight, in the order of the layers; the law is the last of them."""
        held = self.network.held.flatten()
        others = sum(weights.numel() for weights in self.network.parameters()) - held.numel()
        decay = torch.where(held, self.decay, NEVER).double()
        return torch.cat([decay.new_full((others,), self.decay), decay])
