"""Files of other programs, written by their own writers: columns of numbers, and nothing that runs."""

import pickle
import sys

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from kanpde import read_columns

X, Y, U = np.array([0.0, 0.5, 1 / 3]), np.array([1.0, 2.0, 3.0]), np.array([-1e-20, 1e300, np.pi])

COMSOL = """% Model:              plate.mph
% Version:            COMSOL 6.2
% Dimension:          2
% Nodes:              3
% Length unit:        m
% x                       y                        T (K)
0.0                       1                        -1e-20
0.5                       2                        1e300
0.3333333333333333        3                        3.141592653589793
"""

TEXTS = {
    "comsol.txt": COMSOL,
    "comma.csv": "x,y,T\n0,1,-1e-20\n0.5,2,1e300\n0.3333333333333333,3,3.141592653589793\n",
    "semicolon.csv": 'x;y;"T [K]"\n0;1;-1e-20\n0.5;2;1e300\n\n0.3333333333333333;3;3.141592653589793\n',
    "decimal_comma.csv": "x;y;T\n0;1;-1e-20\n0,5;2;1e300\n0,3333333333333333;3;3,141592653589793\n",
    "decimal_comma.tsv": "x\ty\tT\n0\t1\t-1e-20\n0,5\t2\t1e300\n0,3333333333333333\t3\t3,141592653589793\n",
    "aligned.csv": "x,\ty,\tT\n0,\t1,\t-1e-20\n0.5,\t2,\t1e300\n0.3333333333333333,\t3,\t3.141592653589793\n",
    "hash.dat": "# x y T\n0 1 -1e-20\n0.5 2 1e300\n0.3333333333333333 3 3.141592653589793\n",
    "tab.tsv": "x\ty\tT\n0\t1\t-1e-20\n0.5\t2\t1e300\n0.3333333333333333\t3\t3.141592653589793\n",
    "mark.csv": "\ufeffx, y, T\n0, 1, -1e-20\n0.5, 2, 1e300\n0.3333333333333333, 3, 3.141592653589793\n",
}


def check(found):
    assert list(found) == ["x", "y", "T"]
    for name, wanted in (("x", X), ("y", Y), ("T", U)):
        np.testing.assert_array_equal(found[name], wanted)


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_read_with_the_names_that_stand_above_it(name, tmp_path):
    (tmp_path / name).write_text(TEXTS[name], encoding="utf-8")
    check(read_columns(tmp_path / name))


def test_text_without_names_takes_those_that_are_given(tmp_path):
    path = tmp_path / "a.txt"
    np.savetxt(path, np.stack([X, Y, U], axis=1), fmt="%.17g")
    with pytest.raises(ValueError, match=r"a.txt` does not name its 3 columns: give names=\[...\]"):
        read_columns(path)
    check(read_columns(path, names=["x", "y", "T"]))
    with pytest.raises(ValueError, match=r"`names` must be 3 different ones, .* got \['x', 'y'\]"):
        read_columns(path, names=["x", "y"])
    with pytest.raises(ValueError, match="`names` must be 3 different ones"):
        read_columns(path, names=["x", "y", "x"])


def test_a_comment_that_does_not_name_the_columns_is_no_header(tmp_path):
    (tmp_path / "a.txt").write_text("% made by me on Monday\n1 2\n3 4\n")
    with pytest.raises(ValueError, match="does not name its 2 columns"):
        read_columns(tmp_path / "a.txt")


def test_arrays_of_numpy_matlab_and_hdf5_are_read_by_name(tmp_path):
    grid = np.arange(6.0).reshape(2, 3)
    np.savez(tmp_path / "a.npz", x=X, y=Y, T=U)
    check(read_columns(tmp_path / "a.npz"))
    savemat(tmp_path / "a.mat", {"x": X, "y": Y, "T": U, "about": "text", "usol": grid})
    found = read_columns(tmp_path / "a.mat")
    np.testing.assert_array_equal(found.pop("usol"), grid)
    check(found)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["y"], file["T"], file["about"], file["inner/usol"] = X, Y, U, "text", grid
    found = read_columns(tmp_path / "a.h5")
    np.testing.assert_array_equal(found.pop("inner/usol"), grid)
    assert set(found) == {"x", "y", "T"}
    np.testing.assert_array_equal(found["T"], U)


def test_matlab_files_of_version_7_3_are_turned_back(tmp_path):
    with h5py.File(tmp_path / "a.mat", "w") as file:  # MATLAB stores columns first
        file["usol"] = np.arange(6.0).reshape(2, 3).T
    np.testing.assert_array_equal(read_columns(tmp_path / "a.mat")["usol"], np.arange(6.0).reshape(2, 3))


def test_points_of_a_mesh_are_coordinates_and_vectors_have_components(tmp_path):
    meshio = pytest.importorskip("meshio")
    points = np.random.default_rng(0).random((4, 3))
    data = {"T": points[:, 0], "velocity": points[:, ::-1].copy()}
    meshio.Mesh(points, [("quad", [[0, 1, 2, 3]])], point_data=data).write(tmp_path / "a.vtu")
    found = read_columns(tmp_path / "a.vtu")
    assert set(found) == {"x", "y", "z", "T", "velocity_x", "velocity_y", "velocity_z"}
    np.testing.assert_array_equal(found["y"], points[:, 1])
    np.testing.assert_array_equal(found["velocity_x"], points[:, 2])


def test_without_meshio_the_remedy_is_named(tmp_path, monkeypatch):
    (tmp_path / "a.vtu").write_text("<VTKFile/>")
    monkeypatch.setitem(sys.modules, "meshio", None)
    with pytest.raises(ImportError, match="`read_columns` needs meshio, which is not installed: pip install meshio"):
        read_columns(tmp_path / "a.vtu")


class Evil:
    def __reduce__(self):
        return exec, ("from pathlib import Path; Path('EVIL').touch()",)


def test_nothing_in_a_file_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", x=np.array([Evil()], dtype=object))
    (tmp_path / "b.npz").write_bytes(pickle.dumps(Evil()))
    (tmp_path / "c.csv").write_text("x,u\n1,__import__('pathlib').Path('EVIL').touch()\n")
    for name, message in (
        ("a.npz", r"cannot be read as .npz \(ValueError: Object arrays cannot be loaded"),
        ("b.npz", "cannot be read as .npz"),
        ("c.csv", r"`c.csv`, line 2, must hold numbers only, got '1,__import__"),
    ):
        with pytest.raises(ValueError, match=message):
            read_columns(name)
    assert not (tmp_path / "EVIL").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "x y\n1 2\n3\n", "`.*a.txt`, line 3, must have 2 numbers as those before, got 1"),
        ("a.txt", "x y\n1 2\n% in between\n3 four\n", "`.*a.txt`, line 4, must hold numbers only, got '3 four'"),
        ("a.txt", "", "`.*a.txt` must hold rows of numbers, it has none"),
        ("a.txt", "x y\n", "`.*a.txt` must hold rows of numbers, it has none"),
        ("a.npz", "no zip", "`.*a.npz` cannot be read as .npz"),
        ("a.mat", "no MATLAB file", "`.*a.mat` cannot be read as .mat"),
        ("a.h5", "no HDF5", "`.*a.h5` cannot be read as .h5"),
        ("a.xlsx", "", "`path` must end in one of .txt, .csv, .dat, .tsv, .npz"),
    ],
)
def test_files_that_hold_no_columns_are_refused(name, content, message, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        read_columns(tmp_path / name)


def test_other_mistakes_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"absent.csv` is no file"):
        read_columns(tmp_path / "absent.csv")
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"a.txt` cannot be read as text .*: give a text file in UTF-8"):
        read_columns(tmp_path / "a.txt")
    np.savez(tmp_path / "a.npz", x=X)
    with pytest.raises(ValueError, match=r"`names` must be a dict for .npz, whose columns have names"):
        read_columns(tmp_path / "a.npz", names=["x"])
    np.savez(tmp_path / "b.npz", about=np.array("text"))
    with pytest.raises(ValueError, match=r"b.npz` must hold arrays of numbers, it has none"):
        read_columns(tmp_path / "b.npz")


def test_a_mesh_that_is_none_is_refused(tmp_path):
    pytest.importorskip("meshio")
    for name in ("a.vtu", "a.vtk"):
        (tmp_path / name).write_text("no mesh")
        with pytest.raises(ValueError, match=f"{name}` cannot be read as"):
            read_columns(tmp_path / name)
