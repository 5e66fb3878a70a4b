"""Films of evolutions: a picture per instant on one scale, and the remedy where there is no ffmpeg."""

import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from kanpde import KAN, Box, Dirichlet, Initial, Interval, Problem, Rectangle, Time, solve
from kanpde.animation import animate, scene
from kanpde.field import Evaluable


class Rod(Problem):
    domain = Interval(x=(0, 2)) * Time(t=(0, 1))

    def residual(self, u, x, t):
        return u.t + u

    def conditions(self, x, t):
        return [Initial(u=x)]


class Plate(Rod):
    domain = Rectangle(x=(0, 2), y=(0, 1)) * Time(t=(0, 1))

    def residual(self, u, w, x, y, t):
        return {"first": u.t + u, "second": w.t}

    def conditions(self, x, y, t):
        return [Initial(u=x, w=y)]


class Room(Rod):
    domain = Box(x=(0, 2), y=(0, 1), z=(0, 1)) * Time(t=(0, 1))

    def residual(self, u, x, y, z, t):
        return u.t + u

    def conditions(self, x, y, z, t):
        return [Initial(u=x + z)]


def solved(problem, outputs=1):
    return solve(problem, KAN([problem.domain.dimension, 2, outputs], basis="chebyshev", k=3), steps=2, points=20)


@pytest.fixture(scope="module")
def plate():
    return solved(Plate(), 2)


@pytest.mark.parametrize(("problem", "outputs"), [(Rod(), 1), (Plate(), 2), (Room(), 1)], ids=["rod", "plate", "room"])
def test_a_film_has_a_picture_per_instant(problem, outputs, tmp_path):
    path = solved(problem, outputs).animate(tmp_path / "new" / "run.gif", frames=4, rate=5)
    with Image.open(path) as film:
        assert film.n_frames == 4
        assert film.info["duration"] == 200
        first = np.asarray(film.convert("RGB"), float)
        film.seek(3)
        assert np.abs(np.asarray(film.convert("RGB"), float) - first).mean() > 0.1


def test_the_scene_is_the_solution_at_its_instants_on_one_scale(plate):
    sampled = plate.sampled(nodes={"x": 5, "y": 4, "t": 3})
    axis = Figure().subplots()
    draw = scene(axis, sampled, "w")
    for i, t in enumerate((0, 0.5, 1)):
        draw(i)
        found = plate(x=sampled.coordinates["x"], y=sampled.coordinates["y"][:, None], t=t)["w"]
        np.testing.assert_allclose(axis.collections[0].get_array(), found, rtol=1e-12)
    assert axis.collections[0].get_clim() == (sampled.values["w"].min(), sampled.values["w"].max())


def test_the_curve_of_a_rod_moves_within_fixed_limits():
    solution = solved(Rod())
    sampled = solution.sampled(nodes={"x": 5, "t": 3})
    axis = Figure().subplots()
    draw = scene(axis, sampled, "u")
    limits = axis.get_ylim()
    assert limits[0] < sampled.values["u"].min() < sampled.values["u"].max() < limits[1]
    draw(1)
    np.testing.assert_allclose(axis.lines[0].get_ydata(), solution(x=sampled.coordinates["x"], t=0.5), rtol=1e-12)
    assert axis.get_ylim() == limits


def test_a_hole_stays_white(plate, tmp_path, monkeypatch):
    monkeypatch.setattr(Evaluable, "covers", lambda self, points: points.columns["x"] > 1)
    with Image.open(plate.animate(tmp_path / "run.gif", frames=2)) as film:
        picture = np.asarray(film.convert("RGB"))
    height, width, _ = picture.shape
    assert (picture[height // 2, width // 4] == 255).all()
    assert (picture[height // 2, width // 2 + 40] != 255).any()


def test_without_ffmpeg_a_film_in_mp4_is_refused_with_the_remedy(plate, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    message = r"needs the program ffmpeg, which is not on the path: install it .*, or choose a path that ends in \.gif"
    with pytest.raises(ValueError, match=message):
        plate.animate(tmp_path / "run.mp4")


def test_ffmpeg_gets_every_picture(plate, tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"  # stands in for ffmpeg: counts the bytes of pictures that it is sent
    program.write_text(
        f"#!{sys.executable}\nimport sys\nif '-version' not in sys.argv:\n"
        "    open(sys.argv[-1], 'w').write(' '.join(sys.argv[1:-1]) + f' {len(sys.stdin.buffer.read())}')\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    *options, size = plate.animate(tmp_path / "run.mp4", frames=3, rate=7.5).read_text().split()
    assert options[options.index("-framerate") + 1] == "7.5"
    width, height = map(int, options[options.index("-s") + 1].split("x"))
    assert int(size) == 3 * width * height * 4


def test_what_cannot_be_filmed_is_refused(plate, tmp_path):
    class Steady(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xx

        def conditions(self, x):
            return [Dirichlet(u=x)]

    path = tmp_path / "run.gif"
    with pytest.raises(ValueError, match="`solution` must be an evolution in space to be animated"):
        animate(solved(Steady()), path)
    with pytest.raises(ValueError, match=r"`path` must end in .gif or .mp4, got"):
        plate.animate(tmp_path / "run.avi")
    with pytest.raises(ValueError, match="`unknown` must be one of u, w, got 'v'"):
        plate.animate(path, unknown="v")
    with pytest.raises(ValueError, match="`frames` must be a whole number of at least 2, got 1"):
        plate.animate(path, frames=1)
    with pytest.raises(ValueError, match="`rate` must be positive, got 0"):
        plate.animate(path, rate=0)
    path.write_text("mine")
    with pytest.raises(ValueError, match=r"run.gif` exists: choose another path"):
        plate.animate(path)
    assert path.read_text() == "mine"
