"""MATLAB files and HDF5 through a process of its own: what comes back, and what it survives."""

import os
import signal
import tempfile

import h5py
import mat_writer
import numpy as np
import pytest
import scipy.io

from posebook.datasets.readers import matlab
from posebook.errors import InputError


@pytest.fixture(autouse=True)
def own_worker():
    yield
    matlab.close()


def write(path, **variables):
    scipy.io.savemat(path, variables)
    return path


def worker(tmp_path, monkeypatch, body):
    """Another script in the worker's place."""
    path = tmp_path / "worker.py"
    path.write_text(f"import json, os, signal, sys, time\nfor line in sys.stdin:\n    {body}\n")
    matlab.close()
    monkeypatch.setattr(matlab, "WORKER", path)


def test_arrays_cells_and_structs_by_name(tmp_path):
    cells = np.empty((2, 2), object)
    for number in range(4):
        cells.ravel(order="F")[number] = 0
        cells[number % 2, number // 2] = np.full((1, number + 1), number)
    path = write(tmp_path / "a.mat", joints=np.arange(24.0).reshape(2, 3, 4), cells=cells,
                 notes={"who": "S1", "size": [3, 4]})  # fmt: skip
    found = matlab.read_mat(path, "a test", ["joints", "cells", "notes"])
    assert np.array_equal(found["joints"], np.arange(24.0).reshape(2, 3, 4))
    # MATLAB counts down the columns.
    assert [found[f"cells/{i}"].ravel().tolist() for i in range(4)] == [
        [0], [1, 1], [2, 2, 2], [3, 3, 3, 3]]  # fmt: skip
    assert found["notes/who"].item() == "S1" and found["notes/size"].tolist() == [[3, 4]]
    some = matlab.read_mat(path, "a test", ["cells/2", "none"])
    assert list(some) == ["cells/2"] and some["cells/2"].shape == (1, 3)


def test_both_versions_give_the_same_axes(tmp_path):
    numbers = np.random.default_rng(0).normal(size=(3, 14, 5))
    scipy.io.savemat(tmp_path / "v5.mat", {"joints": numbers})
    mat_writer.matlab_73(tmp_path / "v73.mat", {"joints": numbers, "c": [numbers[0], numbers[1]]})
    for name in ("v5", "v73"):
        found = matlab.read_mat(tmp_path / f"{name}.mat", "a test", ["joints"])["joints"]
        assert np.array_equal(found, numbers)
    found = matlab.read_mat(tmp_path / "v73.mat", "a test", ["c/1"])
    assert list(found) == ["c/1"] and np.array_equal(found["c/1"], numbers[1])
    with h5py.File(tmp_path / "plain.h5", "w") as file:
        file["poses"] = numbers
    plain = matlab.read_hdf5(tmp_path / "plain.h5", "a test", ["poses"])
    assert np.array_equal(plain["poses"], numbers)


def test_what_is_no_number_is_left_out(tmp_path):
    path = write(tmp_path / "a.mat", z=np.array([1 + 2j]), sparse=scipy.sparse.eye(3), n=[1.0])
    assert list(matlab.read_mat(path, "a test", ["z", "sparse", "n"])) == ["n"]
    assert matlab.read_mat(path, "a test", ["z"]) == {}


def test_files_that_are_something_else(tmp_path):
    (tmp_path / "text.mat").write_text("joints = 1\n" * 100)
    (tmp_path / "empty.mat").write_bytes(b"")
    (tmp_path / "lfs.mat").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    for name, says in (("text.mat", "not a MATLAB file"), ("empty.mat", "empty"),
                       ("lfs.mat", "git lfs pull"), (".", "is a folder")):  # fmt: skip
        with pytest.raises(InputError, match=says):
            matlab.read_mat(tmp_path / name, "joints of people", ["joints"])
    with pytest.raises(InputError, match="no such file"):
        matlab.read_mat(tmp_path / "none.mat", "joints of people", ["joints"])
    with pytest.raises(InputError, match="not an HDF5 file; expected poses"):
        matlab.read_hdf5(tmp_path / "text.mat", "poses", ["poses"])
    path = write(tmp_path / "cut.mat", joints=np.ones((3, 14, 100)))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match="cannot be read .*damaged.*; expected joints of people"):
        matlab.read_mat(path, "joints of people", ["joints"])


def test_data_in_another_file_is_not_followed(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["poses"] = np.ones(3)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["poses"] = h5py.ExternalLink("secret.h5", "/poses")
    assert matlab.read_hdf5(tmp_path / "a.h5", "poses", ["poses"]) == {}
    (tmp_path / "raw").write_bytes(bytes(80))
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.create_dataset("poses", (10,), "f8", external=[(str(tmp_path / "raw"), 0, 80)])
    layout = h5py.VirtualLayout(shape=(3,), dtype="f8")
    layout[:] = h5py.VirtualSource(tmp_path / "secret.h5", "poses", shape=(3,))
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file.create_virtual_dataset("poses", layout)
    for name in ("b.h5", "c.h5"):
        with pytest.raises(InputError, match="lies in another file"):
            matlab.read_hdf5(tmp_path / name, "poses", ["poses"])


def test_more_than_there_is_room_for_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("poses", (10**6, 10**6), "f8", chunks=(1000, 1000))
    with pytest.raises(InputError, match="would unfold to 8000000000000 bytes"):
        matlab.read_hdf5(tmp_path / "a.h5", "poses", ["poses"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of memory need Linux or macOS")
def test_memory_is_limited(tmp_path, monkeypatch):
    """Zeros pack well: 48 MB in a few kilobytes. The libraries alone take 130 MB."""
    scipy.io.savemat(tmp_path / "a.mat", {"n": np.zeros((1, 6_000_000))}, do_compression=True)
    assert matlab.read_mat(tmp_path / "a.mat", "a test", ["n"])["n"].shape == (1, 6_000_000)
    monkeypatch.setattr(matlab, "MEMORY", (180 << 20, 0))
    with pytest.raises(InputError, match="memory"):
        matlab.read_mat(tmp_path / "a.mat", "a test", ["n"])


def test_a_reader_that_takes_too_long_is_stopped(tmp_path, monkeypatch):
    path = write(tmp_path / "a.mat", n=[1.0])
    monkeypatch.setattr(matlab, "SECONDS", (0.1, 0))
    worker(tmp_path, monkeypatch, "time.sleep(36_000)")
    with pytest.raises(InputError, match=r"a\.mat: reading it took over 0\.5 s; expected a test"):
        matlab.read_mat(path, "a test", ["n"])


@pytest.mark.parametrize(
    "body",
    [
        f"os.kill(os.getpid(), {int(signal.SIGSEGV)})",
        "print('no JSON', flush=True)",
        "print('[1]', flush=True)",
        "print(json.dumps({'names': 3}), flush=True)",
        "print(json.dumps({'names': ['n']}), flush=True)",
        "print(json.dumps({'crash': -11}), flush=True)",
    ],
)
def test_a_reader_that_crashes_or_babbles_costs_one_line(tmp_path, monkeypatch, body):
    path = write(tmp_path / "a.mat", n=[1.0])
    worker(tmp_path, monkeypatch, body)
    with pytest.raises(InputError, match="damaged|did not come across") as error:
        matlab.read_mat(path, "a test", ["n"])
    assert "\n" not in str(error.value)
    monkeypatch.undo()
    assert matlab.read_mat(path, "a test", ["n"])["n"].item() == 1  # and the next file is read


def test_the_worker_is_kept_after_a_damaged_file(tmp_path):
    path = write(tmp_path / "a.mat", n=[1.0])
    matlab.read_mat(path, "a test", ["n"])
    process = matlab._CURRENT.pid
    (tmp_path / "b.mat").write_bytes(path.read_bytes()[:150])
    with pytest.raises(InputError):
        matlab.read_mat(tmp_path / "b.mat", "a test", ["n"])
    matlab.read_mat(path, "a test", ["n"])
    assert matlab._CURRENT.pid == process


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of processor time need Linux or macOS")
def test_processor_time_is_limited(tmp_path, monkeypatch):
    path = write(tmp_path / "a.mat", n=[1.0])
    worker(tmp_path, monkeypatch, "os.kill(os.getpid(), signal.SIGXCPU)")
    with pytest.raises(InputError, match=r"a\.mat: reading it took over 8 s; expected a test"):
        matlab.read_mat(path, "a test", ["n"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a copy of a process needs fork")
def test_a_copy_of_the_process_leaves_the_worker_alone(tmp_path):
    path = write(tmp_path / "a.mat", n=[1.0])
    matlab.read_mat(path, "a test", ["n"])
    child = os.fork()
    if child == 0:
        matlab.close()
        os._exit(0 if matlab._CURRENT is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert matlab._CURRENT.poll() is None


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    path = write(tmp_path / "a.mat", n=[1.0])
    (tmp_path / "answers").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "answers"))
    matlab.read_mat(path, "a test", ["n"])
    process = matlab._CURRENT
    matlab.close()
    assert os.listdir(tmp_path / "answers") == [] and process.poll() is not None
