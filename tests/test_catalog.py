"""Problems by name: shipped ones, and classes in files."""

import sys

import pytest

from kanpde import Problem
from kanpde.catalog import blaming, problem_class, shipped_names

SOURCE = """
from dataclasses import dataclass
from kanpde import *

class Line(Problem):
    domain = Interval(x=(0, 1))
    def residual(self, u, x): return u.xx
    def conditions(self, x): return [Dirichlet(u=0)]
"""


def test_every_shipped_problem_has_one_class_and_a_sentence_about_it():
    names = shipped_names()
    assert names == sorted(names)
    assert {"burgers", "heat", "poisson", "wave"} <= set(names)
    for name in names:
        found = problem_class(name)
        assert issubclass(found, Problem)
        assert (found.__doc__ or "").strip()


@pytest.mark.parametrize("name", ["allen_cahn", "allen-cahn", "Allen Cahn", " ALLEN_CAHN "])
def test_names_are_read_generously(name):
    assert problem_class(name).__name__ == "AllenCahn"


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(ValueError, match="`burgrs` is not a known problem: did you mean burgers"):
        problem_class("burgrs")


def test_a_class_is_loaded_from_a_file_with_or_without_its_name(tmp_path):
    path = tmp_path / "line_for_test.py"
    path.write_text(SOURCE)
    assert problem_class(str(path)).__name__ == "Line"
    assert problem_class(f"{path}:Line")().name == "Line"


def test_a_class_that_a_file_imports_is_found_by_name_only(tmp_path):
    path = tmp_path / "borrowed.py"
    path.write_text("from kanpde.problems.heat import Heat\n")
    assert problem_class(f"{path}:Heat") is problem_class("heat")
    with pytest.raises(ValueError, match="holds no problem"):
        problem_class(str(path))


def test_a_file_named_like_a_library_does_not_replace_it(tmp_path):
    (tmp_path / "json.py").write_text(SOURCE)
    json = sys.modules["json"]
    assert problem_class(str(tmp_path / "json.py")).__name__ == "Line"
    assert sys.modules["json"] is json


def test_a_file_that_fails_leaves_no_module_behind(tmp_path):
    (tmp_path / "fails_at_once.py").write_text("1 / 0")
    with pytest.raises(ValueError, match="line 1 cannot be loaded: ZeroDivisionError: division by zero: mend the file"):
        problem_class(str(tmp_path / "fails_at_once.py"))
    assert "fails_at_once" not in sys.modules


def test_an_error_from_a_file_is_blamed_on_its_line(tmp_path):
    path = tmp_path / "blamed.py"
    path.write_text(SOURCE.replace("return u.xx", "return [][1]"))
    with (
        pytest.raises(ValueError, match=r"`.*blamed.py`, line 7: IndexError: list index out of range"),
        blaming(str(path)),
    ):
        problem_class(str(path))()


def test_an_error_from_elsewhere_is_not_touched(tmp_path):
    with pytest.raises(ZeroDivisionError), blaming("poisson"):
        1 / 0  # noqa: B018
