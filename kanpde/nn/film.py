"""A training run as a film: the diagram of the network, every few steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from torch import Tensor

from ..counts import checked_interval
from .kan import KAN

DOTS = 80
"""Per inch."""


class Film:
    """Takes a picture of a KAN every few steps: `solve(problem, kan, on_step=Film(kan))`.

    The network must be the one that is trained, which is the given one unless there are slabs, stages, refinements, several
    starts or grids.

    Args:
        kan: is looked at, and not changed.
        every: number of steps between two pictures, at least 1.
        x: inputs of the network at which its edges are looked at; evenly spread ones in the input cube without it.
        beta: an edge is as opaque as `tanh(beta * score)`.
        inputs: names of the inputs.
        outputs: names of the outputs.

    Attributes:
        frames: the pictures so far.

    Raises:
        TypeError: for a network that is no KAN.
        ValueError: for a number of steps below 1.
    """

    def __init__(
        self,
        kan: KAN,
        *,
        every: int = 5,
        x: Float[Tensor, "n inputs"] | None = None,
        beta: float = 3.0,
        inputs: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
    ):
        if not isinstance(kan, KAN):
            raise TypeError(f"`kan` must be a KAN, got {type(kan).__name__}: only a KAN has functions on its edges.")
        self.kan, self.every, self.x = kan, checked_interval(every, "pictures"), x
        self._look: dict[str, Any] = {"beta": beta, "inputs": inputs, "outputs": outputs}
        self.frames: list[UInt8[np.ndarray, "height width 3"]] = []

    def __call__(self, report: Any) -> None:
        """A picture, if it is time for one; `report` is what `solve` and `fit` give."""
        if report.steps % self.every == 0 or not self.frames:
            self._take(f"step {report.steps}, root of the loss {report.loss**0.5:.1e}")

    def save(self, path: str | Path, *, rate: float = 5.0) -> None:
        """Write the film as an animated picture.

        Args:
            path: ends in .gif, .png or .webp.
            rate: pictures per second, above 0.

        Raises:
            ValueError: for another ending, a rate that is not positive, or a film without pictures.
        """
        if Path(path).suffix.lower() not in (".gif", ".png", ".webp"):
            raise ValueError(f"`path` must end in .gif, .png or .webp, got '{path}'.")
        if not rate > 0:
            raise ValueError(f"`rate` must be positive, got {rate}: it is a number of pictures per second.")
        if not self.frames:
            raise ValueError("`Film.save` needs pictures, there are none: give the film to `on_step` of a run first.")
        first, *others = [Image.fromarray(frame) for frame in self.frames]
        first.save(path, save_all=True, append_images=others, duration=round(1000 / rate), loop=0)

    def _take(self, title: str) -> None:
        figure = self.kan.plot(self.x, **self._look)
        figure.suptitle(title, fontsize="small")
        canvas = FigureCanvasAgg(figure)
        figure.set_dpi(DOTS)
        canvas.draw()
        self.frames.append(np.asarray(canvas.buffer_rgba())[..., :3].copy())
