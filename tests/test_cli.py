"""The command line: one sentence and status 2 for bad input, one JSON object for every command."""

import json
import os
import re
import subprocess
import sys

import pytest

from kanpde import Solution
from kanpde.balance import NeuralTangentKernel
from kanpde.catalog import problem_class
from kanpde.cli import main
from kanpde.cli.arguments import plan_from
from kanpde.cli.options import parser
from kanpde.nn.refine import FinerGrid, HigherDegree, MoreNodes
from kanpde.plan import AdaptiveSlabs, Plan
from kanpde.problem import GROUPS
from kanpde.resampling import RARD
from kanpde.settings import described

QUICK = ["--width", "2,3,1", "--degree", "6", "--points", "60", "--steps", "3"]

FILES = {
    "missing.py": """
from kanpde import *
class Open(Problem):
    domain = Rectangle(x=(0, 1), y=(0, 1))
    def residual(self, u, x, y): return u.xx + u.yy - 1
    def conditions(self, x, y): return [Dirichlet(u=0, on="x")]
""",
    "line.py": """
from kanpde import *
class Line(Problem):
    domain = Interval(x=(0, 1))
    k = 2.0
    def residual(self, u, x): return u.xx + self.k
    def conditions(self, x): return [Dirichlet(u=0)]
""",
    "flow.py": """
from kanpde import *
class Flow(Problem):
    domain = Rectangle(x=(0, 1), y=(0, 1)) * Time(t=(0, 1))
    def residual(self, u, v, x, y, t): return {"first": u.t + u, "second": v.t - v}
    def conditions(self, x, y, t): return [Initial(u=y, v=x)]
""",
    "coordinate.py": """
from kanpde import *
class Wrong(Problem):
    domain = Interval(x=(0, 1))
    def residual(self, u, x): return u.z
    def conditions(self, x): return [Dirichlet(u=0)]
""",
    "order0.py": """
from kanpde import *
class Wrong(Problem):
    domain = Interval(x=(0, 1))
    def residual(self, u, x): return diff(u, x, 0)
    def conditions(self, x): return [Dirichlet(u=0)]
""",
    "order5.py": """
from kanpde import *
class Wrong(Problem):
    domain = Interval(x=(0, 1))
    def residual(self, u, x): return u.xxxxx
    def conditions(self, x): return [Dirichlet(u=0)]
""",
    "nan.py": """
from kanpde import *
class Wrong(Problem):
    domain = Interval(x=(0, 1))
    def residual(self, u, x): return u.xx
    def conditions(self, x): return [Dirichlet(u=0), Data({"x": [0.5]}, u=[float("nan")])]
""",
    "bug.py": """
from kanpde import *
class Wrong(Problem):
    domain = Interval(x=(0, 1))
    def residual(self, u, x): return u.xx - {}["a"]
    def conditions(self, x): return [Dirichlet(u=0)]
""",
    "nothing.py": """
from kanpde import *
class Wrong(Problem):
    domain = Interval(x=(0, 1))
    def residual(self, u, x): pass
    def conditions(self, x): return [Dirichlet(u=0)]
""",
    "two.py": """
from kanpde import *
class First(Problem):
    domain = Interval(x=(0, 1))
    def residual(self, u, x): return u.xx
    def conditions(self, x): return [Dirichlet(u=0)]
class Second(First): pass
""",
    "syntax.py": "def (:",
    "empty.py": "x = 1",
    "crash.py": "x = 1 / 0",
    "leave.py": "raise SystemExit(3)",
    "text.h5": "no HDF5",
    "empty.h5": "",
}

BAD = [
    ("solve poison", "`poison` is not a known problem: did you mean poisson"),
    ("check zzz", "`zzz` is not a known problem: did you mean advection_diffusion"),
    ("solve missing.py", r"`problem` Open is not ready: .*Dirichlet\(u=\.\.\., on='y=0'\)"),
    ("compare missing.py", "`problem` Open is not ready"),
    ("solve coordinate.py", "`u.z` is not a partial derivative: the coordinates of the domain are x"),
    ("solve order0.py", "`order` must be 1 to 4, got 0"),
    ("solve order5.py", "is a derivative of order 5, the highest is 4"),
    ("check nan.py", "`u` must be finite, got 1 NaN"),
    ("show bug.py", r"`.*bug.py`, line 5: KeyError: 'a': mend the problem"),
    ("show nothing.py", "`Wrong.residual` must return an expression"),
    ("show two.py", r"`two.py` holds 2 problems \(First, Second\): name one, as in two.py:First"),
    ("show two.py:Frist", "`Frist` is no Problem in two.py: it has First"),
    ("show syntax.py", "`syntax.py` cannot be loaded: SyntaxError"),
    ("show empty.py", "`empty.py` holds no problem: write a class in it"),
    ("show crash.py", "`crash.py`, line 1 cannot be loaded: ZeroDivisionError"),
    ("show leave.py", "`leave.py`, line 1 cannot be loaded: SystemExit"),
    ("show absent.py", "`absent.py` is no file"),
    ("show poisson --set nu=1", "`nu` is not a parameter of Poisson: it has none"),
    ("show burgers --set mu=1", "`mu` is not a parameter of Burgers: its parameters are nu"),
    ("show burgers --set nu", "`--set` must be name=number, got 'nu'"),
    ("show burgers --set nu=nan", "`nu` must be finite and real, got nan"),
    ("solve burgers --set nu=0", r"`.*burgers.py`, line \d+: ZeroDivisionError"),
    ("solve poisson --width 3,4,1", r"`width` must start with 2, the inputs of Poisson \(x, y\), got 3"),
    ("solve poisson --width 2,4,2", r"`width` must end with 1, the unknowns of Poisson \(u\), got 2"),
    ("solve poisson --width 2,x", "`--width` must be whole numbers of at least 1 with commas between, got '2,x'"),
    ("solve poisson --width 2", "`width` must have at least two entries"),
    (
        "solve poisson --basis bspline --grid 0",
        "`--grid` must be whole numbers of at least 1 with commas between, got '0'",
    ),
    ("solve poisson --grid 4", "`--grid` is for B-splines, got 4 for chebyshev: add --basis bspline"),
    ("solve poisson --grid 4 --basis fourier", "`--grid` is for B-splines, got 4 for fourier: add --basis bspline"),
    ("solve poisson --degree 0", "`--degree` must be whole numbers of at least 1 with commas between, got '0'"),
    ("solve poisson --model mlp --degree 4", "`--degree` is for KANs, got 4 for an MLP"),
    ("solve poisson --optimizer sgd", "`optimizer` must be one of gauss-newton, adam, lbfgs"),
    ("solve poisson --optimizer adam,sgd", "`optimizer` must be one of gauss-newton, adam, .*, got 'sgd'"),
    ("solve burgers --slabs 0", "`--slabs` must be .*, got '0'"),
    ("solve burgers --slabs some", "`--slabs` must be .*, got 'some'"),
    ("solve burgers --slabs 2,x", "`--slabs` must be .*, got '2,x'"),
    ("solve burgers --slabs 2,3", "`slabs` must be instants after 0, the last of them 1, got 2 to 3"),
    ("solve poisson --slabs 2", "`slabs` must be 1 for Poisson, which has no time: take slabs out"),
    ("solve poisson --slabs auto", "`slabs` must be 1 for Poisson, which has no time"),
    ("solve poisson --stages 0", "`stages` must be at least 1, got 0"),
    ("solve poisson --stages 1.5", "argument --stages: invalid int value: '1.5'"),
    ("solve poisson --refine grid,dice", "`--refine` must be one of grid, degree, width, depth, got 'dice'"),
    ("solve poisson --balance dice", "`--balance` must be one of adaptive-ratio, .*, got 'dice'"),
    ("solve poisson --balance ntk,causal", "`--balance` must be one of .*, got 'ntk,causal'"),
    ("solve poisson --resample dice", "`--resample` must be one of rad, .*, got 'dice'"),
    ("solve poisson --resample rad,rar", "`--resample` must be one of .*, got 'rad,rar'"),
    ("solve poisson --seconds -1", r"`seconds` must be positive and finite, got -1\.0"),
    ("solve poisson --seconds nan", "`seconds` must be positive and finite, got nan"),
    ("solve poisson --steps 0", "`steps` must be positive and finite, got 0"),
    ("solve poisson --steps 1.5", "argument --steps: invalid int value: '1.5'"),
    ("solve poisson --tolerance -1", "`tolerance` must be positive"),
    ("solve poisson --points 0", "`points` must be a whole number of at least 1, got 0"),
    ("solve poisson --boundary-points -3", "`points` must be a whole number of at least 1, got -3"),
    ("solve poisson --sampler dice", "`sampler` must be one of .*, got 'dice'"),
    ("solve poisson --seed -1", "`seed` must be a whole number of at least 0, got -1"),
    ("solve poisson --threads 0", "`threads` must be a whole number of at least 1, got 0"),
    ("solve poisson --out folder", "`folder` is a folder: give the path of a file in it"),
    ("solve poisson --out folder --force", "`folder` is a folder"),
    ("solve poisson --out text.h5", "`text.h5` exists: choose another path, or allow to replace it"),
    ("solve poisson --out text.h5/run.h5", "`text.h5/run.h5` cannot be written"),
    ("solve poisson --out /proc/run.h5", "`/proc/run.h5` cannot be written"),
    ("solve poisson --out /proc/deep/run.h5", "`/proc/deep/run.h5` cannot be written"),
    ("solve poisson --out new/folder/run.h5 --seconds -1", "`seconds` must be positive"),
    ("solve poisson --out text.h5 --force --seconds -1", "`seconds` must be positive"),
    ("solve poisson --resume absent.h5", "`absent.h5` is no file"),
    ("solve poisson --resume text.h5", "`text.h5` cannot be read as HDF5"),
    ("solve poisson --resume empty.h5", "`empty.h5` cannot be read as HDF5"),
    ("solve poisson --resume text.h5 --width 2,1", "`--width` cannot be given with --resume"),
    ("solve poisson --resume text.h5 --slabs 2", "`--slabs` cannot be given with --resume"),
    ("solve poisson --resume text.h5 --stages 2", "`--stages` cannot be given with --resume"),
    ("solve poisson --resume text.h5 --refine grid", "`--refine` cannot be given with --resume"),
    ("solve poisson --resume text.h5 --balance ntk", "`--balance` cannot be given with --resume"),
    ("solve poisson --resume text.h5 --resample rad", "`--resample` cannot be given with --resume"),
    ("solve poisson --resume text.h5 --stretch", "`--stretch` cannot be given with --resume"),
    ("solve poisson --resume text.h5 --hard", "`--hard` cannot be given with --resume"),
    ("plot text.h5", "`text.h5` cannot be read as HDF5"),
    ("plot folder", "`folder` is no file"),
    ("compare poisson --seeds 0", "`seeds` must be at least 1, got 0"),
    ("compare poisson --seconds -1", "`seconds` must be positive"),
    ("compare poisson --optimizer sgd", "`optimizer` must be one of"),
    ("compare poisson --width 3,2,1", "`width` must start with 2"),
    ("compare poisson --out folder", "`folder` exists: choose another folder"),
    ("compare poisson --out text.h5/folder", "`text.h5/folder/record.h5` cannot be written"),
    ("compare poisson --out /proc/folder", "`/proc/folder/record.h5` cannot be written"),
    ("reference poisson --nodes 0", "`nodes` must be at least 3, got 0"),
    ("reference poisson --out folder", "`folder` is a folder"),
    ("frobnicate", "invalid choice: 'frobnicate'"),
    ("solve", "the following arguments are required: problem"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "folder").mkdir()
    return tmp_path


def files(folder):
    return {p.relative_to(folder) for p in folder.rglob("*") if "__pycache__" not in p.parts}


def run(*arguments):
    """Exit status, argparse's own way out included."""
    try:
        return main(list(arguments))
    except SystemExit as leaving:
        return leaving.code


@pytest.mark.parametrize(("line", "message"), BAD, ids=[line for line, _ in BAD])
def test_bad_input_is_one_sentence_and_writes_nothing(folder, capsys, line, message):
    before = files(folder)
    assert run(*line.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("kanpde: ")
    assert err.count("\n") == 1
    with pytest.raises(ValueError, match=message):
        raise ValueError(err)
    assert files(folder) == before
    assert (folder / "text.h5").read_text() == "no HDF5"


def test_an_empty_path_is_refused(folder, capsys):
    assert run("solve", "poisson", "--out", "") == 2
    assert "`--out` must be a path, got ''" in capsys.readouterr().err


def test_a_record_of_other_parameters_cannot_be_resumed(folder, capsys):
    line = ["solve", "line.py", "--width", "1,2,1", "--degree", "3", "--points", "20", "--steps", "2", "--out", "a.h5"]
    assert run(*line) == 0
    content = (folder / "a.h5").read_bytes()
    assert run("solve", "line.py", "--set", "k=3", "--resume", "a.h5") == 2
    assert "`resume` is a run of Line with other terms or parameters than Line(k=3) has" in capsys.readouterr().err
    assert run("solve", "two.py:First", "--resume", "a.h5") == 2
    assert (folder / "a.h5").read_bytes() == content


def test_solve_prints_one_object_with_the_promised_keys(folder, capsys):
    assert run("solve", "poisson", *QUICK, "--hard", "--json", "--out", "new/folder/run.h5") == 0
    content = json.loads(capsys.readouterr().out)
    keys = {"problem", "model", "parameters", "error", "reference", "reference_error", "seconds", "steps"}
    assert keys | {"stop_reason", "record"} <= set(content)
    assert content["problem"] == "Poisson"
    assert content["steps"] == 3
    assert content["record"] == "new/folder/run.h5"
    assert not list(folder.rglob("*.part"))


def test_a_missed_tolerance_has_status_1_and_still_one_object(folder, capsys):
    assert run("solve", "poisson", *QUICK, "--tolerance", "1e-30", "--json") == 1
    content = json.loads(capsys.readouterr().out)
    assert content["stop_reason"] == "step budget of 3 used"
    assert content["record"] == "results/poisson-kan-0.h5"


def test_without_out_a_new_file_is_taken_each_time(folder, capsys):
    for record in ("results/line-kan-0.h5", "results/line-kan-0-2.h5"):
        assert run("solve", "line.py", "--width", "1,2,1", "--points", "20", "--degree", "3", "--steps", "1") == 0
        assert (folder / record).is_file()
        assert f"record: {record}" in capsys.readouterr().out


def test_an_mlp_of_given_width_is_trained_with_adam(folder, capsys):
    line = ["--model", "mlp", "--width", "1,4,1", "--optimizer", "adam", "--steps", "3", "--points", "20", "--json"]
    assert run("solve", "line.py", "--no-reference", *line) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["model"] == "MLP [1, 4, 1]"
    assert content["error"] is None


def test_resume_goes_on_in_the_same_record(folder, capsys):
    assert run("solve", "line.py", "--width", "1,3,1", "--degree", "4", "--points", "30", "--steps", "2") == 0
    assert run("solve", "line.py", "--resume", "results/line-kan-0.h5", "--steps", "4", "--json") == 0
    captured = capsys.readouterr().out
    content = json.loads(captured[captured.index("{") :])
    assert content["steps"] == 4
    assert content["reference"].startswith("finite differences")


def test_check_and_show_and_list_print_one_object(folder, capsys):
    assert run("check", "missing.py", "--json") == 1
    content = json.loads(capsys.readouterr().out)
    assert content["problem"] == "Open"
    assert content["ok"] is False
    assert content["findings"][0]["severity"] == "error"
    assert run("show", "burgers", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["problem"] == "Burgers"
    assert shown["symmetry"] == ["u odd in x"]
    assert run("list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["problems"]}
    facts = ("group", "dimension", "order", "linear", "evolution", "reference")
    assert [rows["poisson"][f] for f in facts] == ["elliptic", 2, 2, True, False, "exact"]
    assert [rows["burgers"][f] for f in facts] == ["parabolic", 2, 2, False, True, "closed form"]
    assert [rows["korteweg_de_vries"][f] for f in facts] == ["hyperbolic", 2, 3, False, True, "Fourier series"]
    assert [rows["lid_driven_cavity"][f] for f in facts] == ["fluids", 2, 2, False, False, "none"]
    assert [rows["van_der_pol"][f] for f in facts] == ["ODEs", 1, 2, False, True, "Runge-Kutta"]
    assert {"typical_error", "typical_seconds"} <= set(rows["poisson"])


def test_the_list_is_in_groups_and_says_what_was_measured(capsys):
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line in GROUPS] == list(GROUPS)
    start = lines.index("fluids")
    fluids = [line.split()[0] for line in lines[start + 1 : lines.index("", start)]]
    assert fluids == sorted(fluids)
    assert {"kovasznay", "stokes"} <= set(fluids)
    (heat,) = (line for line in lines if line.startswith("heat "))
    error, seconds = problem_class("heat").typical
    assert heat.split()[1:7] == ["2", "2", "linear", "evolution", "exact", f"{error:.0e}"]
    assert heat.split()[7] == f"{seconds:.0f}"


def test_compare_prints_a_row_per_model_and_draws_pictures(folder, capsys):
    line = ["--width", "1,3,1", "--degree", "4", "--points", "40", "--steps", "3", "--seeds", "1", "--json"]
    status = run("compare", "line.py", *line, "--out", "c")
    content = json.loads(capsys.readouterr().out)
    assert content["problem"] == "Line"
    assert len(content["rows"]) == 3
    assert all({"median", "worst", "failures"} <= set(row) for row in content["rows"])
    assert status == int(any(row["failures"] for row in content["rows"]))
    assert {p.name for p in (folder / "c").iterdir()} == {
        "record.h5", "kan.png", "mlp.png", "errors.png", "history.png",
    }  # fmt: skip
    assert run("plot", "c/record.h5") == 2
    assert "is the record of a comparison, not of a run" in capsys.readouterr().err


def test_reference_and_plot_print_one_object(folder, capsys):
    assert run("reference", "line.py", "--out", "fd.h5", "--json") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["problem"] == "Line"
    assert content["reference_error"] < 1e-8
    assert run("plot", "fd.h5") == 2
    assert "is the record of a reference, not of a run" in capsys.readouterr().err
    assert (
        run("solve", "line.py", "--width", "1,2,1", "--degree", "3", "--points", "20", "--steps", "1", "--out", "r.h5")
        == 0
    )
    capsys.readouterr()
    assert run("plot", "r.h5", "--json") == 0
    assert json.loads(capsys.readouterr().out)["pictures"] == ["r/solution.png", "r/history.png"]
    assert run("plot", "r.h5") == 2
    assert run("plot", "r.h5", "--out", "/proc/pictures") == 2


def test_plot_writes_films_meshes_tables_and_flows(folder, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))  # no ffmpeg
    quick = ["--width", "3,2,2", "--degree", "3", "--points", "20", "--steps", "1", "--no-reference"]
    assert run("solve", "flow.py", *quick, "--out", "r.h5") == 0
    capsys.readouterr()
    flow = ["--quiver", "u,v", "--streamlines", "u,v", "--contours", "4"]
    files = ["--animate", "r.gif", "--vtk", "r.pvd", "--csv", "new/r.csv"]
    for wrong, message in (
        (["--quiver", "u,w"], r"`unknowns` must be two of u, v, got \['u', 'w'\]"),
        (["--animate", "r.mp4"], "`r.mp4` needs the program ffmpeg"),
        (["--vtk", "r.vtu"], "`path` must end in .pvd for"),
        (["--csv", "r.h5"], "`r.h5` exists: choose another path"),
    ):
        assert run("plot", "r.h5", *files[2:4], *files[4:6], *wrong) == 2
        assert re.search(message, capsys.readouterr().err)
        assert not {"r", "r.gif", "r.pvd", "new"} & {p.name for p in folder.iterdir()}
    pytest.importorskip("meshio")
    assert run("plot", "r.h5", *flow, *files, "--json") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["pictures"] == ["r/solution.png", "r/history.png", "r/quiver.png", "r/streamlines.png"]
    assert content["files"] == ["r.gif", "r.pvd", "new/r.csv"]
    assert all((folder / name).stat().st_size for name in content["pictures"] + content["files"])
    assert run("plot", "r.h5", *flow, *files) == 2
    assert run("plot", "r.h5", *flow, *files, "--force") == 0
    monkeypatch.setitem(sys.modules, "meshio", None)
    assert run("plot", "r.h5", *files, "--force") == 2
    assert "`--vtk` needs meshio, which is not installed: pip install meshio" in capsys.readouterr().err


def test_reference_takes_finite_elements(folder, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("kanpde.reference.fem.library.find_spec", lambda name: None)
        assert run("reference", "poisson_l_shape") == 2
        assert 'needs NGSolve, which is not installed: pip install "kanpde[fem]"' in capsys.readouterr().err
    pytest.importorskip("ngsolve")
    assert run("reference", "poisson_l_shape", "--order", "3", "--nodes", "11", "--json") == 0
    assert json.loads(capsys.readouterr().out)["reference"].startswith("finite elements, order 4")
    assert run("reference", "line.py", "--method", "fem", "--json") == 0
    assert json.loads(capsys.readouterr().out)["reference_error"] < 1e-8


def test_ctrl_c_outside_of_training_is_status_1_and_one_object(folder, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("kanpde.reference.finite_difference", interrupt)
    assert run("reference", "poisson", "--json") == 1
    assert json.loads(capsys.readouterr().out)["stop_reason"] == "interrupted by Ctrl-C"


def test_a_failed_reference_leaves_the_error_unknown(folder, capsys, monkeypatch):
    from kanpde.reference import ReferenceFailed

    def fail(problem):
        raise ReferenceFailed("Newton's method did not arrive")

    monkeypatch.setattr("kanpde.reference.reference_for", fail)
    line = ["--width", "1,2,1", "--degree", "3", "--points", "20", "--steps", "1", "--json"]
    assert run("solve", "line.py", *line) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["error"] is None
    assert "no reference, so the error stays unknown: Newton's method did not arrive" in err


@pytest.mark.parametrize("command", ["list", "show", "check", "solve", "compare", "reference", "plot"])
def test_help_has_an_example(command, capsys):
    assert run(command, "--help") == 0
    assert f"example: kanpde {command}" in capsys.readouterr().out


def test_a_reader_that_had_enough_is_no_error(tmp_path):
    line = f"{sys.executable} -m kanpde list | true; exit ${{PIPESTATUS[0]}}"
    found = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, cwd=tmp_path, env=os.environ, check=True
    )
    assert found.stderr == ""


def test_python_m_kanpde_is_the_same_command(tmp_path):
    line = [sys.executable, "-m", "kanpde", "show", "poisson", "--json"]
    found = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, env=os.environ, check=True)
    assert json.loads(found.stdout)["problem"] == "Poisson"
    assert found.stderr == ""


# -------------------------------------------------------------------- plans


@pytest.mark.parametrize(
    ("options", "plan"),
    [
        ("", Plan(slabs=7, stretch=True)),
        ("--seconds 160", Plan(slabs=20, stretch=True)),
        ("--slabs 3", Plan(slabs=3)),
        ("--slabs auto", Plan(slabs=AdaptiveSlabs())),
        ("--slabs 0.2,0.5,1", Plan(slabs=[0.2, 0.5, 1])),
        ("--stretch --stages 2", Plan(stretch=True, stages=2)),
        ("--refine grid,degree,width", Plan(refinements=(FinerGrid(), HigherDegree(), MoreNodes()))),
        ("--balance ntk", Plan(balance=NeuralTangentKernel())),
        ("--resample rar-d --slabs 2", Plan(slabs=2, resampling=RARD())),
    ],
)
def test_options_make_a_plan(options, plan):
    options = parser().parse_args(["solve", "burgers", *options.split()])
    found = plan_from(options, problem_class("burgers")(), usual_seconds=60)
    assert described(found) == described(plan)


def test_options_of_a_plan_reach_the_run(folder):
    more = ["--slabs", "2", "--stages", "2", "--balance", "gradient-norm", "--resample", "redraw", "--no-reference"]
    assert run("solve", "burgers", *QUICK, "--optimizer", "adam,gauss-newton", *more, "--out", "run.h5") in (0, 1)
    saved = Solution.load(folder / "run.h5")
    assert saved.run["optimizer"] == "adam,gauss-newton"
    assert set(json.loads(saved.run["plan"])) >= {"slabs", "stages", "balance", "resampling"}
