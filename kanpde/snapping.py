"""Constants of a formula as the numbers that they are likely to be, where the data do not speak against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import sympy as sp
from jaxtyping import Float

from .expression import numeric

NEAR = 1e-2
"""How far, beside its size or beside 1, a constant may be from what it is replaced by: the data decide, this saves time."""
LARGEST_DENOMINATOR = 12
DIGITS = 3
"""Of decimal fractions that are tried as well."""
ROUNDING = 32
"""Units of rounding of the values below which deviations are not told apart."""
UNITS = (sp.S.One, sp.pi, sp.E, 1 / sp.pi, sp.sqrt(2), sp.sqrt(3), sp.sqrt(5), sp.sqrt(sp.pi))


def snap_constants(
    formula: sp.Expr,
    columns: Mapping[str, Float[np.ndarray, " n"]],
    values: Float[np.ndarray, " n"],
    *,
    worse: float = 0.1,
) -> sp.Expr:
    """Replace floating-point numbers by rationals and multiples of pi, e and square roots.

    Each constant is tried in turn, the simplest number first, and replaced if the root mean square of the deviations from
    the values hardly grows. A formula that is right to rounding gets its constants exactly; in one that is right to 1e-3
    whatever is as close is taken, and says no more than the data do.

    Args:
        formula: in symbols that have the names of the columns.
        columns: name to values of shape (n,).
        values: what the formula describes there.
        worse: part by which the deviation may grow at each constant, above 0.

    Raises:
        ValueError: for a part that is not above 0, or a symbol without a column.
    """
    if not worse > 0:
        raise ValueError(f"`worse` must be positive, got {worse}: 0.1 is usual.")
    spread = float(np.std(values)) or 1.0

    def deviation(expression: sp.Expr) -> float:
        with np.errstate(all="ignore"):
            found = numeric(expression, columns)
        return float(np.sqrt(np.mean((found - values) ** 2)))

    floor = ROUNDING * np.finfo(float).eps * spread
    formula = _without_spare_factors(formula)
    tried: set[sp.Expr] = set()
    while fresh := formula.atoms(sp.Float) - tried:  # numbers that were replaced may leave a sum or a product of others
        constant = min(fresh, key=lambda f: (abs(float(f)), float(f)))
        tried.add(constant)
        limit = (1 + worse) * max(deviation(formula), floor)
        for candidate in _candidates(float(constant)):
            try:
                trial = formula.xreplace({constant: candidate})
                close = deviation(trial) <= limit
            except ValueError:  # a value that is not finite, such as at a pole that the constant kept away
                continue
            if close:
                formula = trial
                break
    return formula


def _without_spare_factors(formula: sp.Expr) -> sp.Expr:
    """The same with powers and absolute values of x + b for those of a x + b, whose a is a factor of the whole as well."""

    def is_spare(e: sp.Expr) -> bool:
        power = isinstance(e, sp.Pow) and e.exp.is_Integer
        return (power or isinstance(e, sp.Abs)) and isinstance(_leading(e.args[0]), sp.Float)

    def drawn_out(e: sp.Expr) -> sp.Expr:
        a = _leading(e.args[0])
        return e.func(a, *e.args[1:]) * e.func(sp.expand(e.args[0] / a), *e.args[1:])

    return formula.replace(is_spare, drawn_out)


def _leading(e: sp.Expr) -> sp.Expr | None:
    """The factor of the first symbol of a linear expression; None for others."""
    symbols = sorted(e.free_symbols, key=str)
    if not symbols or not e.is_polynomial(*symbols) or sp.total_degree(e) != 1:
        return None
    return sp.expand(e).coeff(symbols[0])


def _candidates(value: float) -> Iterator[sp.Expr]:
    """Simple numbers near a value, those with small numerators and denominators first."""
    found: dict[sp.Expr, tuple[float, float]] = {}
    for price, unit in enumerate(UNITS):
        size = float(unit)
        for denominator in range(1, LARGEST_DENOMINATOR + 1):
            numerator = round(value / size * denominator)
            candidate = sp.Rational(numerator, denominator) * unit
            distance = abs(float(candidate) - value)
            if distance <= NEAR * max(abs(value), 1.0) and candidate not in found:
                found[candidate] = (abs(numerator) + denominator + 3.0 * (price > 0) + price, distance)
    for digits in range(1, DIGITS + 1):
        decimal = sp.Rational(f"{value:.{digits}g}")
        found.setdefault(decimal, (abs(decimal.p) + decimal.q, abs(float(decimal) - value)))
    yield from sorted(found, key=lambda c: found[c])
