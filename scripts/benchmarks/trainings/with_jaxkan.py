"""jaxKAN in float64: a Chebyshev KAN and Adam on Sobol points, as in its tutorial on physics-informed networks.

Source:
    Rigas, Papachristou (2025), Journal of Open Source Software 10, 7830; jaxKAN 0.3.7, tutorial "PIKANs".
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxkan.models.KAN import KAN
from jaxkan.pikan.pde import get_burgers_res, get_poisson_res
from jaxkan.pikan.sampling import get_collocs_sobol

from .watch import Watch

RATE, INTERIOR, BOUNDARY = 1e-3, 4096, 64
LAYERS = {
    "D": 5,
    "flavor": "exact",
    "residual": None,
    "external_weights": False,
    "init_scheme": {"type": "glorot_fine"},
    "add_bias": True,
}


def train(name: str, watch: Watch, seed: int) -> None:
    """Adam until the watch ends it. Its inputs are (t, x) for Burgers, the other way round than the watch's."""
    bounds = [(float(axis[0]), float(axis[-1])) for axis in watch.reference.axes.values()]
    inside = _sobol(bounds, INTERIOR, seed)
    edge, values = _conditions(name, bounds, seed)
    order = [1, 0] if name == "burgers" else [0, 1]
    residual = get_burgers_res() if name == "burgers" else get_poisson_res(a1=1.0, a2=1.0)
    model = KAN([2, 6, 6, 1], "chebyshev", LAYERS, seed)
    weights = nnx.state(model, nnx.Param)
    nnx.update(model, jax.tree.map(lambda w: w.astype(jnp.float64), weights))
    optimizer = nnx.Optimizer(model, optax.adam(RATE), wrt=nnx.Param)

    @nnx.jit
    def step(model: Any, optimizer: Any) -> None:
        def loss(model: Any) -> Any:
            equation = residual(model, inside[:, order])
            return jnp.mean(equation**2) + jnp.mean((model(edge[:, order])[:, 0] - values) ** 2)

        optimizer.update(model, nnx.grad(loss)(model))

    evaluate = nnx.jit(lambda model, points: model(points)[:, 0])

    def predict(points: np.ndarray) -> np.ndarray:
        return np.asarray(evaluate(model, jnp.asarray(points[:, order])))

    while True:
        step(model, optimizer)
        jax.block_until_ready(nnx.state(model, nnx.Param))
        watch.look(predict)


def _sobol(bounds: list[tuple[float, float]], count: int, seed: int) -> Any:
    return jnp.asarray(get_collocs_sobol(ranges=bounds, total_points=count, seed=seed), jnp.float64)


def _conditions(name: str, bounds: list[tuple[float, float]], seed: int) -> tuple[Any, Any]:
    """Points on the sides where the solution is given, and its values there."""
    (x_low, x_high), (low, high) = bounds
    ends = [_sobol([(x, x), (low, high)], BOUNDARY, seed) for x in (x_low, x_high)]
    if name == "burgers":
        start = _sobol([(x_low, x_high), (low, low)], BOUNDARY, seed)
        return jnp.concatenate([*ends, start]), jnp.concatenate(
            [jnp.zeros(2 * BOUNDARY), -jnp.sin(jnp.pi * start[:, 0])]
        )
    sides = [_sobol([(x_low, x_high), (y, y)], BOUNDARY, seed) for y in (low, high)]
    return jnp.concatenate([*ends, *sides]), jnp.zeros(4 * BOUNDARY)
