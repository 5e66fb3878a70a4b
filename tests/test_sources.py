"""Sources that cannot leave through the boundary are found before training."""

import pytest

from kanpde import Dirichlet, Disk, Integral, Neumann, laplacian
from tests.test_check import SQUARE, report


@pytest.mark.parametrize("shape", [SQUARE, Disk(x=0, y=0, radius=2)])
def test_a_source_that_cannot_leave_is_an_error(shape):
    def found(slope, source):
        return report(
            lambda self, u: 3 * laplacian(u) + source,
            *[Neumann(u=slope), Integral(u=0)],
            domain=shape,
        )

    assert "'equation' has no solution: its source comes to" in str(found(0, 1))
    around, inside = shape.boundary().measure, shape.volume
    assert found(-inside / (3 * around), 1).ok
    rule = shape.quadrature()
    mean = float(rule.integral(rule.columns["x"]).sum()) / inside
    assert found(0, shape.coordinate("x") - mean).ok
    assert not found(0, shape.coordinate("x") - mean - 0.1).ok


def test_a_value_somewhere_lets_sources_out():
    domain = SQUARE
    found = report(
        lambda self, u: laplacian(u) + 1, *[Neumann(u=0, on=["x", "y=0"]), Dirichlet(u=0, on="y=1")], domain=domain
    )
    assert found.ok
