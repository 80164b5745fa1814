"""Files of other programs in their own layouts: MediaPipe, YOLO, SLEAP, DeepLabCut, TRC, ..."""

import format_writer as written
import h36m_writer
import numpy as np
import pytest
from keypoint_writer import COCO_NAMES, alphapose, coco, flat, person

from posebook import datasets
from posebook.datasets import Motion
from posebook.datasets.layouts import in_layout
from posebook.datasets.readers import joint_sets
from posebook.errors import InputError
from posebook.skeletons import (
    BODY_25B,
    COCO_17,
    HOURGLASS_16,
    HOUSE,
    MEDIAPIPE_33,
    MPII_16,
    OPENPOSE_MPI_15,
    POSETRACK_17,
    conversion,
)

WIDE = "x".join(map(str, written.SIZE))
ONE, TWO = person(6), person(6, seed=3, start=(700.0, 230.0))
FRAMES = [[str(n)] for n in range(6)]
PICTURES = [["labeled-data", "clip", f"img{n:03d}.png"] for n in range(6)]


def holds(clip, people: np.ndarray, *, scores: bool = True) -> bool:
    """Whether COCO's joints of the clip are these people's."""
    found = [clip.skeleton.index(joint) for joint in COCO_17.joints]
    near = np.allclose(clip.keypoints_px[:, found].numpy(), people[..., :2], atol=0.02)
    trust = people[..., 2] if scores else np.ones(people.shape[:2])
    return (
        len(clip) == len(people)
        and near
        and np.allclose(clip.confidence[:, found].numpy(), trust, atol=1e-3)
    )


@pytest.mark.parametrize("form", written.mediapipe_json(ONE))
def test_mediapipe_as_json(tmp_path, form):
    path = written.dump(tmp_path / "pose.json", written.mediapipe_json(ONE)[form])
    (clip,) = datasets.read_any(path, size=WIDE)
    assert clip.skeleton == MEDIAPIPE_33
    silent = form in ("without visibility", "x and y alone", "lists of three")
    assert holds(clip, ONE, scores=not silent)
    assert conversion(clip.skeleton, HOUSE).absent == ()
    if form == "in an object":
        assert (clip.frames_per_second, clip.size_px) == (30.0, written.SIZE)


@pytest.mark.parametrize("form", written.mediapipe_csv(ONE))
def test_mediapipe_as_a_table(tmp_path, form):
    (tmp_path / "pose.csv").write_text(written.mediapipe_csv(ONE)[form])
    (clip,) = datasets.read_any(tmp_path / "pose.csv", size=WIDE)
    assert clip.skeleton == MEDIAPIPE_33 and holds(clip, ONE, scores=form != "bare, x and y")


def test_landmarks_in_metres_are_positions(tmp_path):
    """MediaPipe's world landmarks: about the hips in all three axes."""
    names = [joint.replace("_foot", "_ankle") for joint in HOUSE.joints]
    relative = h36m_writer.person(6) - h36m_writer.person(6)[:, :1]
    table = relative[..., (0, 2, 1)] * (1, -1, 1)  # y down
    titles = [f"{name}_{axis}" for name in names for axis in ("x", "y", "z")]
    rows = [",".join(titles)] + [",".join(map(str, row.reshape(-1))) for row in table]
    (tmp_path / "world.csv").write_text("\n".join(rows))
    (motion,) = datasets.read_any(tmp_path / "world.csv")
    assert isinstance(motion, Motion)
    assert np.allclose(motion.world_mm.numpy(), 1000 * relative, atol=0.1)


@pytest.mark.parametrize("how", [{}, {"scores": False}, {"conf": True}, {"track": 3}])
def test_a_yolo_label_of_one_picture(tmp_path, how):
    (tmp_path / "picture.txt").write_text(written.yolo(ONE[0], **how) + "\n")
    (clip,) = datasets.read_any(tmp_path / "picture.txt", size=WIDE)
    assert clip.skeleton == COCO_17 and holds(clip, ONE[:1], scores="scores" not in how)


def test_a_folder_of_yolo_labels_holds_people_in_frames(tmp_path):
    folder = written.yolo_folder(tmp_path / "labels", [ONE, TWO])
    (folder / "clip_4.txt").write_text("")  # nobody found
    (folder / "classes.txt").write_text("person\n")
    clips = datasets.read_any(folder, size=WIDE, person="all")
    assert [len(clip) for clip in clips] == [6, 6] and {clip.name for clip in clips} == {
        "clip/person 1", "clip/person 2"
    }  # fmt: skip
    kept = [0, 1, 2, 4, 5]
    first = min(clips, key=lambda clip: float(clip.keypoints_px[0, 0, 0]))
    assert np.allclose(first.keypoints_px[kept].numpy(), ONE[kept, :, :2], atol=0.02)
    assert first.keypoints_px[3].isnan().all()


def test_ultralytics_and_its_track_numbers(tmp_path):
    path = written.dump(tmp_path / "yolo.json", written.ultralytics([ONE, TWO]))
    clips = datasets.read_any(path, person="all")
    assert {holds(clip, ONE) for clip in clips} == {True, False}
    (single,) = datasets.read_any(written.dump(tmp_path / "a.json", written.ultralytics([ONE])[0]))
    assert holds(single, ONE[:1])


@pytest.mark.parametrize("tracks", [True, False])
def test_sleap_as_a_table(tmp_path, tracks):
    (tmp_path / "a.csv").write_text(written.sleap_csv([ONE, TWO], tracks))
    clips = datasets.read_any(tmp_path / "a.csv", person="all")
    assert sorted(holds(clip, ONE) for clip in clips) == [False, True]
    if tracks:
        (second,) = datasets.read_any(tmp_path / "a.csv", person="mouse_1")
        assert holds(second, TWO)
        with pytest.raises(InputError, match="expected 1 to 2, 'mouse_"):
            datasets.read_any(tmp_path / "a.csv", person="rat")


@pytest.mark.parametrize("people", [[ONE], [ONE, TWO]], ids=["one", "two"])
def test_sleap_as_hdf5(tmp_path, people):
    path = written.sleap_h5(tmp_path / "clip.analysis.h5", people)
    clips = datasets.read_any(path, person="all")
    assert len(clips) == len(people)
    assert sum(holds(clip, ONE) for clip in clips) == 1


@pytest.mark.parametrize("index", [FRAMES, PICTURES, [["/".join(row)] for row in PICTURES]],
                         ids=["frames", "three columns", "paths"])  # fmt: skip
@pytest.mark.parametrize("people", [[ONE], [ONE, TWO]], ids=["one", "two"])
@pytest.mark.parametrize("scores", [True, False])
def test_deeplabcut_as_a_table(tmp_path, index, people, scores):
    (tmp_path / "a.csv").write_text(written.dlc_csv(people, index=index, scores=scores))
    clips = datasets.read_any(tmp_path / "a.csv", person="all")
    assert len(clips) == len(people)
    assert sum(holds(clip, ONE, scores=scores) for clip in clips) == 1


def test_deeplabcut_with_a_first_row_that_is_empty(tmp_path):
    lost = ONE.copy()
    lost[0] = np.nan
    (tmp_path / "a.csv").write_text(written.dlc_csv([lost], index=PICTURES, scores=False))
    (clip,) = datasets.read_any(tmp_path / "a.csv")
    assert np.allclose(clip.keypoints_px[-5:].numpy(), ONE[1:, :, :2], atol=0.01)


@pytest.mark.parametrize("people", [[ONE], [ONE, TWO]], ids=["one", "two"])
def test_deeplabcut_as_hdf5(tmp_path, people):
    clips = datasets.read_any(written.dlc_h5_table(tmp_path / "a.h5", people), person="all")
    assert len(clips) == len(people) and sum(holds(clip, ONE) for clip in clips) == 1
    (clip,) = datasets.read_any(written.dlc_h5_fixed(tmp_path / "b.h5", ONE, PICTURES))
    assert holds(clip, ONE, scores=False)


def test_an_hdf5_file_of_something_else_hears_how_to_convert_it(tmp_path):
    import h5py

    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["weights"] = np.zeros(3)
    with pytest.raises(InputError, match="holds weights; expected DeepLabCut's.*export CSV"):
        datasets.read_any(tmp_path / "a.h5")


POSE2SIM = {"right_hip": "RHip", "right_knee": "RKnee", "right_foot": "RAnkle", "left_hip": "LHip",
            "left_knee": "LKnee", "left_foot": "LAnkle", "thorax": "Neck", "head": "Head",
            "neck_nose": "Nose", "right_shoulder": "RShoulder", "right_elbow": "RElbow",
            "right_wrist": "RWrist", "left_shoulder": "LShoulder", "left_elbow": "LElbow",
            "left_wrist": "LWrist"}  # fmt: skip


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_trc(tmp_path, end):
    world = 1000 * h36m_writer.person(6).astype(np.float64)
    places = HOUSE.indices(*POSE2SIM)
    text = written.trc(world[:, places], list(POSE2SIM.values()), end)
    (tmp_path / "a.trc").write_bytes(text.encode())
    (motion,) = datasets.read_any(tmp_path / "a.trc")
    assert motion.frames_per_second == 60 and motion.skeleton.joints[0] == "right_hip"
    up = motion.world_mm[..., 2].numpy()
    assert np.allclose(up, world[:, places, 2], atol=0.1)
    with pytest.raises(InputError, match="at least three that are known"):
        (tmp_path / "b.trc").write_text(written.trc(world[:, places], [f"M{n}" for n in range(15)]))
        datasets.read_any(tmp_path / "b.trc")
    cut = (tmp_path / "a.trc").read_text().rstrip()
    (tmp_path / "a.trc").write_text(cut[: cut.rindex("\t")])  # its last number is missing
    (short,) = datasets.read_any(tmp_path / "a.trc")
    assert len(short) == 6 and short.world_mm[-1, -1].isnan().all()
    names = {ours: f"M{n}" for n, ours in enumerate(POSE2SIM)}
    (motion,) = datasets.read_any(tmp_path / "b.trc", names=names)
    assert np.allclose(motion.world_mm[..., 2].numpy(), up, atol=0.1)


def test_c3d_says_what_it_needs_or_is_read(tmp_path):
    from importlib.util import find_spec

    if find_spec("ezc3d") is None:
        head = bytearray(2048)
        head[:2], head[512:516] = b"\x02\x50", b"\x01\x50\x02\x54"
        (tmp_path / "a.c3d").write_bytes(head)
        with pytest.raises(InputError, match="C3D.*pip install ezc3d.*TRC or BVH"):
            datasets.read_any(tmp_path / "a.c3d")
        return
    import ezc3d

    world = 1000 * h36m_writer.person(6).astype(np.float64)
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [50]
    file["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    file["parameters"]["POINT"]["LABELS"]["value"] = tuple(f"Bob:{j}" for j in HOUSE.joints)
    points = np.concatenate([world, np.ones((6, 17, 1))], -1).transpose(2, 1, 0)
    file["data"]["points"] = points
    file.write(str(tmp_path / "a.c3d"))
    (motion,) = datasets.read_any(tmp_path / "a.c3d")
    assert motion.skeleton == HOUSE and motion.frames_per_second == 50
    assert np.allclose(motion.world_mm.numpy(), world, atol=0.5)


def test_halpe_and_whole_body_by_name_and_by_count(tmp_path):
    many = np.concatenate([ONE, person(6, 9)], 1)
    names = [*COCO_NAMES, "head", "neck", "hip", *(f"toe_{n}" for n in range(6))]
    content = coco([(f"a_{n}.jpg", [one]) for n, one in enumerate(many)], names)
    for one in content["annotations"]:
        one["keypoints"][2::3] = [2] * 26
    (clip,) = datasets.read_any(written.dump(tmp_path / "a.json", content))
    assert clip.skeleton == COCO_17 and holds(clip, ONE, scores=False)
    body = np.concatenate([ONE, np.tile(ONE[:, :1], (1, 116, 1))], 1)
    frames = {f"{n}.jpg": [one] for n, one in enumerate(body)}
    (clip,) = datasets.read_any(written.dump(tmp_path / "b.json", alphapose(frames)))
    assert clip.skeleton == COCO_17 and holds(clip, ONE)


def test_poseflow(tmp_path):
    tracked = {
        f"images/clip/{n:08d}.jpg": [
            {"score": 8.4, "keypoints": flat(one[n]), "idx": who + 1}
            for who, one in enumerate((ONE, TWO)) if n != 2
        ]
        for n in range(6)
    }  # fmt: skip
    (clip, other) = datasets.read_any(written.dump(tmp_path / "t.json", tracked), person="all")
    assert len(clip) == len(other) == 6 and (clip.confidence[2] == 0).all()


def test_joint_sets_of_one_count_are_told_by_their_bones(tmp_path):
    own = np.concatenate([ONE, ONE[:, [5, 0, 15, 15, 15, 16, 16, 16]]], 1)
    np.save(tmp_path / "a.npy", own)
    (clip,) = datasets.read_any(tmp_path / "a.npy")
    assert clip.skeleton == BODY_25B
    shape = ONE[:, [0, 5, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15]]
    chest = (shape[:, [1]] + shape[:, [8]]) / 2
    np.save(tmp_path / "b.npy", np.concatenate([shape, chest], 1))
    assert datasets.read_any(tmp_path / "b.npy")[0].skeleton == OPENPOSE_MPI_15


@pytest.mark.parametrize("layout", [MPII_16, HOURGLASS_16, COCO_17, POSETRACK_17, HOUSE],
                         ids=lambda layout: layout.name)  # fmt: skip
def test_near_twins_are_told_apart(layout):
    for clip in datasets.load("synthetic", split="test").clips[::9]:
        points = in_layout(clip, layout).keypoints_px[:12]
        assert joint_sets.of_count(len(layout), "a test", None, points.numpy())[0] == layout


def results_of(keys: list, scales: list[float], identity: bool = False) -> list:
    """COCO's results: somebody in each picture, larger or smaller, here or there."""
    entries = []
    for number, (key, scale) in enumerate(zip(keys, scales, strict=True)):
        points = person(1, seed=number, start=(300.0 + 150 * (number % 2), 200.0))[0]
        points[:, :2] *= scale
        entries.append({"image_id": key, "category_id": 1, "keypoints": flat(points), "score": 0.9})
        if identity:
            entries[-1]["track_id"] = 5
    return entries


@pytest.mark.parametrize(
    ("keys", "scales", "identity", "clips"),
    [
        ([139, 785, 872, 885], [1.0, 2.5, 0.5, 1.7], False, 4),
        (["a.jpg", "kitchen.jpg", "b7.jpg", "zoo.png"], [1.0, 2.5, 0.5, 1.7], False, 4),
        ([1, 2, 3, 4], [1.0, 2.5, 0.5, 1.7], False, 4),
        ([139, 785, 872, 885], [1.0, 2.5, 0.5, 1.7], True, 1),  # the file says who is who
        ([1, 2, 3, 4], [1.0, 1.01, 1.02, 1.03], False, 1),
        ([0, 500, 1000, 1500], [1.0, 1.01, 1.02, 1.03], False, 1),
    ],
)
def test_unrelated_pictures_are_no_film(tmp_path, keys, scales, identity, clips):
    path = written.dump(tmp_path / "results.json", results_of(keys, scales, identity))
    found = datasets.read_any(path)
    assert len(found) == clips
    assert [len(clip) for clip in found] == ([1] * clips if clips > 1 else [4])
    said = all("unrelated pictures, not a film" in clip.notes[0] for clip in found)
    assert said == (clips > 1)


def test_numbers_that_repeat_or_never_come_back_are_not_believed(tmp_path):
    frames = {f"{n}.jpg": [one, two] for n, (one, two) in enumerate(zip(ONE, TWO, strict=True))}
    entries = alphapose(frames, numbers=False)
    for entry in entries:
        entry["idx"] = [0.0]
    (clip,) = datasets.read_any(written.dump(tmp_path / "a.json", entries))
    assert any("repeat within 6 frames: they are not believed" in note for note in clip.notes)
    assert any("person 2 left out" in note for note in clip.notes)
    for number, entry in enumerate(entries):
        entry["idx"] = number
    clips = datasets.read_any(written.dump(tmp_path / "a.json", entries), person="all")
    assert len(clips) == 2 and any("never used twice" in note for note in clips[0].notes)


def test_two_people_in_a_photograph_are_not_followed(tmp_path):
    entries = alphapose({"a.jpg": [ONE[0], TWO[0]]}, numbers=False)
    (clip,) = datasets.read_any(written.dump(tmp_path / "a.json", entries))
    assert any(note.startswith("2 people in the picture: took") for note in clip.notes)
