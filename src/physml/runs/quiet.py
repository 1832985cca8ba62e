"""Silence for remarks that a user of this command line cannot act upon."""

import logging
import warnings

REMARKS = (
    ".*does not have many workers.*",  # batches are taken by index from memory; there are no workers
    ".*Experiment logs directory.*",  # the run directory is new, and ours
    ".*isinstance\\(treespec, LeafSpec\\).*",  # Lightning's own use of torch
    ".*GPU available but not used.*",  # the trainer config says so
    ".*exists and is not empty.*",  # checkpoints beside the run's other files
    ".*`srun` command is available.*",  # on the login node of a cluster
    ".*Profiler clears events at the end of each cycle.*",  # the report is of the last steps
    ".*is smaller than the logging interval.*",  # of an epoch of few batches
    ".*Initializing zero-element tensors.*",  # the task refuses them in one line
    ".*was deprecated.*torch.jit.*",
    ".*Dynamo detected a call to a `functools.lru_cache`.*",  # what it traces instead has the same values
    ".*WeightAveraging callback with a model that overrides.*",  # it shares weights with trainer=fsdp only
    ".*FSDP2-wrapped module .* returned a view tensor.*",  # no loss or constraint changes a prediction in place
)


def quiet() -> None:
    """Keep the hints and banners of Lightning and matplotlib off the terminal; warnings that matter stay."""
    for message in REMARKS:
        warnings.filterwarnings("ignore", message=message)
    for name in ("lightning.pytorch", "lightning.fabric", "lightning", "matplotlib.animation"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.raiseExceptions = False  # of a log that cannot be written, as W&B's on a full disk: the training says so
