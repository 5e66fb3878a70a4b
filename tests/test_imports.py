"""`import kanpde` is quick and has no effect; imports between modules run one way."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kanpde

PACKAGE = Path(kanpde.__file__).parent

ORDER = [
    "counts",
    "dataset",
    "symbols",
    "expression",
    "sampling",
    "geometry",
    "serialise",
    "materials",
    "conditions",
    "symmetry",
    "fingerprint",
    "latex",
    "problem",
    "interfaces",
    "masks",
    "poles",
    "singularity",
    "scales",
    "jumps",
    "constants",
    "pairing",
    "weak_form",
    "sources",
    "finding",
    "coverage",
    "check",
    "coefficient",
    "reference",
    "jet",
    "linearisation",
    "nn",
    "prior",
    "ansatz",
    "blocks",
    "assembly",
    "optim",
    "balance",
    "resampling",
    "regularisation",
    "budget",
    "plan",
    "recommend",
    "field",
    "slabs",
    "record",
    "sampled",
    "export",
    "paraview",
    "columns",
    "outline",
    "agreement",
    "settings",
    "seeds",
    "leg",
    "tending",
    "stopping",
    "training",
    "recorded",
    "solution",
    "cancellation",
    "intervals",
    "march",
    "interruption",
    "run",
    "solver",
    "values",
    "samples",
    "snapping",
    "growth",
    "link",
    "random_modes",
    "eigenmodes",
    "fitting",
    "readout",
    "relations",
    "comparison",
    "plot",
    "flow",
    "animation",
    "progress",
    "catalog",
    "cli",
    "__main__",
]
"""Top to bottom, a module imports only from those above it."""

PROBE = """
import time
start = time.perf_counter()
import kanpde
seconds = time.perf_counter() - start
import sys
loaded = [name for name in ("torch", "matplotlib", "h5py", "sympy", "scipy") if name in sys.modules]
import torch
plain = (torch.get_default_dtype(), torch.initial_seed(), torch.get_num_threads(), torch.is_grad_enabled())
kanpde.solve, kanpde.KAN, kanpde.compare, kanpde.Problem
after = (torch.get_default_dtype(), torch.initial_seed(), torch.get_num_threads(), torch.is_grad_enabled())
import pathlib
found = (seconds, loaded, plain == after, torch.get_default_dtype() == torch.float32)
pathlib.Path(sys.argv[1]).write_text(repr(found))
"""


def modules():
    return {
        ".".join(p.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): p
        for p in PACKAGE.rglob("*.py")
        if p != PACKAGE / "__init__.py"
    }


def executed(body):
    """Statements that run at import: not those in functions, nor those for type checkers."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from executed([n for n in ast.iter_child_nodes(node) if isinstance(n, ast.stmt)])


def imported(name, path, known):
    """Modules of kanpde that a module imports when it is loaded."""
    parts = ["kanpde", *name.split(".")] + (["__init__"] if path.name == "__init__.py" else [])
    for node in executed(ast.parse(path.read_text()).body):
        if isinstance(node, ast.Import):
            targets = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = parts[: -node.level] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            targets = [f"{base}.{a.name}" for a in node.names] + [base]
        else:
            continue
        for target in targets:
            short = target.removeprefix("kanpde.")
            if target.startswith("kanpde.") and short in known:
                yield short


def test_a_wheel_holds_every_package():
    text = (PACKAGE.parent / "pyproject.toml").read_text()
    listed = set(re.findall(r'^    "(kanpde[\w.]*)",$', text, re.MULTILINE))
    there = {".".join(p.parent.relative_to(PACKAGE.parent).parts) for p in PACKAGE.rglob("__init__.py")}
    assert listed == there | {"kanpde.problems"}


@pytest.fixture(scope="module")
def graph():
    known = modules()
    return {name: sorted(set(imported(name, path, known)) - {name}) for name, path in known.items()}


def test_a_module_imports_only_from_those_above_it(graph):
    wrong = []
    for name, targets in graph.items():
        top = name.split(".")[0]
        if top == "problems":
            continue
        assert top in ORDER, f"{top} has no place in the order of imports yet: give it one"
        for target in (t.split(".")[0] for t in targets):
            if target != top and ORDER.index(target) > ORDER.index(top):
                wrong.append(f"{name} imports {target}")
    assert wrong == []


def test_no_module_imports_itself_in_a_circle(graph):
    def visit(name, path):
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        for target in graph[name]:
            if target not in done and not name.startswith(f"{target}."):
                visit(target, [*path, name])
        done.add(name)

    done = set()
    for name in graph:
        visit(name, [])


def test_imports_are_found_by_the_tests_above(graph):
    assert "optim" in graph["run"]
    assert "ansatz" in graph["assembly"]
    assert "symbols" in graph["geometry.domain"]
    assert "nn.basis" in graph["nn.kan"]


def test_importing_is_quick_and_has_no_effect(tmp_path):
    (tmp_path / "empty").mkdir()
    seconds = []
    for _ in range(3):  # the quickest of three, because other work on the machine must not decide
        found = subprocess.run(
            [sys.executable, "-W", "error", "-c", PROBE, str(tmp_path / "out")],
            cwd=tmp_path / "empty", capture_output=True, text=True, check=True, env=os.environ,
        )  # fmt: skip
        assert (found.stdout, found.stderr) == ("", "")
        assert list((tmp_path / "empty").iterdir()) == []
        time, loaded, unchanged, float32 = ast.literal_eval((tmp_path / "out").read_text())
        seconds.append(time)
        assert "torch" not in loaded
        assert "matplotlib" not in loaded
        assert unchanged
        assert float32
        if time < 2:
            break
    assert min(seconds) < 2


def test_every_public_name_can_be_imported():
    for name in kanpde.__all__:
        assert getattr(kanpde, name) is not None
    assert set(kanpde.__all__) <= set(dir(kanpde))
    with pytest.raises(AttributeError, match="module 'kanpde' has no attribute 'Poison'"):
        kanpde.Poison  # noqa: B018
