"""Problems as users bring them: shapes, corners, several unknowns, materials, ODEs; with the same columns as `accuracy`."""

from __future__ import annotations

from functools import partial

import numpy as np

from kanpde import Plan, Points, Solution
from kanpde.catalog import problem_class

from .accuracy import Row, polynomials, report, runs
from .runs import Table


def hoop_stress(solution: Solution) -> dict[str, float]:
    """Largest error of the stress along the hole of a plate, beside Kirsch's 1 - 2 cos(2 phi), which is 3 at most."""
    plate, phi = problem_class("plate_with_hole"), np.linspace(0, np.pi / 2, 181)
    nu, c, s = float(plate.nu), np.cos(phi), np.sin(phi)
    by_x, by_y = (solution(d, x=c / 2, y=s / 2) for d in ("x", "y"))
    xx, yy = by_x["u"] + nu * by_y["v"], by_y["v"] + nu * by_x["u"]
    xy = (1 - nu) / 2 * (by_y["u"] + by_x["v"])
    stress = plate.E / (1 - nu**2) * (s**2 * xx + c**2 * yy - 2 * s * c * xy)
    return {"stress at the hole": float(np.abs(stress - (1 - 2 * np.cos(2 * phi))).max())}


ROWS = (
    Row(
        "poisson_four_discs", 1e-4, 60, hard=False, model=polynomials(12, k=(30, 8)),
        options={"points": Points(3000, 800)},
    ),
    Row(
        "poisson_l_shape", 1e-5, 60, hard=False, model=polynomials(8, k=(20, 6)), options={"points": Points(2000, 600)},
    ),
    Row("kovasznay", 1e-7, 60, model=polynomials(8, k=(20, 5))),
    Row("lid_driven_cavity", 1e-3, 400, model=polynomials(10, 10, k=(12, 6, 6)), options={"points": Points(6000)}),
    Row("taylor_green", 1e-6, 300, model=polynomials(12, k=(20, 3)), options={"points": Points(3600, 300)}),
    Row(
        "plate_with_hole", 1e-4, 60, hard=False, model=polynomials(8, 8, k=(8, 6, 6)), options={"points": Points(2000, 300)},
        aside=hoop_stress,
    ),
    Row("clamped_plate", 1e-7, 60, model=polynomials(8, k=(20, 5))),
    Row("diffusion_jump", 1e-6, 60, hard=False, model=polynomials(8, k=(16, 6)), options={"points": Points(1500, 400)}),
    Row("poisson_10d", 1e-6, 30, hard=False, model=polynomials(6, k=(4, 4))),
    Row("lotka_volterra", 1e-6, 30, model=polynomials(k=(40,)), options={"plan": Plan(slabs=20)}, note="20 slabs"),
    Row("van_der_pol", 1e-4, 60, model=polynomials(k=(40,)), options={"plan": Plan(slabs=40)}, note="40 slabs"),
    Row(
        "schroedinger", 1e-4, 600, model=polynomials(8, 6, k=(20, 5, 5)),
        options={"points": Points(2400), "plan": Plan(slabs=32)}, note="32 slabs",
    ),
    Row(
        "burgers_parametric", 1e-3, 300, model=polynomials(8, 6, k=(10, 5, 5)),
        options={"points": Points(3600), "plan": Plan(slabs=20, stretch=True)}, note="20 slabs",
    ),
)  # fmt: skip

TABLE = Table("Real problems within a time budget", partial(runs, rows=ROWS), report)
