"""Burgers' equation with a shock, solved without data by physml and by DeepXDE: error against computing time.

Both get the same problem and the same seconds of processor time (not of the wall, which other programs stretch), one
after the other in this process, and are tested on the exact solution at the same points; the tests are not counted.
DeepXDE has the settings of its own example of Burgers' equation: 3 × 20 tanh, 2540 points in the domain, 80 on the
walls, 160 at the start, Adam with a learning rate of 1e-3. It is no dependency: ``pip install deepxde`` first, or it is
left out. Run: ``python scripts/benchmarks/pinn.py --seconds 112``; it writes ``pinn.png`` and ``pinn.json``.
"""

import importlib.util
import math
import os
import time
import warnings
from functools import partial

import torch
from burgers_curves import Curve, compare, train
from torch import Tensor


def deepxde(curve: Curve, seed: int) -> None:
    os.environ["DDE_BACKEND"] = "pytorch"
    import deepxde as dde

    dde.config.set_random_seed(seed)
    domain = dde.geometry.GeometryXTime(dde.geometry.Interval(-1, 1), dde.geometry.TimeDomain(0, 0.99))

    def equation(x: Tensor, y: Tensor) -> Tensor:
        y_x, y_t = dde.grad.jacobian(y, x, i=0, j=0), dde.grad.jacobian(y, x, i=0, j=1)
        return y_t + y * y_x - 0.01 / math.pi * dde.grad.hessian(y, x, i=0, j=0)

    def start(x):
        return -torch.sin(math.pi * torch.as_tensor(x[:, 0:1])).numpy()

    walls = dde.icbc.DirichletBC(domain, lambda _: 0, lambda _, on_boundary: on_boundary)
    initial = dde.icbc.IC(domain, start, lambda _, on_initial: on_initial)
    data = dde.data.TimePDE(domain, equation, [walls, initial], num_domain=2540, num_boundary=80, num_initial=160)
    model = dde.Model(data, dde.nn.FNN([2, 20, 20, 20, 1], "tanh", "Glorot normal"))
    model.compile("adam", lr=1e-3)

    class Watching(dde.callbacks.Callback):
        def on_batch_end(self) -> None:
            if self.model.train_state.step % 250 == 0:
                xt = curve.x.flip(1).numpy().astype("float32")
                self.model.stop_training = curve.test(lambda _: torch.from_numpy(self.model.predict(xt)))

    curve.started = time.process_time()
    model.train(iterations=10**9, display_every=10**9, callbacks=[Watching()])


def main() -> None:
    warnings.filterwarnings("ignore")
    ways = {"physml": partial(train, []), "DeepXDE": deepxde}
    if importlib.util.find_spec("deepxde") is None:
        print("DeepXDE is not installed and left out: pip install deepxde brings it")
        del ways["DeepXDE"]
    compare("pinn", __doc__, ways, seconds=112)


if __name__ == "__main__":
    main()
