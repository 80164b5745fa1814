"""Clips on disk for `Windows`: the batches that memory gives, with one clip in memory at a time."""

import json
import weakref
from dataclasses import replace

import h36m_writer
import numpy as np
import pytest
import torch

from posebook.cameras import human36m_rig, normalise_screen
from posebook.datasets import maps
from posebook.datasets.clips import Motion, PoseDataset
from posebook.datasets.maps import read_maps, write_maps
from posebook.datasets.windows import Windows
from posebook.errors import InputError
from posebook.geometry import root_relative
from posebook.skeletons import COCO_17, HOUSE


def clip(frames: int, seed: int = 0, camera: int = 0):
    world_mm = torch.from_numpy(1000 * h36m_writer.person(frames, seed))
    motion = Motion(f"S1/Walking {seed}", world_mm, 50.0, subject="S1", action="Walking")
    return motion.seen_by(human36m_rig("S1")[camera])


PEOPLE = PoseDataset("ours", "all", (clip(13), clip(7, 1, 2), clip(5, 2)), "ask us")


def test_the_same_batches_as_from_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(maps, "PIECE", 4)
    made = write_maps(PEOPLE, tmp_path / "new")
    assert made.keypoints.mapped and made.pose_mm.mapped and made.lengths == (13, 7, 5)
    assert made.told == dict(
        source="ours", terms="ask us", joints=HOUSE.name, frames_per_second=50.0,
        clips=[each.name for each in PEOPLE],
    )  # fmt: skip
    screen = torch.cat([normalise_screen(each.keypoints_px, *each.size_px) for each in PEOPLE])
    about_hip = root_relative(PEOPLE.pose_mm, HOUSE)
    assert made.keypoints.dtype == made.pose_mm.dtype == torch.float32
    assert (made.keypoints - screen).abs().max() < 1e-6
    assert (made.pose_mm - about_hip).abs().max() < 1e-3
    assert np.load(tmp_path / "new/pose_mm.npy").shape == (25, 17, 3)
    again = read_maps(tmp_path / "new")
    options = dict(outputs=2, generator=torch.Generator().manual_seed(3))
    own = Windows(dict(keypoints=screen), dict(pose_mm=about_hip), [13, 7, 5], 8, (3, 3), **options)
    options["generator"] = torch.Generator().manual_seed(3)
    for one, other in zip(own, again.windows(8, (3, 3), **options), strict=True):
        assert one.keys() == other.keys()
        for name in one:
            assert torch.allclose(one[name].double(), other[name].double(), atol=1e-3)


def test_clips_are_not_kept(tmp_path):
    alive: list[weakref.ref] = []

    def stream():
        for seed in range(6):
            made = clip(20, seed)
            alive.append(weakref.ref(made.pose_mm))
            assert sum(each() is not None for each in alive) <= 2
            yield made
            del made

    made = write_maps(stream(), tmp_path, source="a stream")
    assert made.lengths == (20,) * 6 and made.told["source"] == "a stream"


def test_missing_key_points(tmp_path):
    lost = clip(5)
    points, confidence = lost.keypoints_px.clone(), lost.confidence.clone()
    points[1, 3], confidence[2, 4] = torch.nan, 0
    lost = replace(lost, keypoints_px=points, confidence=confidence)
    with pytest.raises(InputError, match="S1/Walking 0/54138969: 2 key points are missing"):
        write_maps([lost], tmp_path)
    made = write_maps([lost], tmp_path, missing=0)
    assert (made.keypoints == 0).all(-1).sum() == 2
    assert (made.keypoints[1, 3] == 0).all() and (made.keypoints[2, 4] == 0).all()


@pytest.mark.parametrize(
    ("clips", "said"),
    [
        ([], "no clips to write"),
        ([clip(4), replace(clip(4), skeleton=COCO_17)], "expected, as the first"),
        ([clip(4), replace(clip(4), frames_per_second=10.0)], "expected, as the first"),
        ([replace(clip(4), pose_mm=None)], "no truth"),
        ([replace(clip(4), size_px=None, camera=None)], "no picture size"),
        ([replace(clip(4), pose_mm=clip(4).pose_mm * torch.nan)], "joints are not known"),
    ],
)
def test_what_cannot_be_written(tmp_path, clips, said):
    write_maps([clip(3)], tmp_path)
    with pytest.raises(InputError, match=said):
        write_maps(clips, tmp_path)
    assert read_maps(tmp_path).lengths == (3,), "what was there is still whole"
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_writer_that_is_killed_leaves_old_maps_or_none(tmp_path, monkeypatch):
    write_maps([clip(3)], tmp_path)

    def stream():
        yield clip(5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_maps(stream(), tmp_path)
    assert read_maps(tmp_path).lengths == (3,)
    monkeypatch.setattr(maps.numpy, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_maps([clip(5)], tmp_path)  # while the new files get their names
    with pytest.raises(InputError, match="names no clips"):
        read_maps(tmp_path)
    monkeypatch.undo()
    assert write_maps([clip(5)], tmp_path).lengths == (5,)


@pytest.mark.parametrize("told", [None, "[]", '{"level": 3}'])
def test_files_of_another_origin_are_not_replaced(tmp_path, told):
    np.save(tmp_path / "keypoints.npy", np.arange(5))
    if told is not None:
        (tmp_path / "maps.json").write_text(told)
    with pytest.raises(InputError, match="holds keypoints.npy.* of another origin"):
        write_maps([clip(3)], tmp_path)
    assert np.load(tmp_path / "keypoints.npy").tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(InputError, match="is a file; expected a folder"):
        write_maps([clip(3)], tmp_path / "keypoints.npy")


@pytest.mark.parametrize(
    "change",
    [
        dict(keypoints_px=torch.zeros(4, 18, 2), confidence=torch.ones(4, 18)),
        dict(pose_mm=torch.zeros(8, 17, 3)),
        dict(confidence=torch.ones(1, 17)),
        dict(size_px=(0, 0)),
        dict(confidence=torch.full((4, 17), torch.nan)),
        dict(pose_mm=torch.full((4, 17, 3), 1e300, dtype=torch.float64) * torch.randn(17, 3)),
    ],
)
def test_a_clip_that_contradicts_itself_is_not_written(tmp_path, change):
    with pytest.raises(InputError, match="S1/Walking 0/54138969: "):
        write_maps([replace(clip(4), **change)], tmp_path)


def test_files_that_do_not_belong_together(tmp_path):
    write_maps(PEOPLE, tmp_path)
    np.save(tmp_path / "lengths.npy", np.array([13, 7]))
    with pytest.raises(InputError, match="do not belong together"):
        read_maps(tmp_path)
    (tmp_path / "maps.json").write_text("[]")
    with pytest.raises(InputError, match="names no clips"):
        read_maps(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        dict(lengths=np.array([12.5, 7.5, 5])),
        dict(lengths=np.array([30, -10, 5])),
        dict(lengths=np.array([20, 0, 5])),
        dict(lengths=np.array([2**62] * 4 + [25])),  # its sum in 64 bits is 25
        dict(keypoints=np.zeros((25, 17, 2), np.int64)),
        dict(pose_mm=np.zeros((25, 17, 3))),
        dict(keypoints=np.zeros((25, 16, 2), "<f4"), pose_mm=np.zeros((25, 16, 3), "<f4")),
    ],
)
def test_maps_of_other_numbers_are_refused(tmp_path, change):
    write_maps(PEOPLE, tmp_path)
    for name, array in change.items():
        np.save(tmp_path / f"{name}.npy", array)
    told = json.loads((tmp_path / "maps.json").read_text())
    told["clips"] = ["one"] * len(change.get("lengths", told["clips"]))
    (tmp_path / "maps.json").write_text(json.dumps(told))
    with pytest.raises(InputError, match="expected torch|do not belong together"):
        read_maps(tmp_path)


@pytest.mark.parametrize(
    "change", [dict(clips=[1, 2, 3]), dict(joints=17), dict(frames_per_second="soon")]
)
def test_a_description_that_is_none_is_refused(tmp_path, change):
    write_maps(PEOPLE, tmp_path)
    told = json.loads((tmp_path / "maps.json").read_text()) | change
    (tmp_path / "maps.json").write_text(json.dumps(told))
    with pytest.raises(InputError, match="maps.json: "):
        read_maps(tmp_path)
