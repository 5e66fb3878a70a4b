"""The table of inverse problems: every search from every draw of the noise, and what its limits come to."""

import pytest
from benchmarks import inverse
from benchmarks.runs import Request

NUMBER, FIELD = inverse.SEARCHES[1:]


def result(search, error, held):
    about = {"row": search.name, "asked": search.asked, "budget": search.seconds, "is_field": search is FIELD}
    return {**about, "kind": "KAN", "model": "KAN [1, 2]", "parameters": 22, "error": error, "held": held}


def test_every_search_is_trained_from_every_draw():
    keys = [run.key for run in inverse.runs(Request())]
    draws = sum(inverse.DRAWS if search.noise else inverse.SEEDS for search in inverse.SEARCHES)
    assert len(set(keys)) == len(keys) == draws * len(inverse.KINDS)


def test_draws_of_the_noise_differ():
    first, second = (FIELD.make(trial).condition_list[-1].values["u"] for trial in (0, 1))
    assert (first != second).all()


@pytest.mark.parametrize("trial", [0, 1])
def test_a_conductivity_is_found_and_lies_in_its_band(trial):
    found = inverse.find(FIELD, "KAN", trial, seconds=2)
    assert found["error"] < 0.05
    assert 0.3 < found["held"] <= 1


def test_limits_of_numbers_are_counted_and_those_of_fields_averaged():
    results = [result(NUMBER, e, held) for e, held in ((1e-3, 1.0), (2e-3, 1.0), (2e-2, 0.0))]
    results += [result(FIELD, 1e-2, held) for held in (1.0, 0.9, 0.2)]
    report = inverse.report(results)
    assert [(row["median"], row["worst"], row["above"]) for row in report.rows] == [(2e-3, 2e-2, 1), (1e-2, 1e-2, 0)]
    assert "| 1 of 3 | 2 of 3 |" in report.text
    assert "| 0 of 3 | 90%, 70% |" in report.text
