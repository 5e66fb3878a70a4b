"""Sets of points with named columns."""

import numpy as np
from numpy.testing import assert_array_equal

from kanpde.geometry import PointSet, stack, tensor_points


def test_known_values_are_coordinates_and_extras():
    points = PointSet({"x": np.array([1.0, 2.0])}, {"n_x": np.array([-1.0, 1.0])})
    assert list(points.known) == ["x", "n_x"]
    assert len(points) == 2


def test_the_array_has_a_column_per_coordinate():
    points = PointSet({"x": np.array([1.0, 2.0]), "t": np.array([3.0, 4.0])}, {"n_x": np.zeros(2)})
    assert_array_equal(points.array, [[1.0, 3.0], [2.0, 4.0]])


def test_stacking_joins_columns_and_extras():
    one = PointSet({"x": np.array([1.0])}, {"d": np.array([5.0])})
    two = PointSet({"x": np.array([2.0, 3.0])}, {"d": np.array([6.0, 7.0])})
    both = stack([one, two])
    assert_array_equal(both.columns["x"], [1.0, 2.0, 3.0])
    assert_array_equal(both.extras["d"], [5.0, 6.0, 7.0])


def test_the_last_axis_of_a_tensor_grid_runs_fastest():
    points = tensor_points({"x": np.array([0.0, 1.0]), "y": np.array([5.0, 6.0, 7.0])})
    assert_array_equal(points.array, [[0, 5], [0, 6], [0, 7], [1, 5], [1, 6], [1, 7]])
