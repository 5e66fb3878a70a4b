"""The HDF5 record: what goes in comes out, also after a kill at any moment, and nothing in it is run."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import h5py
import numpy as np
import pytest
import torch

from kanpde import Solution
from kanpde.record import VERSION, Gridded, RecordError, check_target, read, write

PICKLE = b"\x80\x04"


def test_what_is_written_is_read_again(tmp_path):
    content = {
        "@": {"text": "x", "number": 0.1, "count": 3, "flag": True, "nothing": None},
        "array": np.linspace(0, 1, 5),
        "tensor": torch.tensor([1.0, 2.0], dtype=torch.float32),
        "scalar": torch.tensor(0.1, dtype=torch.float64),
        "list": [torch.tensor([1.0]), None, "text", 2],
        "empty list": [],
        "empty dict": {},
        "deep": {"er": {"value": 1.5}},
    }
    write(tmp_path / "a.h5", content)
    found = read(tmp_path / "a.h5")
    attributes = found.pop("@")
    assert attributes == {**content.pop("@"), "format": "kanpde run record", "format_version": VERSION}
    np.testing.assert_array_equal(found.pop("array"), content.pop("array"))
    for name in ("tensor", "scalar"):
        tensor, wanted = found.pop(name), content.pop(name)
        assert tensor.dtype == wanted.dtype
        assert torch.equal(tensor, wanted)
    assert found.pop("list") == content.pop("list")
    assert found == content


@pytest.mark.parametrize("name", ["x=pi/2", "a%2Fb", "100%", ".", "../up", "%2E", "d u/d n on x=0"])
def test_any_name_of_a_block_survives(tmp_path, name):
    write(tmp_path / "a.h5", {"losses": {name: np.ones(2)}, "points": {name: {"x": np.zeros(3)}}})
    found = read(tmp_path / "a.h5")
    assert list(found["losses"]) == list(found["points"]) == [name]
    np.testing.assert_array_equal(found["points"][name]["x"], np.zeros(3))


def test_a_grid_has_its_axes_as_dimension_scales(tmp_path):
    grid = Gridded({"x": np.linspace(0, 1, 3), "t": np.linspace(0, 2, 4)}, {"u": np.ones((3, 4))})
    write(tmp_path / "a.h5", {"grid": grid})
    with h5py.File(tmp_path / "a.h5") as file:
        assert [d.keys() for d in file["grid/u"].dims] == [["x"], ["t"]]
        np.testing.assert_array_equal(file["grid/u"].dims[1][0], np.linspace(0, 2, 4))
    found = read(tmp_path / "a.h5")["grid"]
    assert list(found.axes) == ["x", "t"]
    assert list(found.values) == ["u"]


def test_text_longer_than_an_attribute_may_be_is_kept(tmp_path):
    write(tmp_path / "a.h5", {"forms": "x" * 100_000})
    assert len(read(tmp_path / "a.h5")["forms"]) == 100_000


def test_every_truncation_of_a_record_is_refused(tmp_path):
    write(tmp_path / "a.h5", {"array": np.arange(100.0), "text": "hello"})
    whole = (tmp_path / "a.h5").read_bytes()
    for length in range(0, len(whole), 97):
        (tmp_path / "b.h5").write_bytes(whole[:length])
        with pytest.raises(RecordError, match="cannot be read as HDF5"):
            read(tmp_path / "b.h5")


def test_a_damaged_byte_never_raises_anything_but_a_sentence(tmp_path):
    write(tmp_path / "a.h5", {"deep": {"array": np.arange(10.0)}, "text": "hello", "@": {"kind": "run"}})
    whole = bytearray((tmp_path / "a.h5").read_bytes())
    for position in range(0, len(whole), 61):
        broken = whole.copy()
        broken[position] ^= 0xFF
        (tmp_path / "b.h5").write_bytes(bytes(broken))
        with suppress(RecordError):
            read(tmp_path / "b.h5")


def test_a_foreign_or_newer_file_is_refused(tmp_path):
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["a"] = 1
    with pytest.raises(RecordError, match="is an HDF5 file but no kanpde record"):
        read(tmp_path / "foreign.h5")
    with h5py.File(tmp_path / "newer.h5", "w") as file:
        file.attrs["format"], file.attrs["format_version"] = "kanpde run record", 99
    with pytest.raises(RecordError, match=r"was written by a newer version of kanpde \(format 99\)"):
        read(tmp_path / "newer.h5")
    with pytest.raises(RecordError, match="is no file"):
        read(tmp_path)


def test_trying_a_target_leaves_nothing_behind(tmp_path):
    assert check_target(tmp_path / "new" / "deep" / "a.h5") == tmp_path / "new" / "deep" / "a.h5"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/proc/a.h5", "/proc/self/new/a.h5", "/dev/null/a.h5", "/", "x" * 300])
def test_a_target_that_cannot_be_written_is_refused_even_for_root(path):
    with pytest.raises(ValueError, match=r"cannot be written|is a folder"):
        check_target(path)


def test_a_failed_write_leaves_the_old_file_and_no_part(tmp_path, monkeypatch):
    write(tmp_path / "a.h5", {"value": 1})

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ValueError, match=r"cannot be written \(No space left on device\)"):
        write(tmp_path / "a.h5", {"value": 2})
    assert read(tmp_path / "a.h5")["value"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


# -------------------------------------------------------------------- runs that are stopped from outside


def start_run(folder, *options):
    line = [sys.executable, "-m", "kanpde", "solve", "poisson", "--out", "run.h5", "--json", *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        line, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


def wait_for(path, seconds=60.0, *, steps=0):
    """Until there is a record, of a run that has taken so many steps."""
    end = time.monotonic() + seconds
    while not (path.exists() and Solution.load(path).run["steps"] >= steps):
        assert time.monotonic() < end, "no such record appeared"
        time.sleep(0.02)


@pytest.mark.parametrize(("steps", "delay"), [(0, 0.0), (0, 0.5), (1, 0.0)])
def test_a_killed_run_leaves_a_readable_record(tmp_path, steps, delay):
    process = start_run(tmp_path, "--seconds", "60")
    wait_for(tmp_path / "run.h5", steps=steps)
    time.sleep(delay)
    process.kill()
    process.communicate()
    with h5py.File(tmp_path / "run.h5") as file:
        assert file.attrs["status"] == "running"
    solution = Solution.load(tmp_path / "run.h5")
    assert solution.stop_reason == "still running, or killed"
    assert len(solution.history.get("loss", ())) == solution.run["steps"]
    assert np.isfinite(solution(x=0.5, y=0.5))
    assert np.isfinite(solution.error)
    assert solution.run["steps"] >= steps


@pytest.mark.parametrize(
    ("number", "words"), [(signal.SIGTERM, "interrupted by SIGTERM"), (signal.SIGINT, "interrupted by Ctrl-C")]
)
def test_a_signal_ends_the_run_with_everything_kept(tmp_path, number, words):
    process = start_run(tmp_path, "--seconds", "60")
    wait_for(tmp_path / "run.h5", steps=1)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    content = json.loads(out)
    assert content["stop_reason"] == words
    solution = Solution.load(tmp_path / "run.h5")
    assert solution.stop_reason == words
    assert solution.run["steps"] == content["steps"] == len(solution.history["loss"]) > 0
    with h5py.File(tmp_path / "run.h5") as file:
        assert file.attrs["status"] == "interrupted"
    assert [p.name for p in tmp_path.iterdir()] == ["run.h5"]
