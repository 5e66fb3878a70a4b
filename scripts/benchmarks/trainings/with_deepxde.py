"""DeepXDE with its PyTorch backend in float64: Adam, then L-BFGS, as in its examples.

Source:
    Lu, Meng, Mao, Karniadakis (2021), SIAM Review 63, 208; examples/pinn_forward/Burgers.py and Poisson_Lshape.py.
"""

from __future__ import annotations

from typing import Any

import deepxde as dde
import numpy as np

from .watch import Watch

HIDDEN, RATE = [50] * 4, 1e-3
ADAM_STEPS = {"poisson": 1_000, "burgers": 15_000}
LBFGS_STEPS, LBFGS_CALL = 50_000, 20


class Look(dde.callbacks.Callback):
    """Shows the watch the network after every step of Adam and every few of L-BFGS."""

    def __init__(self, watch: Watch):
        super().__init__()
        self.watch = watch

    def on_epoch_end(self) -> None:
        """See the class."""
        self.watch.look(lambda points: self.model.predict(points)[:, 0])


def train(name: str, watch: Watch, seed: int) -> None:
    """Adam, then L-BFGS until it stops by itself."""
    dde.config.set_default_float("float64")
    dde.config.set_random_seed(seed)
    model = dde.Model(DATA[name](), dde.nn.FNN([2, *HIDDEN, 1], "tanh", "Glorot uniform"))
    model.compile("adam", lr=RATE)
    model.train(iterations=ADAM_STEPS[name], display_every=10**9, callbacks=[Look(watch)], verbose=0)
    dde.optimizers.set_LBFGS_options(maxiter=LBFGS_STEPS)
    # PyTorch's L-BFGS goes on from its own state, so that shorter calls are the same method, looked at more often
    dde.optimizers.config.LBFGS_options.update(iter_per_step=LBFGS_CALL, fun_per_step=2 * LBFGS_CALL)
    model.compile("L-BFGS")
    model.train(display_every=10**9, callbacks=[Look(watch)], verbose=0)
    watch.look(lambda points: model.predict(points)[:, 0], last=True)


def _poisson() -> Any:
    def residual(x: Any, u: Any) -> Any:
        u_xx, u_yy = (dde.grad.hessian(u, x, i=i, j=i) for i in range(2))
        sines = dde.backend.sin(np.pi * x[:, 0:1]) * dde.backend.sin(np.pi * x[:, 1:2])
        return u_xx + u_yy + 2 * np.pi**2 * sines

    square = dde.geometry.Rectangle([-1, -1], [1, 1])
    edge = dde.icbc.DirichletBC(square, lambda x: 0, lambda _, on_boundary: on_boundary)
    return dde.data.PDE(square, residual, edge, num_domain=2601, num_boundary=204)


def _burgers() -> Any:
    def residual(x: Any, u: Any) -> Any:
        u_x, u_t = (dde.grad.jacobian(u, x, i=0, j=j) for j in range(2))
        return u_t + u * u_x - 0.01 / np.pi * dde.grad.hessian(u, x, i=0, j=0)

    domain = dde.geometry.GeometryXTime(dde.geometry.Interval(-1, 1), dde.geometry.TimeDomain(0, 1))
    ends = dde.icbc.DirichletBC(domain, lambda x: 0, lambda _, on_boundary: on_boundary)
    start = dde.icbc.IC(domain, lambda x: -np.sin(np.pi * x[:, 0:1]), lambda _, on_initial: on_initial)
    return dde.data.TimePDE(domain, residual, [ends, start], num_domain=2540, num_boundary=80, num_initial=160)


DATA = {"poisson": _poisson, "burgers": _burgers}
