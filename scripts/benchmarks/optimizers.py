"""Burgers' equation with a shock by Adam, SOAP, L-BFGS and Levenberg–Marquardt: error against computing time.

All minimise the same mean squared residual of the same field, which meets its conditions exactly, from the same seed
and for the same seconds of processor time (the tests are not counted), one after the other in this process. Adam and
SOAP get a new batch for each step, at constant learning rates, L-BFGS the same points for all steps;
Levenberg–Marquardt is the experiment as it is.
Run: ``python scripts/benchmarks/optimizers.py --seconds 40``; it writes ``optimizers.png`` and ``optimizers.json``.
"""

from functools import partial

from burgers_curves import compare, train

GRADIENTS = ["task=supervised", "loss=burgers", "~task.constraints.burgers", "~task.points"]
WAYS = {
    "Adam": [*GRADIENTS, "optimizer=adam", "task.optimizer.lr=3e-3", "data.batch_size=1000"],
    "SOAP": [*GRADIENTS, "optimizer=soap", "task.optimizer.lr=3e-3", "data.batch_size=1000"],
    "L-BFGS": [*GRADIENTS, "optimizer=lbfgs", "data.train=4000", "data.batch_size=4000"],
    "Levenberg–Marquardt": [],
}


if __name__ == "__main__":
    compare("optimizers", __doc__, {label: partial(train, words) for label, words in WAYS.items()}, seconds=40)
