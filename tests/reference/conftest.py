import numpy as np
import pytest

from kanpde.reference import exact_reference


def error_against_exact(problem, reference):
    """Relative L2 error of a reference over all unknowns."""
    exact = exact_reference(problem, axes=reference.axes).values
    miss = sum(np.sum((reference.values[n] - v) ** 2) for n, v in exact.items())
    return float(np.sqrt(miss / sum(np.sum(v**2) for v in exact.values())))


@pytest.fixture
def error_of():
    return error_against_exact


@pytest.fixture
def observed_order():
    """Slope of the error over the spacing in a log-log fit."""

    def fit(counts, errors):
        return float(np.polyfit(-np.log(np.asarray(counts, float) - 1), np.log(errors), 1)[0])

    return fit
