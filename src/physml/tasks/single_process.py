"""For tasks whose steps need all data in one place."""

from lightning.pytorch import LightningModule


def refuse_several_processes(task: LightningModule) -> None:
    """Refuse a trainer of several processes, whose weights would drift apart unnoticed.

    Raises:
        ValueError: There are several.
    """
    if task.trainer.world_size > 1:
        raise ValueError(
            f"expected one process, as {type(task).__name__} solves for its weights itself, got "
            f"{task.trainer.world_size}: set trainer.devices=1 and trainer.num_nodes=1"
        )
