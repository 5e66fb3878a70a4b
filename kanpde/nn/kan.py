"""Kolmogorov-Arnold networks: a learned function of one variable on every edge."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import sympy as sp
import torch
from jaxtyping import Float
from torch import Tensor
from torch.quasirandom import SobolEngine

from .attribution import Attribution, attribution
from .basis import Basis
from .edge_layer import EdgeLayer
from .initialisation import DECAY, fill_ranges
from .kan_layer import KANLayer
from .layer_bases import bases_of_layers
from .network import Network, check_width
from .prune import TOLERANCE, prune
from .refine import raise_degree, refine_grid
from .refine.adaptive import spline_of
from .refine.exchange import change
from .symbolic import Match, SymbolicFunction
from .symbolic.fix import CONSTANT, fix_symbolic, suggest_layer, suggest_symbolic, unfix_symbolic
from .symbolic.formula import symbolic_formula
from .symbolic.match import PRICE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOVED = 1e-3
"""Relative L2 change of the outputs above which it is no longer called the same function."""
UNSEEN = 0.9
"""Deviation from the nearest function, beside the spread of an edge, above which the edge may be called a constant."""
USUAL_POINTS = 1024
"""Inputs at which edges are looked at where none are given."""
BEYOND = 2.0
"""Inputs larger than this are not scaled to [-1, 1], or the network is not the one that was fitted there."""


class KAN(Network):
    """Kolmogorov-Arnold network on inputs in [-1, 1]; `solve` maps the domain of a problem there.

    Args:
        width: nodes per layer, inputs and outputs included, as in [2, 8, 1].
        grid: grid intervals of B-spline and Gaussian edges, at least 1; one number, or one per layer.
        k: degree of B-splines and Chebyshev polynomials, number of Fourier modes, at least 1; one, or one per layer.
        basis: "bspline", "chebyshev", "fourier" or "gaussian"; or a list of such names and `Basis` objects, one per
            layer.
        base: add the base function silu(x) of the KAN paper to every edge; by default for B-splines only.
        squash: pass hidden values through tanh. Without it B-splines go on beyond their grid as their last polynomial.
        seed: of the start values.
        decay: power by which the coefficients of the random start functions fall, at least 0: more makes them smoother, which
            evolutions above the second order need.
        dtype: of the parameters.

    Raises:
        TypeError: for a basis that is neither name nor list.
        ValueError: for widths, grids or degrees that cannot be.

    Source:
        Liu et al. (2024), "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756.
    """

    kind = "KAN"

    def __init__(
        self,
        width: Sequence[int],
        grid: int | Sequence[int] = 5,
        k: int | Sequence[int] = 3,
        *,
        basis: str | Sequence[str | Basis] = "bspline",
        base: bool | None = None,
        squash: bool = False,
        seed: int = 0,
        decay: float = DECAY,
        dtype: torch.dtype = torch.float64,
    ):
        width = check_width(width)
        if not decay >= 0:
            raise ValueError(f"`decay` must be at least 0, got {decay}: start functions are series that fall.")
        bases = bases_of_layers(len(width) - 1, grid, k, basis, base)
        layers = [
            KANLayer(n_in, n_out, b, constant=i == 0, decay=decay)
            for i, (n_in, n_out, b) in enumerate(zip(width[:-1], width[1:], bases, strict=True))
        ]
        super().__init__(layers, squash=squash)
        self.reset(seed)
        self.to(dtype)

    def reset(self, seed: int) -> None:
        """Start again from new weights, the ones that a new network of that seed would have."""
        generator = torch.Generator().manual_seed(seed)
        fresh = copy.deepcopy(self).to("cpu", torch.float64)  # so that device and dtype do not change the weights
        for layer in fresh.layers:
            assert isinstance(layer, KANLayer | EdgeLayer)
            layer.reset(generator)
        fresh.settle(generator)
        self.load_state_dict(fresh.state_dict())

    def settle(self, generator: torch.Generator, *, kept: Sequence[int] | None = None) -> None:
        """Shift and scale hidden nodes so that their values fill the range of the next layer; see `fill_ranges`."""
        if self.squash is None:
            fill_ranges(self, generator, kept=kept)

    @classmethod
    def from_pykan(cls, path: str | Path) -> KAN:
        """A network of a checkpoint of pykan; see `kanpde.nn.convert.from_pykan`."""
        from .convert import from_pykan  # here, because it builds KANs

        return from_pykan(path)

    @classmethod
    def from_efficient_kan(cls, state: Mapping[str, Tensor]) -> KAN:
        """A network with the weights of an efficient-kan; see `kanpde.nn.convert.from_efficient_kan`."""
        from .convert import from_efficient_kan

        return from_efficient_kan(state)

    # ---------------------------------------------------------------- looking inside

    @property
    def has_formulas(self) -> bool:
        """Whether an edge is a formula."""
        return any(isinstance(layer, EdgeLayer) and layer.formulas for layer in self.layers)

    def refine(
        self, grid: int | Sequence[int | None] | None = None, *, k: int | Sequence[int | None] | None = None
    ) -> KAN:
        """The same function with finer grids or higher degrees; `refine_grid` and `raise_degree` also say how far it moved.

        Exact where the intervals of every grid are divided equally. Otherwise the edges are fitted anew within their grids,
        and values that lie beyond them may change much: a warning says so if the outputs move by more than 0.1 %.

        Args:
            grid: grid intervals, for all layers that have a grid or one per layer, None where they stay.
            k: degree, or number of Fourier modes, likewise.

        Raises:
            ValueError: for neither, or numbers below the present ones.
        """
        if grid is None and k is None:
            raise ValueError("`grid` or `k` must be given: there is nothing to refine.")
        finer, moved = cast("Network", self), 0.0
        if k is not None:
            finer, by = raise_degree(finer, k)
            moved += by
        if grid is not None:
            finer, by = refine_grid(finer, grid)
            moved += by
        _warn_of_change(
            moved,
            f"The refined network differs by {moved:.1g} from the given one (relative L2): its hidden values leave "
            "their grids, or the new grid does not have the old points. Train it further, or use a `grid` that is a multiple.",
        )
        return cast("KAN", finer)

    def attribution(self, x: Float[Tensor, "n inputs"] | None = None) -> Attribution:
        """How much every edge and node matters to the outputs; see `kanpde.nn.attribution`.

        Args:
            x: inputs of the network; evenly spread ones in the input cube without it.
        """
        return attribution(self, self._seen(x))

    def prune(
        self,
        x: Float[Tensor, "n inputs"] | None = None,
        *,
        threshold: float | None = None,
        tolerance: float = TOLERANCE,
    ) -> KAN:
        """A smaller network, without the edges and nodes that hardly matter; `prune` also says what it left out.

        Args:
            x: inputs of the network; evenly spread ones in the input cube without it.
            threshold: leave out edges with an attribution score up to this.
            tolerance: without a threshold, the relative L2 change of the outputs that is taken.
        """
        return cast("KAN", prune(self, self._seen(x), threshold=threshold, tolerance=tolerance).network)

    def suggest_symbolic(
        self,
        layer: int,
        i: int,
        j: int,
        x: Float[Tensor, "n inputs"] | None = None,
        *,
        functions: Iterable[str | SymbolicFunction] | None = None,
        price: float = PRICE,
    ) -> list[Match]:
        """What the edge from node `i` to node `j` looks like, as `c f(a x + b) + d`, the best score first.

        Args:
            layer: number of the layer, from 0.
            i: number of the node that the edge comes from.
            j: number of the node that it goes to.
            x: inputs of the network; evenly spread ones in the input cube without it.
            functions: names of the library (`kanpde.nn.symbolic.LIBRARY`) or functions; all without it.
            price: powers of ten in the deviation that a unit of complexity must gain.
        """
        return suggest_symbolic(self, layer, i, j, self._seen(x), functions=functions, price=price)

    def fix_symbolic(
        self,
        layer: int,
        i: int,
        j: int,
        function: str | SymbolicFunction,
        x: Float[Tensor, "n inputs"] | None = None,
    ) -> Match:
        """Make the edge from node `i` to node `j` a formula, in place; its four numbers go on being trained.

        Args:
            layer: number of the layer, from 0.
            i: number of the node that the edge comes from.
            j: number of the node that it goes to.
            function: a name of the library, such as "sin", or a `SymbolicFunction`.
            x: inputs at which it is fitted; evenly spread ones in the input cube without it.

        Returns:
            The fitted formula and how far it is from what the edge was.

        Raises:
            ValueError: for an edge that does not exist, or a function that cannot be evaluated there.
        """
        seen = self._seen(x)
        found = suggest_symbolic(self, layer, i, j, seen, functions=[function])
        if not found:
            raise ValueError(
                f"`function` must be defined on the range of edge ({i}, {j}) of layer {layer}, got {function}."
            )
        had = self(seen).isfinite()
        fix_symbolic(self, layer, {(i, j): found[0]})
        lost = int((had & ~self(seen).isfinite()).any(1).sum())
        if lost:
            warnings.warn(
                f"Edge ({i}, {j}) of layer {layer} as {found[0].function.name} takes {lost} of {len(seen)} inputs out of the range of "
                "a formula behind it, where there is no value: fix edges from the inputs on, or `unfix_symbolic` that one.",
                RuntimeWarning,
                stacklevel=2,
            )
        return found[0]

    def auto_symbolic(
        self,
        x: Float[Tensor, "n inputs"] | None = None,
        *,
        functions: Iterable[str | SymbolicFunction] | None = None,
        price: float = PRICE,
    ) -> list[dict[tuple[int, int], Match]]:
        """Make every learned edge the formula that it looks like most, in place, one layer after the other.

        Nothing is trained: `kanpde.auto_symbolic(kan, x, y)` prunes, refits after every layer and tries other functions.

        Args:
            x: inputs of the network; evenly spread ones in the input cube without it.
            functions: names of the library or functions; all without it.
            price: powers of ten in the deviation that a unit of complexity must gain.

        Returns:
            Per layer, edge to the formula that it has become.

        Raises:
            ValueError: for an edge on whose range none of the functions can be evaluated; the network is then as it was.
        """
        changed, found = copy.deepcopy(self), []
        seen = self._seen(x)
        for number in range(len(changed.layers)):
            edges = suggest_layer(changed, number, seen, functions=functions, price=price)
            for pair, suggestions in edges.items():
                if not suggestions:
                    raise ValueError(f"`functions` must hold one that is defined on edge {pair} of layer {number}.")
            best = {pair: _best(suggestions) for pair, suggestions in edges.items()}
            fix_symbolic(changed, number, best)
            found.append(best)
        moved = change(self, changed, seen)
        _warn_of_change(
            moved,
            f"As formulas the network differs by {moved:.1g} from what it was (relative L2). Fit it once more: the numbers "
            "of the formulas go on being trained; `kanpde.auto_symbolic(kan, x, y)` does so after every layer.",
        )
        self.layers = changed.layers
        return found

    def unfix_symbolic(self, layer: int, i: int, j: int) -> None:
        """Make a formula a learned function again, in place: the closest one in the basis of the layer, on its grid.

        A warning says so if the outputs move by more than 0.1 %, which they do where the values of the node leave the grid.
        """
        before, seen = copy.deepcopy(self), self._seen(None)
        unfix_symbolic(self, layer, i, j)
        moved = change(before, self, seen)
        _warn_of_change(
            moved,
            f"Edge ({i}, {j}) of layer {layer} moved the outputs by {moved:.1g} (relative L2) when it became a learned "
            "function: the values of its node leave the grid, or the grid is too coarse for it. Train it further.",
        )

    def symbolic_formula(self, inputs: Sequence[str | sp.Expr] | None = None) -> list[sp.Expr]:
        """The outputs as SymPy expressions, once every edge is a formula or absent.

        Args:
            inputs: names of the inputs, or expressions that stand for them; x1, x2, ... without it.

        Raises:
            ValueError: for an edge that is still learned.
        """
        return symbolic_formula(self, inputs)

    def plot(
        self,
        x: Float[Tensor, "n inputs"] | None = None,
        *,
        beta: float = 3.0,
        inputs: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
    ) -> Figure:
        """The diagram of the KAN paper, every edge function drawn in place; `plot().savefig("kan.svg")` writes it.

        Args:
            x: inputs of the network; evenly spread ones in the input cube without it.
            beta: an edge is as opaque as `tanh(beta * score)`, by its attribution.
            inputs: names of the inputs; x1, x2, ... without it.
            outputs: names of the outputs; y1, y2, ... without it.
        """
        from .diagram import diagram  # here, because matplotlib takes long to load

        return diagram(self, self._seen(x), beta=beta, inputs=inputs, outputs=outputs)

    def plot_edge(self, layer: int, i: int, j: int, x: Float[Tensor, "n inputs"] | None = None) -> Figure:
        """One edge function over the values that it sees, with the points of its grid and how often values occur."""
        from .diagram import close_up

        return close_up(self, layer, i, j, self._seen(x))

    def _seen(self, x: Float[Tensor, "n inputs"] | None) -> Float[Tensor, "n inputs"]:
        if x is not None:
            points = torch.as_tensor(x if isinstance(x, Tensor) else np.asarray(x)).detach().to(next(self.parameters()))
            if points.ndim != 2 or points.shape[1] != self.width[0] or not bool(points.isfinite().all()):
                raise ValueError(
                    f"`x` must be finite inputs of the network, shape (n, {self.width[0]}), got {tuple(points.shape)}: "
                    "`kanpde.fitting.scaled_inputs(points)` gives those of a fit."
                )
            if len(points) and float(points.abs().max()) > BEYOND and not _reaches(self.layers[0].basis, points):
                warnings.warn(
                    f"`x` goes to {float(points.abs().max()):.3g}, far beyond [-1, 1], which the network is made for: give what it "
                    "sees, such as `kanpde.fitting.scaled_inputs(points)`.",
                    RuntimeWarning,
                    stacklevel=3,
                )
            return points
        points = SobolEngine(self.width[0], scramble=True, seed=0).draw(USUAL_POINTS, dtype=torch.float64)
        return (2 * points - 1).to(next(self.parameters()))


def _reaches(basis: Basis, points: Float[Tensor, "n inputs"]) -> bool:
    """Whether a grid of its own holds the points."""
    splines = spline_of(basis)
    return splines is not None and float(points.abs().max()) <= float(splines.grid.abs().max())


def _best(suggestions: Sequence[Match]) -> Match:
    """The best score; a constant only where no function says anything of the edge."""
    function = next((m for m in suggestions if m.function.name != CONSTANT), None)
    return suggestions[0] if function is None or function.deviation > UNSEEN else function


def _warn_of_change(moved: float, sentence: str) -> None:
    if not moved <= MOVED:
        warnings.warn(sentence, RuntimeWarning, stacklevel=3)
