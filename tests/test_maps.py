"""Clips on disk for `Windows`: the batches that memory gives, with one clip in memory at a time."""

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
    with pytest.raises(InputError, match="expected a folder that write_maps finished"):
        read_maps(tmp_path)  # what is half there is not read
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_files_that_do_not_belong_together(tmp_path):
    write_maps(PEOPLE, tmp_path)
    np.save(tmp_path / "lengths.npy", np.array([13, 7]))
    with pytest.raises(InputError, match="do not belong together"):
        read_maps(tmp_path)
    (tmp_path / "maps.json").write_text("[]")
    with pytest.raises(InputError, match="names no clips"):
        read_maps(tmp_path)
