"""Plan: what happens around the steps of the optimiser, from time slabs to balanced weights and new points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from .balance import Balance
from .counts import is_count
from .nn.refine import Refinement
from .regularisation import Regularisation
from .resampling import Resampling


@dataclass(frozen=True)
class AdaptiveSlabs:
    """Time slabs whose lengths follow from the residual.

    Each slab is trained as long as it makes progress. One that ends above `tolerance` is done again at half the length;
    after one that ends below it the next is `growth` times as long.

    Args:
        first: length of the first slab, as a part of the whole time, in (0, 1].
        tolerance: root of the loss that each slab should reach, above 0.
        growth: at least 1.
        shortest: as a part of the whole time; a slab of this length is kept as it is.

    Raises:
        ValueError: for a setting outside its range.
    """

    first: float = 0.1
    tolerance: float = 1e-7
    growth: float = 1.5
    shortest: float = 1e-3

    def __post_init__(self) -> None:
        for name, most in (("first", 1.0), ("shortest", self.first)):
            if not 0 < getattr(self, name) <= most:
                raise ValueError(f"`{name}` must be in (0, {most:g}], got {getattr(self, name)}: a part of the time.")
        if not self.tolerance > 0:
            raise ValueError(f"`tolerance` must be positive, got {self.tolerance}: 1e-7 is usual.")
        if not self.growth >= 1:
            raise ValueError(f"`growth` must be at least 1, got {self.growth}: 1 keeps the length.")


@dataclass(frozen=True)
class Plan:
    """How a network is trained beyond the steps of its optimiser.

    Args:
        slabs: number of equal time slabs, at least 1; or the instants, ascending, at which they end, each slab getting as
            much of the budget as any other; or `AdaptiveSlabs`.
        warm: start a slab from the weights of the slab before instead of new ones.
        stretch: adapt the one coordinate of space that has derivatives to the thin layers that a slab starts with.
        stages: number of networks per slab, at least 1: each further one is trained on what the ones before left.
        refinements: one after another, each when there is no more progress.
        balance: of the weights of the blocks, or of their points.
        resampling: of the points of the equations.
        regularisation: what is wanted of the edge functions of a KAN beside a small residual.
        restarts: how often a network that gets stuck may start again from new weights, at least 0.

    Raises:
        TypeError: for a part of another kind.
        ValueError: for a number below 1, or instants that do not ascend.
    """

    slabs: int | Sequence[float] | AdaptiveSlabs = 1
    warm: bool = True
    stretch: bool = False
    stages: int = 1
    refinements: tuple[Refinement, ...] = ()
    balance: Balance | None = None
    resampling: Resampling | None = None
    regularisation: Regularisation | None = None
    restarts: int = 5

    def __post_init__(self) -> None:
        if isinstance(self.slabs, (Sequence, np.ndarray)) and not isinstance(self.slabs, str):
            object.__setattr__(self, "slabs", _instants(self.slabs))
        for name in ("slabs", "stages"):
            value = getattr(self, name)
            if name == "slabs" and isinstance(value, (tuple, AdaptiveSlabs)):
                continue
            if isinstance(value, bool) or not isinstance(value, Integral):
                raise TypeError(f"`{name}` must be a whole number, got {value!r}: 1 is one network from start to end.")
            if value < 1:
                raise ValueError(f"`{name}` must be at least 1, got {value}: 1 is one network from start to end.")
            object.__setattr__(self, name, int(value))
        if not is_count(self.restarts, 0):
            raise ValueError(f"`restarts` must be a whole number of at least 0, got {self.restarts!r}.")
        if not isinstance(self.refinements, Sequence):
            raise TypeError(f"`refinements` must be a tuple, got {self.refinements!r}: write ({self.refinements!r},).")
        classes = [r.__name__ for r in self.refinements if isinstance(r, type)]
        if classes:
            raise TypeError(f"`refinements` must hold objects, got the class {classes[0]}: write {classes[0]}(...).")
        object.__setattr__(self, "refinements", tuple(self.refinements))
        self._check_parts()

    @property
    def ends(self) -> tuple[float, ...]:
        """The last instants of all slabs; none where their number or the residual says them."""
        return self.slabs if isinstance(self.slabs, tuple) else ()

    def _check_parts(self) -> None:
        """Balance, resampling and regularisation must be objects: names belong to the command line."""
        for name, method, example in (
            ("balance", "update", "GradientNorm()"),
            ("resampling", "choose", "RAD()"),
            ("regularisation", "prior", "Sparsity()"),
        ):
            value = getattr(self, name)
            if value is not None and (isinstance(value, type) or not hasattr(value, method)):
                raise TypeError(f"`{name}` must be an object such as {example}, got {value!r}.")


def _instants(values: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    """The ends of slabs as plain numbers."""
    try:
        ends = np.asarray(values, float)
    except (TypeError, ValueError):
        raise TypeError(
            f"`slabs` must be a count or instants, got {values!r}: [0.1, 0.3, 1.0] are three slabs."
        ) from None
    if ends.ndim != 1 or not len(ends) or not np.isfinite(ends).all() or not (np.diff(ends) > 0).all():
        raise ValueError(f"`slabs` must be instants that ascend, got {values!r}: [0.1, 0.3, 1.0] are three slabs.")
    return tuple(ends.tolist())
