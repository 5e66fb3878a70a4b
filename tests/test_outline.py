"""Closed outlines from files, against the same shapes made of numbers."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.io import savemat

from kanpde import Polygon, read_polygon
from kanpde.expression import numeric
from kanpde.geometry import Depth, depth_of, recorded_shape
from kanpde.masks import mask
from kanpde.sampling import Sobol
from kanpde.serialise import decode, encode

OUTLINE = np.array([(0.0, 0.0), (4.0, 0.0), (4.0, 3.0), (0.0, 3.0)])
TRIANGLE = np.array([(1.0, 1.0), (2.0, 1.0), (1.0, 2.0)])
SQUARE = np.array([(3.0, 1.0), (3.5, 1.0), (3.5, 1.5), (3.0, 1.5)])
AREA, LENGTH = 12 - 0.5 - 0.25, 14 + 2 + np.sqrt(2) + 2


def text(*loops, head="", mark=" "):
    return head + "\n\n".join("\n".join(mark.join(map(repr, row)) for row in loop.tolist()) for loop in loops) + "\n"


TEXTS = {
    "plain.txt": text(OUTLINE, TRIANGLE, SQUARE),
    "comma.csv": text(OUTLINE, TRIANGLE, SQUARE, head="x,y\n\n", mark=","),
    "either way.dat": text(OUTLINE[::-1], TRIANGLE, SQUARE[::-1], head="# x y\n"),
    "closed.tsv": text(*(np.vstack([p, p[:1]]) for p in (OUTLINE, TRIANGLE, SQUARE)), mark="\t"),
    "largest last.txt": text(TRIANGLE, SQUARE, OUTLINE),
    "many blanks.txt": "\n\n" + text(OUTLINE, TRIANGLE, SQUARE).replace("\n\n", "\n\n% a hole\n\n \n") + "\n\n",
    "more columns.csv": "".join(
        line + (",7,8\n" if line else "\n")
        for line in text(OUTLINE[:, ::-1], TRIANGLE[:, ::-1], SQUARE[:, ::-1], mark=",").splitlines()
    ),
    "nan.txt": text(OUTLINE, TRIANGLE, SQUARE).replace("\n\n", "\nnan nan\n"),
}
TEXTS["more columns.csv"] = "y,x,height,number\n" + TEXTS["more columns.csv"]


def check(domain):
    assert_allclose(domain.volume, AREA, rtol=1e-12)
    assert_allclose(domain.boundary().measure, LENGTH, rtol=1e-12)
    assert_allclose(domain.boundary("hole 1").measure, 2 + np.sqrt(2), rtol=1e-12)
    assert_allclose(domain.boundary("hole 2").measure, 2, rtol=1e-12)
    like = Polygon(OUTLINE, holes=[TRIANGLE, SQUARE])
    points = like.sample(200, Sobol(0)).columns
    assert_allclose(domain.distance(**dict(zip(domain.names, points.values(), strict=True))), like.distance(**points))


@pytest.mark.parametrize("name", TEXTS)
def test_an_outline_with_holes_is_read_from_text(name, tmp_path):
    (tmp_path / name).write_text(TEXTS[name])
    check(read_polygon(tmp_path / name))


def test_an_outline_with_holes_is_read_from_arrays(tmp_path):
    gap = np.full((1, 2), np.nan)
    table = np.vstack([OUTLINE, gap, TRIANGLE, gap, gap, SQUARE])
    np.save(tmp_path / "a.npy", table)
    np.savez(tmp_path / "a.npz", x=table[:, 0], y=table[:, 1], z=np.zeros(3))
    savemat(tmp_path / "a.mat", {"x": table[:, 0], "y": table[:, 1]})
    for name in ("a.npy", "a.npz", "a.mat"):
        check(read_polygon(tmp_path / name))


def test_coordinates_and_the_boundary_have_the_names_that_are_given(tmp_path):
    (tmp_path / "a.csv").write_text(text(OUTLINE, TRIANGLE, SQUARE, head="lon,lat\n", mark=","))
    domain = read_polygon(tmp_path / "a.csv", coordinates=("lon", "lat"), name="coast")
    check(domain)
    assert domain.names == ("lon", "lat")
    assert_allclose(domain.boundary("coast").measure, 14)


def test_a_single_loop_has_edges_with_names(tmp_path):
    np.savetxt(tmp_path / "a.txt", OUTLINE)
    domain = read_polygon(tmp_path / "a.txt")
    assert domain.parts == ("edge 1", "outer", "edge 2", "edge 3", "edge 4")
    assert_array_equal(list(domain.bounds.values()), [(0, 4), (0, 3)])


def test_an_outline_of_many_points_has_its_sign_by_its_distance_and_hard_edges(tmp_path):
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = 1 + 0.2 * np.sin(5 * angle)
    (tmp_path / "a.txt").write_text(
        text(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), TRIANGLE / 9)
    )
    domain = read_polygon(tmp_path / "a.txt")
    x, y = np.random.default_rng(0).uniform(-1.3, 1.3, (2, 3000))
    assert_array_equal(numeric(domain.formula, {"x": x, "y": y}) > 0, domain.distance(x=x, y=y) < 0)
    again = decode(json.loads(json.dumps(encode(domain.formula))), shapes=shapes_of(domain.formula))
    assert_array_equal(numeric(again, {"x": x, "y": y}), numeric(domain.formula, {"x": x, "y": y}))
    with pytest.raises(ValueError, match="`Depth` is no head of this format"):
        decode(encode(domain.formula))
    found = mask(domain, domain.boundary("edge 1").faces)
    assert_allclose(numeric(found, domain.boundary("edge 1").sample(50, Sobol(0)).columns), 0, atol=1e-12)
    assert (numeric(found, domain.sample(200, Sobol(0)).columns) > 0).all()


def shapes_of(formula):
    """Fingerprint to depth, made anew from what a record holds."""
    return {f.fingerprint: depth_of(recorded_shape(f.shape.arrays)) for f in formula.atoms(Depth)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (text(OUTLINE[[0, 1, 3, 2]]), "a.txt` holds no outline: `vertices` must go round without crossing, got edges"),
        (text(OUTLINE, TRIANGLE + 9), "a.txt` holds no outline: .* cuts nothing: they do not overlap"),
        (text(OUTLINE[:2]), "a.txt` holds no outline: `vertices` must be at least three pairs"),
        (text(OUTLINE, head="a b\n"), "a.txt` must have columns x, y, got a, b"),
        ("1 2 3\n4 5 6\n", "a.txt` must have 2 columns or name them, got 3 without names"),
        ("1 2\n4 nan\n5 6\n", "a.txt` must hold finite numbers, or rows of NaN between blocks"),
        ("1 2\n4 inf\n5 6\n", "a.txt` must hold finite numbers"),
        ("nan nan\n", "a.txt` must hold rows of numbers, it has none"),
        ("", "a.txt` must hold rows of numbers, it has none"),
    ],
)
def test_files_without_an_outline_are_refused(content, message, tmp_path):
    (tmp_path / "a.txt").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_polygon(tmp_path / "a.txt")


def test_other_mistakes_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"absent.csv` is no file"):
        read_polygon(tmp_path / "absent.csv")
    with pytest.raises(ValueError, match=r"absent.npy` is no file|`path` must end in"):
        read_polygon(tmp_path / "absent.npy")
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"a.npy` cannot be read as .npy \(ValueError: Object arrays cannot be loaded"):
        read_polygon(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", np.zeros(4))
    with pytest.raises(ValueError, match=r"b.npy` must hold one matrix of numbers"):
        read_polygon(tmp_path / "b.npy")
    np.savez(tmp_path / "a.npz", x=np.zeros(3), y=np.zeros(4))
    with pytest.raises(ValueError, match=r"a.npz` must have columns x, y of one length, got x, y"):
        read_polygon(tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"`coordinates` must be two names, got \('x', 'x'\)"):
        read_polygon(tmp_path / "a.npz", coordinates=("x", "x"))
