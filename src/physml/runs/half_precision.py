"""A word to those whose half precision takes longer than single: their processor has no instructions for it."""

import sys

import torch
from lightning.pytorch import Trainer

INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16")  # on x86 the first two, on ARM the last


def tell_slow_half_precision(trainer: Trainer) -> None:
    """Say that a processor computes bfloat16 in single precision, between conversions; silent if torch does not tell.

    Args:
        trainer: The trainer of a training that begins.
    """
    if not trainer.precision.startswith("bf16") or trainer.strategy.root_device.type != "cpu":
        return
    capabilities = getattr(torch.cpu, "get_capabilities", None)  # not in the oldest torch that will do
    if trainer.is_global_zero and capabilities and not any(capabilities().get(name) for name in INSTRUCTIONS):
        print(
            f"physml: trainer.precision={trainer.precision}: this processor has no instructions for it, and trainings "
            "take about twice the time of single precision: set trainer.precision=32-true",
            file=sys.stderr,
            flush=True,
        )
