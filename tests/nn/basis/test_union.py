"""Bases side by side."""

import pytest
import torch
from torch.testing import assert_close

from kanpde.nn.basis import BSpline, Chebyshev, SiLU, Union

X = torch.linspace(-1.1, 1.1, 13, dtype=torch.float64)


def test_a_union_has_the_functions_of_its_members_in_order():
    members = [BSpline(4, 3), SiLU(), Chebyshev(2)]
    union = Union(*members)
    assert union.size == 7 + 1 + 3
    assert_close(union.derivatives(X, 3), torch.cat([m.derivatives(X, 3) for m in members], dim=-1), rtol=0, atol=0)


def test_a_projection_uses_the_first_member_alone():
    union = Union(BSpline(4, 3), SiLU())
    values = torch.sin(union.fit_points())[:, None]
    coefficients = union.project(values)
    assert_close(coefficients[:7], union.members[0].project(values))
    assert coefficients[7:].abs().max() == 0


def test_only_members_with_a_measure_of_their_own_are_whitened():
    spline = BSpline(4, 5)
    transform = Union(spline, SiLU()).whitening()
    assert_close(transform[:-1, :-1], spline.whitening())
    assert_close(transform[-1], torch.eye(10, dtype=torch.float64)[-1])
    assert_close(transform[:, -1], torch.eye(10, dtype=torch.float64)[-1])
    assert Union(Chebyshev(3), SiLU()).whitening() is None


def test_gradients_match_finite_differences():
    x = torch.tensor([-0.3, 0.8], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(Union(BSpline(3, 4), SiLU()), (x,))


def test_an_empty_union_is_refused():
    with pytest.raises(ValueError, match="`members` must hold at least one basis"):
        Union()
