"""What is no file where a file is expected, names that a terminal would obey, JSON that unfolds."""

import json
import os
import socket
from pathlib import Path

import asf_writer
import h36m_writer
import humaneva_writer
import keypoint_writer as kw
import mat_writer
import numpy as np
import pytest

from posebook import datasets, export, files, lifting, results
from posebook.chapters import find, run
from posebook.cli.telling import tell
from posebook.datasets import folders
from posebook.datasets.published import wang2019
from posebook.datasets.readers import human36m_annot, matlab, prepared_folder, safe_pickle
from posebook.errors import InputError

ESCAPES = "\x1b[2Jred\x1b[0m\nsecond line\x07\u202e\x9b31m"


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))  # the whole path may be too long for a socket


SPECIAL = {
    "fifo": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "socket": _socket,
    "folder": Path.mkdir,
}
READERS = {
    "a.json": [datasets.read_any, results.read, lambda path: export.options.camera_of(path, None)],
    "a.npz": [datasets.read_any, lambda path: datasets.load("custom", path, split="all")],
    "a.npy": [datasets.read_any, lambda path: datasets.load("mpii", path), wang2019.read_labels,
              wang2019.read_unity],
    "a.csv": [datasets.read_any],
    "a.txt": [datasets.read_any],
    "a.bvh": [datasets.read_any, lambda path: datasets.load("bvh", path, split="all")],
    "a.amc": [datasets.read_any],
    "a.pkl": [safe_pickle.read_pickle],
    "a.mat": [lambda path: datasets.load("lsp", path),
              lambda path: matlab.read_mat(path, "a test", ["x"])],
    "a.h5": [lambda path: matlab.read_hdf5(path, "a test", ["x"]),
             lambda path: human36m_annot.read(path, "train")],
    "a.safetensors": [lifting.load],
}  # fmt: skip


@pytest.fixture(params=SPECIAL, ids=str)
def special(request, tmp_path, monkeypatch):
    """Puts something that is no file in a file's place."""
    monkeypatch.chdir(tmp_path)
    if not hasattr(os, "mkfifo"):
        pytest.skip("no such things here")

    def put(path: Path) -> Path:
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        SPECIAL[request.param](path)
        return path

    put.kind = request.param
    return put


@pytest.mark.parametrize("name", READERS)
def test_every_reader_wants_a_file(special, tmp_path, name):
    path = special(tmp_path / "there" / name)
    for read in READERS[name]:
        with pytest.raises(InputError) as error:
            read(path)
        assert "\n" not in str(error.value) and "a." in str(error.value)


def _film(folder: Path) -> None:
    kw.openpose(folder, {number: [kw.person(1, 25)[0]] for number in (0, 1)})


def _motion(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    asf, amc, _ = asf_writer.write(frames=2)
    (folder / "07.asf").write_text(asf)
    (folder / "07_01.amc").write_text(amc)


NEIGHBOURS = [
    (_motion, "07.asf", lambda folder: datasets.read_any(folder / "07_01.amc")),
    (_motion, "07.asf", lambda folder: datasets.load("cmu", folder, split="all")),
    (_film, "a_000000000002_keypoints.json", datasets.read_any),
    (Path.mkdir, "1.npz", prepared_folder.read),
    (
        lambda folder: h36m_writer.write(folder, subjects=("S1",), takes=("Walking 1",)),
        "source.json",
        lambda folder: datasets.load("human36m", folder, split="all"),
    ),
    (
        lambda folder: h36m_writer.write(folder, subjects=("S1",), takes=("Walking 1",)),
        "source.json",
        lambda folder: folders.check("human36m", folder),
    ),
    (
        lambda folder: humaneva_writer.write(folder, subjects=("Train/S1",), takes=("Box 1",)),
        "data_2d_humaneva15_gt.npz",
        lambda folder: datasets.load("humaneva", folder),
    ),
    (
        lambda folder: mat_writer.mpi_inf_3dhp(folder, takes=("S7/Seq1",), frames=2, cameras=9),
        "S7/Seq1/camera.calibration",
        lambda folder: datasets.load("mpi_inf_3dhp", folder, split="test"),
    ),
    (Path.mkdir, "run.json", lambda folder: run.run_chapter(find("quickstart"), out_dir=folder)),
    (Path.mkdir, "results.json", results.collect_runs),
]


@pytest.mark.parametrize("case", range(len(NEIGHBOURS)))
def test_neighbours_of_an_input_are_files(special, tmp_path, case):
    write, name, read = NEIGHBOURS[case]
    folder = tmp_path / "neighbours"
    write(folder)
    special(folder / name)
    with pytest.raises(InputError) as error:
        read(folder)
    assert "\n" not in str(error.value)


def test_names_out_of_files_are_only_shown(tmp_path, capsys):
    """Of films, joints, subjects, people and chapters: on the terminal, in tables and pages."""
    inputs = []
    people = kw.person(2)
    frames = {f"{ESCAPES}{number}.jpg": [one] for number, one in enumerate(people)}
    kw.dump(tmp_path / "alpha.json", kw.alphapose(frames))
    points = people[..., :2].astype(np.float32)
    people[..., 2] = 2
    film = kw.coco([(f"{ESCAPES}_{number}.jpg", [one]) for number, one in enumerate(people)])
    kw.dump(tmp_path / "coco.json", film)
    held = {ESCAPES: {ESCAPES: [points]}}
    metadata = {"layout_name": "coco", "num_joints": 17, "video_metadata": {}}
    np.savez(tmp_path / "data_2d_custom_a.npz", metadata=metadata, positions_2d=held)
    odd = tmp_path / f"{ESCAPES}.npy"
    np.save(odd, points)
    inputs = [*tmp_path.iterdir()]
    assert len(inputs) == 4
    for number, path in enumerate(inputs):
        done = export.lift_file(path, tmp_path / f"out{number}", "simple_baseline", size="1280x720")
        tell(done)
        page = next((tmp_path / f"out{number}").rglob("poses.html")).read_text()
        title = page[page.index("<title>") : page.index("</title>")]
        assert title.isprintable(), title
        (clip, *_) = datasets.read_any(path, size="1280x720")
        assert f"{clip.name}{clip.subject}{clip.action}".isprintable()
    said = capsys.readouterr().out
    assert said.replace("\n", "").isprintable() and "2 frames lifted" in said
    assert not any(line.startswith("second line") for line in said.splitlines())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 5000, "nested too deeply"),
        ("[" * 80 + "]" * 80, "nested too deeply"),
        ('{"a":' * 70 + "1" + "}" * 70, "nested too deeply"),
        ("9" * 5000, "x.json"),
        ('{"people": [', "not valid JSON"),
        ('"\\ud800"', "x.json"),
        ("\x00", "x.json"),
    ],
)
def test_json_that_is_no_json_of_anybody(tmp_path, text, says):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match=says):
        datasets.read_any(tmp_path / "x.json")


def test_json_of_brackets_alone_is_refused_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(files, "_MOST_BRACKETS", 1000)
    assert len(files.parsed(json.dumps([[1.2345678] * 9] * 2000), "x", "a test")) == 2000
    with pytest.raises(InputError, match="JSON of 2001 lists and dicts"):
        files.parsed(json.dumps([[]] * 2000), "x", "a test")


def test_integers_beyond_64_bits_are_floats():
    found = files.parsed(f"[{2**63 - 1}, {2**63}, -{2**63}, 1{'0' * 400}, 7]", "x", "a test")
    assert found == [2**63 - 1, 2.0**63, -(2**63), float("inf"), 7]
    assert list(map(type, found)) == [int, float, int, float, int]
