"""Key-point JSON of every detector: joints, missing joints, empty frames, sizes, errors."""

import json

import numpy as np
import pytest
import torch
from keypoint_writer import (
    COCO_NAMES,
    alphapose,
    coco,
    dump,
    flat,
    lose,
    mmpose,
    mmpose_frames,
    openpose,
    person,
)

from posebook import datasets, paths
from posebook.datasets.readers import joint_sets
from posebook.errors import InputError
from posebook.skeletons import BODY_25, COCO_17, HOUSE, OPENPOSE_COCO_18, conversion


def same(clip, people: np.ndarray) -> bool:
    """The clip's numbers are these; joints with confidence 0 are NaN."""
    missing = people[..., 2] == 0
    points = clip.keypoints_px.numpy()
    return (
        np.allclose(points[~missing], people[..., :2][~missing], atol=1e-2)
        and np.isnan(points[missing]).all()
        and np.allclose(clip.confidence.numpy(), people[..., 2], atol=1e-5)
    )


@pytest.mark.parametrize(("joints", "skeleton"), [(25, BODY_25), (18, OPENPOSE_COCO_18)])
def test_openpose_folder_and_file(tmp_path, joints, skeleton):
    people = lose(person(6, joints), 0.3)
    folder = openpose(tmp_path / "json", {n: [one] for n, one in enumerate(people)})
    (clip,) = datasets.read_keypoints(folder, fps=25)
    assert clip.skeleton == skeleton and same(clip, people)
    assert (clip.name, clip.frames_per_second, clip.size_px) == ("film", 25.0, None)
    assert any("joints are missing" in note for note in clip.notes)
    (single,) = datasets.read_keypoints(sorted(folder.iterdir())[2])
    assert len(single) == 1 and same(single, people[2:3])


def test_frames_that_are_missing_or_empty_stay_empty(tmp_path):
    people = person(8, 25)
    frames = {n: [one] for n, one in enumerate(people)}
    frames[3] = []  # nobody found
    del frames[5]  # no file
    (clip,) = datasets.read_keypoints(openpose(tmp_path / "json", frames))
    assert len(clip) == 8
    empty = (clip.confidence == 0).all(1)
    assert empty.tolist() == [n in (3, 5) for n in range(8)]
    assert clip.keypoints_px[empty].isnan().all()
    assert any("frame numbers between 0 and 7 are missing" in note for note in clip.notes)
    assert any("2 of 8 frames are empty" in note for note in clip.notes)


def test_several_films_in_one_folder_are_several_clips(tmp_path):
    openpose(tmp_path, {n: [one] for n, one in enumerate(person(3, 25))}, "one")
    openpose(tmp_path, {n: [one] for n, one in enumerate(person(4, 25))}, "two")
    (tmp_path / "notes.txt").write_text("not a frame")
    assert [(c.name, len(c)) for c in datasets.read_keypoints(tmp_path)] == [("one", 3), ("two", 4)]


def test_time_stamps_are_not_frame_numbers(tmp_path):
    frames = {1000 * n + 170_000_000: [one] for n, one in enumerate(person(4, 25))}
    (clip,) = datasets.read_keypoints(openpose(tmp_path, frames))
    assert len(clip) == 4 and (clip.confidence > 0).all()


def test_no_point_is_ever_at_the_origin(tmp_path):
    people = lose(person(5, 25), 0.5)
    people[2, 3] = (0, 0, 0.9)  # a place that no detector means, whatever it says
    frames = {n: [one] for n, one in enumerate(people)}
    (clip,) = datasets.read_keypoints(openpose(tmp_path, frames))
    assert not ((clip.keypoints_px == 0).all(-1)).any()
    assert clip.confidence[2, 3] == 0


@pytest.mark.parametrize("numbers", [True, False])
def test_alphapose(tmp_path, numbers):
    people = person(6)
    frames = {f"{n}.jpg": [one] for n, one in enumerate(people) if n != 4}
    path = dump(tmp_path / "alphapose-results.json", alphapose(frames, numbers))
    (clip,) = datasets.read_keypoints(path)
    assert clip.skeleton == COCO_17 and len(clip) == 6
    people[4] = 0
    assert same(clip, people)


def test_alphapose_halpe_keeps_the_17_joints_of_coco(tmp_path):
    people = person(3, 26)
    frames = {f"{n}.jpg": [one] for n, one in enumerate(people)}
    (clip,) = datasets.read_keypoints(dump(tmp_path / "a.json", alphapose(frames)))
    assert clip.skeleton == COCO_17 and same(clip, people[:, :17])
    assert any("Halpe-26" in note for note in clip.notes)


@pytest.mark.parametrize("shape", ["saved", "frames", "picture", "predictions", "bracketed"])
def test_mmpose(tmp_path, shape):
    people = person(1 if shape in ("picture", "bracketed") else 5)
    frames = [[one] for one in people]
    content = {
        "saved": mmpose(frames),
        "frames": mmpose_frames(frames),
        "predictions": {"predictions": [frame["instances"] for frame in mmpose_frames(frames)]},
        "picture": mmpose_frames(frames)[0]["instances"],
        "bracketed": [
            {
                "keypoints": [people[0][:, :2].tolist()],
                "keypoint_scores": [people[0][:, 2].tolist()],
            }
        ],
    }[shape]
    (clip,) = datasets.read_keypoints(dump(tmp_path / "m.json", content))
    assert clip.skeleton == COCO_17 and same(clip, people)


def test_mmpose_says_its_joints_by_name(tmp_path):
    names = ["root", "right_hip", "right_knee", "right_foot", "left_hip", "left_knee", "left_foot",
             "spine", "thorax", "neck_base", "head", "left_shoulder", "left_elbow", "left_wrist",
             "right_shoulder", "right_elbow", "right_wrist"]  # fmt: skip
    content = mmpose([[one] for one in person(2)], names)
    (clip,) = datasets.read_keypoints(dump(tmp_path / "m.json", content))
    assert clip.skeleton == HOUSE and not any("taken to be" in note for note in clip.notes)


def test_coco_film_and_stills(tmp_path):
    people = person(5)
    people[..., 2] = 2
    people[1, 4, 2], people[2, 3] = 1, 0
    film = coco([(f"clip/frame_{n:05d}.jpg", [one]) for n, one in enumerate(people) if n != 3])
    (clip,) = datasets.read_keypoints(dump(tmp_path / "film.json", film))
    assert len(clip) == 5 and clip.size_px == (1000, 800) and clip.name == "frame"
    assert clip.confidence[1, 4] == 0.5 and clip.confidence[0, 0] == 1  # hidden; seen
    assert clip.confidence[2, 3] == 0 and clip.keypoints_px[2, 3].isnan().all()
    assert (clip.confidence[3] == 0).all()
    stills = coco([(f"{n * 7919:012d}.jpg", [one]) for n, one in enumerate(people)])
    clips = datasets.read_keypoints(dump(tmp_path / "stills.json", stills))
    assert [len(clip) for clip in clips] == [1] * 5 and clips[1].name == "000000007919"


@pytest.mark.parametrize("name", ["", ".", "..", "/", ".jpg", "12", "a/b.tar.gz"])
def test_coco_pictures_of_odd_names(tmp_path, name):
    people = person(2)
    people[..., 2] = 2
    dump(tmp_path / "a.json", coco([(name, [one]) for one in people]))
    assert sum(len(clip) for clip in datasets.read_keypoints(tmp_path / "a.json")) == 2


def test_coco_categories_name_the_joints(tmp_path):
    people = person(2, 14)
    people[..., 2] = 2
    names = ["left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist",
             "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
             "right_ankle", "top_head", "neck"]  # fmt: skip
    content = coco([(f"{n}.jpg", [one]) for n, one in enumerate(people)], names)  # CrowdPose
    (clip,) = datasets.read_keypoints(dump(tmp_path / "c.json", content))
    assert clip.skeleton.joints[-4:] == ("left_foot", "right_foot", "head_top", "neck")
    house = conversion(clip.skeleton)
    assert house.absent == () and "left_knee" not in house.invented


def test_joints_that_nobody_knows_are_refused(tmp_path):
    one = person(1)[0].copy()
    one[:, 2] = 1.0
    content = coco([("1.jpg", [one])], [f"thing {n}" for n in range(17)])
    with pytest.raises(InputError, match=r"c\.json.*joint names.*such as left_knee"):
        datasets.read_keypoints(dump(tmp_path / "c.json", content))


def test_coco_results_are_scores(tmp_path):
    people = person(4)
    results = [
        {"image_id": n, "category_id": 1, "keypoints": flat(one), "score": 0.9}
        for n, one in enumerate(people)
    ]
    (clip,) = datasets.read_keypoints(dump(tmp_path / "r.json", results))
    assert same(clip, people)


def test_the_photographs_that_ship_with_the_book():
    clips = datasets.read_keypoints(paths.DATA / "samples" / "photographs_coco.json")
    assert [clip.name for clip in clips] == ["astronaut", "camera"]
    for clip in clips:
        assert clip.skeleton == COCO_17 and clip.size_px == (512, 512) and len(clip) == 1
        assert 0 < int((clip.confidence > 0).sum()) < 17


def test_parts_of_a_picture_need_its_size(tmp_path):
    people = person(4)
    people[..., :2] /= (1000, 800)
    frames = {n: [one] for n, one in enumerate(people)}
    folder = openpose(tmp_path, frames)
    with pytest.raises(InputError, match="say its size"):
        datasets.read_keypoints(folder, layout="coco_17")
    (clip,) = datasets.read_keypoints(folder, layout="coco", size="1000x800")
    assert torch.allclose(clip.keypoints_px[0, 0], torch.tensor([300.0, 220.0]), atol=5)
    assert any("from 0 to 1" in note for note in clip.notes)


def test_layouts_by_name_and_count():
    assert joint_sets.named("COCO") is COCO_17 and joint_sets.named("body-25") is BODY_25
    assert joint_sets.named("h36m") is HOUSE
    with pytest.raises(InputError, match="no joint set is called 'smplx'"):
        joint_sets.named("smplx")
    with pytest.raises(InputError, match="has 25 joints; layout coco_17 has 17"):
        joint_sets.of_count(25, "file", "coco_17")
    with pytest.raises(InputError, match="19 joints; expected 14"):
        joint_sets.of_count(19, "file")
    assert joint_sets.our_name("LAnkle") == "left_foot"
    assert joint_sets.our_name("Right Shoulder") == "right_shoulder"
    assert joint_sets.of_names(COCO_NAMES, 17, "x")[0] is COCO_17


GOOD = {"people": [{"pose_keypoints_2d": flat(person(1, 25)[0])}]}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "empty"),
        ("{", "not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("\x00\x01", "binary"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git-LFS"),
        ("[]", "a list of 0"),
        ("{}", "nothing"),
        ("3", "1 numbers in a row are no joint set"),
        ('{"a": 1}', "an object with a"),
        ('{"people": []}', "nobody in 1 frames"),
        ('{"people": [{"pose_keypoints_2d": []}]}', "nobody"),
        ('{"people": 3}', "an object with people"),
        ('{"people": [{"face_keypoints_2d": [1]}]}', "without pose_keypoints_2d"),
        ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', "people of 2 numbers"),
        ('{"people": [{"pose_keypoints_2d": ["a", 2, 3]}]}', "no numbers"),
        (json.dumps({"people": [{"pose_keypoints_2d": [0] * 75}]}), "nobody"),
        (json.dumps({"people": [{"pose_keypoints_2d": [None] * 75}]}), "nobody"),
        (json.dumps({"people": [{"pose_keypoints_2d": [9.0] * 30}]}), "10 joints"),
        ('{"images": [], "annotations": []}', "no annotation has keypoints"),
        ('{"annotations": []}', "nobody in 0 frames"),
        ('{"bboxes": [[1, 2, 3, 4]], "labels": [0]}', "boxes without key points"),
        ('[{"image_id": 1, "keypoints": 3}]', "key points are 3; expected a list"),
        ('{"instance_info": []}', "nobody in 0 frames"),
    ],
)
def test_one_line_says_what_is_wrong(tmp_path, content, says):
    path = tmp_path / "broken.json"
    path.write_text(content)
    with pytest.raises(InputError, match=says) as error:
        datasets.read_keypoints(path)
    assert "broken.json" in str(error.value) and "\n" not in str(error.value)


def test_a_folder_without_key_points_and_one_with_a_broken_file(tmp_path):
    with pytest.raises(InputError, match="holds no .json"):
        datasets.read_keypoints(tmp_path)
    dump(tmp_path / "a.json", GOOD)
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(InputError, match="b.json: not valid JSON"):
        datasets.read_keypoints(tmp_path)


@pytest.mark.slow
def test_ten_thousand_frames(tmp_path):
    people, other = lose(person(10_000, 25, step=(0.02, 0)), 0.2), person(10_000, 25, seed=5)
    frames = {n: [people[n], other[n]][: 1 + (3000 < n < 6000)] for n in range(10_000)}
    openpose(tmp_path, frames)
    (clip,) = datasets.read_keypoints(tmp_path)
    assert len(clip) == 10_000 and same(clip, people)
