"""Archives out of h36m-fetch's annot.h5, on files written here; never on genuine ones."""

import json

import h5py
import h36m_writer
import numpy as np
import pytest
import torch

from posebook import cli, paths
from posebook.cameras import human36m_rig
from posebook.datasets import folders, load
from posebook.datasets.published import human36m_fetched
from posebook.datasets.readers.h36m_fetch import CAMERAS
from posebook.errors import InputError
from posebook.skeletons import HUMAN36M_KEPT_OF_32

NUMBERS = {"Directions": 2, "TakingPhoto": 12, "Walking": 14}
EVERY_FIFTH = np.arange(1, 60, 5)


def pinhole(camera, at):
    return camera.focal_px.numpy() * at[..., :2] / at[..., 2:] + camera.centre_px.numpy()


def annot(
    root, subject="S1", action="Walking", number="1", *, frames=EVERY_FIFTH, seed=0, names=None,
    univ=False, shift_mm=None, distorted=False, change=None,
):  # fmt: skip
    """Write one annot.h5; returns (world mm (frames, 17, 3), {camera: px}).

    shift_mm  camera -> how far its poses are moved     change  called with the dict of arrays
    names     the cameras it has                        univ    only the universal skeleton
    """
    metres = h36m_writer.person(len(frames), seed).astype(np.float64)
    rows: dict[str, list] = {}
    seen = dict(zip(CAMERAS, h36m_writer.seen(metres, subject), strict=True)
                ) if distorted else {}  # fmt: skip
    points = {}
    for camera in human36m_rig(subject):
        if names is not None and camera.name not in names:
            continue
        whole = h36m_writer.of_32(metres).astype(np.float64)
        at = (1000 * whole - camera.position_mm.numpy()) @ camera.rotation.numpy().T
        px = pinhole(camera, at)
        kept = list(HUMAN36M_KEPT_OF_32)
        if distorted:
            px[:, kept] = seen[camera.name]
        points[camera.name] = px[:, kept]
        at = at + (shift_mm or {}).get(camera.name, 0.0)
        view = {"pose/2d": px, "pose/3d-univ": at, "camera": int(camera.name), "frame": frames,
                "subject": int(subject[1:]),
                "action": NUMBERS[action] - (number == "")}  # fmt: skip
        if not univ:
            view["pose/3d"] = at
        if number:
            view["subaction"] = int(number)
        for name, array in view.items():
            array = np.full(len(frames), array) if np.ndim(array) == 0 else array
            rows.setdefault(name, []).append(array)
    arrays = {name: np.concatenate(parts) for name, parts in rows.items()}
    arrays["intrinsics/54138969"] = np.array([1145.0, 512.5, 1143.8, 515.5])
    if change is not None:
        change(arrays)
    folder = root / subject / (f"{action}-{number}" if number else action)
    folder.mkdir(parents=True)
    with h5py.File(folder / "annot.h5", "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return torch.from_numpy(1000 * metres), points


def test_round_trip(tmp_path):
    root, out = tmp_path / "processed", tmp_path / "out"
    truth = {
        ("S1", "Walking 1"): annot(root),
        ("S1", "Photo 2"): annot(root, action="TakingPhoto", number="2", seed=1),
        ("S9", "Walking 1"): annot(root, "S9", seed=2),
        ("S11", "Directions 1"): annot(root, "S11", "Directions", "1", seed=3),
    }
    annot(root, "S11", "Directions", "2")
    output = folders.make("human36m", out, tmp_path)
    assert "4 takes, 192 frames in 16 clips, 10 frames/s" in output
    assert "S11 Directions is left out" in output and "universal" not in output
    source = json.loads((out / "source.json").read_text())
    assert source["source"] == "Human3.6M by h36m-fetch" and source["frames_per_second"] == 10
    assert "Human3.6M licence" in source["terms"] and "not to be passed on" in source["terms"]
    assert sorted(path.name for path in out.iterdir()) == [
        "data_2d_h36m_gt.npz", "data_3d_h36m.npz", "source.json",
    ]  # fmt: skip
    people = load("human36m", out, split="all")
    assert len(people.clips) == 16 and people.frames_per_second == 10
    assert any("without lens distortion" in note for note in people.notes)
    assert people.actions == ("Directions", "Photo", "Walking")
    for clip in people:
        subject, take, camera = clip.name.split("/")
        world_mm, px = truth[subject, take]
        assert (clip.camera.to_world(clip.pose_mm.double()) - world_mm).norm(dim=-1).max() < 0.1
        assert (clip.keypoints_px - torch.from_numpy(px[camera])).norm(dim=-1).max() < 0.1
        assert (clip.camera.project(clip.pose_mm) - clip.keypoints_px).norm(dim=-1).max() < 0.1
    assert len(load("human36m", out, split="test").clips) == 8
    assert "holds Human3.6M by h36m-fetch, 10 frames/s" in str(folders.check("human36m", out))


def test_the_lens_is_the_one_of_the_key_points(tmp_path):
    world_mm, _ = annot(tmp_path, distorted=True)
    output = human36m_fetched.make(tmp_path, tmp_path / "out")
    assert "with distortion as in videopose3d" in output
    clip = load("human36m", tmp_path / "out").clips[0]
    assert (clip.camera.project(clip.pose_mm) - clip.keypoints_px).norm(dim=-1).max() < 0.1


def test_a_key_point_that_is_off_is_said(tmp_path):
    def move(arrays):
        arrays["pose/2d"][5, 0] += 300.0

    annot(tmp_path, change=move)
    output = human36m_fetched.make(tmp_path, tmp_path / "out")
    assert "median of the worst clip 0.000 px, largest distance 424.264 px" in output


def test_the_first_versions_with_the_universal_skeleton_alone(tmp_path):
    annot(tmp_path, number="", univ=True)
    output = human36m_fetched.make(tmp_path, tmp_path / "out")
    assert "bones are those of the universal skeleton" in output
    people = load("human36m", tmp_path / "out")
    assert people.name == "Human3.6M by h36m-fetch, universal skeleton"
    assert any("universal skeleton" in note for note in people.notes)
    assert {clip.action for clip in people} == {"Walking"}


def test_frames_that_are_not_evenly_spaced_are_said_to_be_so(tmp_path):
    annot(tmp_path, frames=np.array([1, 4, 9, 12, 30]))
    annot(tmp_path, "S9", frames=np.arange(1, 400, 64))
    output = human36m_fetched.make(tmp_path, tmp_path / "out")
    assert "frames are 3 to 64 of 50 a second apart, not evenly" in output
    assert load("human36m", tmp_path / "out").name.endswith("frames unevenly spaced")


def test_cameras_that_lack_frames_or_are_not_there(tmp_path):
    def lose(arrays):
        kept = (arrays["camera"] != 58860488) | (arrays["frame"] != 6)
        for name in arrays:
            if not name.startswith("intrinsics"):
                arrays[name] = arrays[name][kept]

    world_mm, _ = annot(tmp_path, change=lose)
    annot(tmp_path, number="2", names=("55011271",), frames=np.arange(1, 40, 5))
    output = human36m_fetched.make(tmp_path, tmp_path / "out")
    assert "3 rows left out" in output and "fewer than four cameras: S1 Walking 2 (1)" in output
    assert "1 takes have one camera" in output
    clips = load("human36m", tmp_path / "out").clips
    assert [len(clip) for clip in clips] == [11] * 4 + [8]
    assert clips[4].camera.name == "55011271"
    found = clips[0].camera.to_world(clips[0].pose_mm.double())
    assert (found - world_mm[[0, *range(2, 12)]]).norm(dim=-1).max() < 0.1


def test_cameras_must_agree(tmp_path):
    annot(tmp_path / "a", shift_mm={"58860488": 1.0})
    output = human36m_fetched.make(tmp_path / "a", tmp_path / "out")
    assert "cameras of a take agree within 1.732 mm" in output
    annot(tmp_path / "b", shift_mm={"58860488": 10.0})
    with pytest.raises(InputError, match="cameras 54138969 and 58860488 are up to 17.3 mm apart"):
        human36m_fetched.make(tmp_path / "b", tmp_path / "out")
    annot(tmp_path / "c", shift_mm={"58860488": 10.0}, univ=True)
    with pytest.raises(InputError, match=r"of the universal skeleton; there is no pose/3d"):
        human36m_fetched.make(tmp_path / "c", tmp_path / "out")


def put(name, value):
    return lambda arrays: arrays.update({name: value(arrays[name])})


def drop(*names):
    return lambda arrays: [arrays.pop(name) for name in names]


def nan(array):
    array[3, 0, 0] = np.nan
    return array


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop("pose/2d"), "no pose/2d"),
        (drop("pose/3d", "pose/3d-univ"), "no pose/3d-univ"),
        (drop("camera"), "no camera"),
        (put("pose/3d", lambda a: a[:, :17]), "expected .rows, 32, 3."),
        (put("pose/3d", lambda a: a[:0]), "expected .rows, 32, 3."),
        (put("pose/2d", lambda a: a.astype(int)), "pose/2d is int64"),
        (put("pose/3d", nan), "joints that are no numbers"),
        (put("pose/2d", lambda a: a[:-1]), "48 poses, but 47 of key points"),
        (put("pose/2d", lambda a: a + 50), "7[01].. px from the projected joints"),
        (put("pose/3d", lambda a: a - a[:, :1]), "expected absolute poses in camera axes"),
        (put("pose/3d", lambda a: a / 1000), "apart in the world"),
        (put("frame", lambda a: a[::-1]), "frame does not rise"),
        (put("frame", lambda a: a.astype(float)), "frame is float64"),
        (put("frame", lambda a: np.arange(1, 49)), "no frame is in every camera"),
        (put("camera", lambda a: a + 1), "camera is 54138970"),
        (put("camera", lambda a: np.roll(a, 12)), "apart in the world"),
        (put("subject", lambda a: a + 4), "subject is 5; expected 1"),
        (put("action", lambda a: a - 1), "action is 13; expected 14"),
        (put("subaction", lambda a: a + 1), "subaction is 2; expected 1"),
        (put("pose/2d", lambda a: a * 1e300), "further than 100000 px away"),
    ],
)  # fmt: skip
def test_damaged_files_cost_a_line_each(tmp_path, change, message):
    annot(tmp_path, change=change)
    with pytest.raises(InputError, match=message) as error:
        human36m_fetched.make(tmp_path, tmp_path / "out")
    assert "\n" not in str(error.value) and "S1/Walking-1/annot.h5: " in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("place", "kept", "message"),
    [
        ("S1/Walking-1", b"no HDF5", "not an HDF5"),
        ("S5/Walking-1", b"", "empty"),
        ("S7/Walking-1", 0.5, "cannot be read"),
        ("S9/Dancing-1", 1.0, "no <Action>"),
        ("S2/Walking-1", 1.0, "of 'S2'"),
    ],
)
def test_files_that_are_cut_or_something_else(tmp_path, place, kept, message):
    """kept: what stands in the file, or the share of a good one that is left of it."""
    annot(tmp_path, "S9")
    whole = (tmp_path / "S9/Walking-1/annot.h5").read_bytes()
    content = kept if isinstance(kept, bytes) else whole[: round(kept * len(whole))]
    for name in (place, place.replace("-1", "-2")):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "annot.h5").write_bytes(content)
    with pytest.raises(InputError, match=f"annot.h5: .*{message}") as error:
        human36m_fetched.make(tmp_path, tmp_path / "out")
    assert str(error.value).endswith("(and 1 more files that cannot be used)")
    assert not (tmp_path / "out").exists()


def test_frames_of_nobody_s_camera_and_a_take_that_is_there_twice(tmp_path):
    annot(tmp_path / "a", frames=np.array([1, 2**62]))
    with pytest.raises(InputError, match="of 50 a second apart is 1.08"):
        human36m_fetched.make(tmp_path / "a", tmp_path / "out")
    annot(tmp_path / "b")
    annot(tmp_path / "b", number="01")
    with pytest.raises(InputError, match="Walking-01/annot.h5: its folder is no <Action>"):
        human36m_fetched.make(tmp_path / "b", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_archives_of_another_origin_stay(tmp_path):
    annot(tmp_path / "processed")
    out = tmp_path / "out"
    h36m_writer.write(out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(InputError, match="of another origin, which is not replaced"):
        human36m_fetched.make(tmp_path, out)
    (out / "source.json").write_text('{"source": "mine", "frames_per_second": 50}')
    with pytest.raises(InputError, match="of another origin, which is not replaced"):
        human36m_fetched.make(tmp_path, out)
    with pytest.raises(InputError, match="of another origin, which is not replaced"):
        folders.make("synthetic", out)
    assert all((out / name).read_bytes() == content for name, content in before.items())
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file; expected a folder"):
        human36m_fetched.make(tmp_path, tmp_path / "file")


def test_its_own_archives_are_replaced_as_a_whole(tmp_path, monkeypatch):
    out = tmp_path / "out"
    annot(tmp_path / "a")
    annot(tmp_path / "b", "S5")
    human36m_fetched.make(tmp_path / "a", out)

    def fails(*_, **__):
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("numpy.savez_compressed", fails)
        with pytest.raises(OSError, match="full"):
            human36m_fetched.make(tmp_path / "b", out)
    assert load("human36m", out).clips[0].subject == "S1"
    (out / f"{paths.UNFINISHED}killed").mkdir()  # a run that was killed leaves its folder
    human36m_fetched.make(tmp_path / "b", out)
    assert load("human36m", out).clips[0].subject == "S5" and len(list(out.iterdir())) == 3


def test_the_command(tmp_path, monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["posebook", "data", "make", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code or 0, capsys.readouterr()

    annot(tmp_path / "processed")
    status, output = call("human36m", "--root", tmp_path, "--out", tmp_path / "out")
    assert status == 0 and "data_3d_h36m.npz" in output.out
    (tmp_path / "processed/S1/Walking-1/annot.h5").write_bytes(b"x" * 600)
    status, output = call("human36m", "--root", tmp_path, "--out", tmp_path / "out")
    assert status == 2 and output.err.count("\n") == 1 and "not an HDF5 file" in output.err
    status, output = call("human36m", "--root", tmp_path / "out")
    assert status == 2 and "expected the folder processed/" in output.err
    status, output = call("human36m")
    assert status == 2 and "--root" in output.err
    status, output = call("synthetic", "--root", tmp_path)
    assert status == 2 and "--root is for human36m" in output.err
