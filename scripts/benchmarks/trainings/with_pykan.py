"""pykan, as in its tutorial on partial differential equations: L-BFGS on a mesh, the grid refined twice.

Source:
    Liu et al. (2024), pykan 0.2.8, tutorial "Solving Partial Differential Equation"; it has no Burgers equation, which is
    trained in the same way.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from kan import KAN, LBFGS
from torch import Tensor, nn

from .watch import Watch

GRIDS, STEPS, SIDE = (5, 10, 20), 50, 51
UPDATE_EVERY, UPDATE_UNTIL = 5, 20
WIDTH = {"poisson": [2, 2, 1], "burgers": [2, 5, 5, 1]}
RESIDUAL_WEIGHT = {"poisson": 0.01, "burgers": 1.0}


def train(name: str, watch: Watch, seed: int) -> None:
    """50 calls of L-BFGS on each grid, then more of them on the last one."""
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(seed)
    axes = [torch.linspace(lo, hi, SIDE) for lo, hi in (r[[0, -1]] for r in watch.reference.axes.values())]
    first, second = torch.meshgrid(*axes, indexing="ij")
    inside = torch.stack([first.flatten(), second.flatten()], dim=1)
    edge, values = CONDITIONS[name](torch.stack([first, second], dim=-1))
    model = KAN(width=WIDTH[name], grid=GRIDS[0], k=3, seed=seed, auto_save=False).speed()
    for i, grid in enumerate(GRIDS):
        if i:
            model.save_act = True
            model.get_act(inside)
            model = model.refine(grid).speed()
        optimizer = LBFGS(
            model.parameters(), lr=1, history_size=10, line_search_fn="strong_wolfe",
            tolerance_grad=1e-32, tolerance_change=1e-32, tolerance_ys=1e-32,
        )  # fmt: skip

        def loss(model: nn.Module = model, optimizer: torch.optim.Optimizer = optimizer) -> Tensor:
            optimizer.zero_grad()
            residual = RESIDUAL_WEIGHT[name] * RESIDUALS[name](model, inside).square().mean()
            total = residual + (model(edge)[:, 0] - values).square().mean()
            total.backward()
            return total

        step = 0
        while step < STEPS or grid == GRIDS[-1]:
            if step % UPDATE_EVERY == 0 and step < UPDATE_UNTIL:
                model.update_grid_from_samples(inside)
            optimizer.step(loss)
            watch.look(_predict(model))
            step += 1


def _predict(model: nn.Module) -> Callable[[np.ndarray], np.ndarray]:
    def predict(points: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(model(torch.as_tensor(points))[:, 0])

    return predict


def _derivatives(model: nn.Module, points: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Values, first derivatives and pure second derivatives."""
    x = points.clone().requires_grad_()
    u = model(x)[:, 0]
    (slopes,) = torch.autograd.grad(u.sum(), x, create_graph=True)
    second = [torch.autograd.grad(slopes[:, i].sum(), x, create_graph=True)[0][:, i] for i in range(2)]
    return u, slopes, second


def _poisson(model: nn.Module, points: Tensor) -> Tensor:
    _, _, (u_xx, u_yy) = _derivatives(model, points)
    return u_xx + u_yy + 2 * torch.pi**2 * torch.sin(torch.pi * points).prod(1)


def _burgers(model: nn.Module, points: Tensor) -> Tensor:
    u, slopes, (u_xx, _) = _derivatives(model, points)
    return slopes[:, 1] + u * slopes[:, 0] - 0.01 / torch.pi * u_xx


def _on_all_sides(mesh: Tensor) -> tuple[Tensor, Tensor]:
    edge = torch.cat([mesh[0], mesh[-1], mesh[:, 0], mesh[:, -1]])
    return edge, torch.zeros(len(edge))


def _at_the_start_and_ends(mesh: Tensor) -> tuple[Tensor, Tensor]:
    edge = torch.cat([mesh[:, 0], mesh[0], mesh[-1]])
    return edge, torch.cat([-torch.sin(torch.pi * mesh[:, 0, 0]), torch.zeros(2 * SIDE)])


RESIDUALS = {"poisson": _poisson, "burgers": _burgers}
CONDITIONS = {"poisson": _on_all_sides, "burgers": _at_the_start_and_ends}
