"""Solve partial differential equations with Kolmogorov-Arnold networks, to the accuracy of classical solvers.

Names are loaded when they are first used, so that `import kanpde` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "kanpde.problem": ["Problem"],
    "kanpde.geometry": [
        "Annulus", "Ball", "Box", "Disk", "Ellipse", "HalfSpace", "Interval", "Mesh", "Polygon", "Rectangle", "Time",
        "Triangle", "read_mesh",
    ],
    "kanpde.conditions": ["Data", "Dirichlet", "Flux", "Initial", "Integral", "Interface", "Neumann", "Periodic", "Robin"],
    "kanpde.symbols": ["Eigenvalue", "Parameter", "diff", "div", "grad", "laplacian"],
    "kanpde.coefficient": ["Coefficient"],
    "kanpde.materials": ["by_material"],
    "kanpde.poles": ["Pole"],
    "kanpde.singularity": ["Singular"],
    "kanpde.nn": ["KAN", "MLP", "KANLayer", "KANLinear"],
    "kanpde.solver": ["DivergenceError", "Points", "solve"],
    "kanpde.eigenmodes": ["Modes", "modes"],
    "kanpde.plan": ["AdaptiveSlabs", "Plan"],
    "kanpde.dataset": ["create_dataset"],
    "kanpde.fitting": ["fit"],
    "kanpde.snapping": ["snap_constants"],
    "kanpde.readout": ["Readout", "auto_symbolic"],
    "kanpde.relations": ["Relation", "find_relations"],
    "kanpde.solution": ["Solution"],
    "kanpde.cancellation": ["relative_residual"],
    "kanpde.intervals": ["Uncertainty", "uncertainty"],
    "kanpde.columns": ["read_columns"],
    "kanpde.outline": ["read_polygon"],
    "kanpde.comparison": ["Comparison", "compare"],
    "sympy": [
        "Abs", "E", "Max", "Min", "Piecewise", "Rational", "acos", "acosh", "asin", "asinh", "atan", "atan2",
        "atanh", "cos", "cosh", "cot", "erf", "erfc", "exp", "log", "pi", "sec", "sign", "sin", "sinh", "sqrt",
        "tan", "tanh",
    ],
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__version__ = "0.1.0"
__all__ = ["__version__", *sorted(_MODULE_OF)]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'kanpde' has no attribute '{name}'")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
