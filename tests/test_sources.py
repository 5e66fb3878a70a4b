"""Sources that cannot leave through the boundary are found before training."""

import pytest

from kanpde import Dirichlet, Disk, Integral, Neumann, Rectangle, diff, laplacian
from tests.test_check import SQUARE, report


@pytest.mark.parametrize("shape", [SQUARE, Disk(x=0, y=0, radius=2)])
def test_a_source_that_cannot_leave_is_an_error(shape):
    def found(slope, source):
        return report(
            lambda self, u: 3 * laplacian(u) + source,
            *[Neumann(u=slope), Integral(u=0)],
            domain=shape,
        )

    assert "the equation of u has no solution: its source comes to" in str(found(0, 1))
    around, inside = shape.boundary().measure, shape.volume
    assert found(-inside / (3 * around), 1).ok
    rule = shape.quadrature()
    mean = float(rule.integral(rule.columns["x"]).sum()) / inside
    assert found(0, shape.coordinate("x") - mean).ok
    assert not found(0, shape.coordinate("x") - mean - 0.1).ok


@pytest.mark.parametrize(
    "flux",
    [lambda u, x, y: diff((1 + x) * u.x, x) + u.yy, lambda u, x, y: u.xx + 2 * u.yy],
    ids=["a coefficient that varies", "two conductivities"],
)
def test_other_divergences_must_balance_as_well(flux):
    def found(source):
        return report(lambda self, u, x, y: flux(u, x, y) + source, Neumann(u=0), Integral(u=0), domain=SQUARE)

    assert "the equation of u has no solution: its source comes to" in str(found(1))
    x = SQUARE.coordinate("x")
    rule = SQUARE.quadrature()
    mean = float(rule.integral(rule.columns["x"]).sum()) / SQUARE.volume
    assert found(x - mean).ok


def test_as_much_must_flow_out_as_flows_in():
    def stokes(self, u, v, p, x, y):
        return {"x": laplacian(u) - p.x, "y": laplacian(v) - p.y, "mass": u.x + v.y}

    def found(inflow, outflow):
        ends = [Dirichlet(u=inflow, v=0, on="x=0"), Dirichlet(u=outflow, v=0, on="x=1")]
        return report(stokes, *ends, Dirichlet(u=0, v=0, on="y"), Integral(p=0), domain=Rectangle(x=(0, 1), y=(0, 1)))

    assert "the equation of p has no solution" in str(found(1, 0))
    assert "the equation of p has no solution" not in str(found(1, 1))


def test_a_value_somewhere_lets_sources_out():
    domain = SQUARE
    found = report(
        lambda self, u: laplacian(u) + 1, *[Neumann(u=0, on=["x", "y=0"]), Dirichlet(u=0, on="y=1")], domain=domain
    )
    assert found.ok
