"""Whether key points show a person, how else they would, and what follows from their confidence."""

from dataclasses import replace
from functools import cache

import pytest
import torch

from posebook import datasets, lifting
from posebook.datasets import detector_errors
from posebook.datasets.clips import Clip
from posebook.datasets.layouts import in_layout
from posebook.errors import InputError
from posebook.export import options
from posebook.key_points import MIN_CONFIDENCE, from_0_to_1
from posebook.lifting import continuity, plausible
from posebook.lifting.placing import height_of
from posebook.skeletons import BODY_25, COCO_17, HOUSE, SKELETONS, Skeleton, conversion

FRAMES = 45


@cache
def whole_clips() -> tuple[Clip, ...]:
    """Four clips of the test people."""
    return datasets.load("synthetic", split="test").clips[3::30]


def from_a_file(clip: Clip) -> Clip:
    """Its first frames, without what a file of key points does not say."""
    return replace(
        clip,
        keypoints_px=clip.keypoints_px[:FRAMES],
        confidence=clip.confidence[:FRAMES],
        pose_mm=None,
        camera=None,
    )


@pytest.fixture(scope="module")
def people():
    return [from_a_file(clip) for clip in whole_clips()]


@cache
def detected(skeleton: Skeleton) -> list[Clip]:
    """What a detector gives for the same people, in another joint set."""
    seen = [clip if skeleton is HOUSE else in_layout(clip, skeleton) for clip in whole_clips()]
    return [from_a_file(clip) for clip in detector_errors.detect_all(seen, 0)]


# ----------------------------------------------------------------------------- is it a person?


@pytest.mark.parametrize("skeleton", [HOUSE, COCO_17, BODY_25], ids=lambda s: s.name)
def test_sound_clips_are_taken_as_they_are(people, skeleton):
    for clip in [*detected(skeleton), *(people if skeleton is HOUSE else ())]:
        same, notes = plausible.as_person(clip)
        assert same is clip and not notes, clip.name


#: PoseTrack's set is COCO's but for two joints of the head: no body tells them apart.
ALIKE = ("posetrack_17",)


@pytest.mark.parametrize(
    "other", [s.name for s in SKELETONS.values() if len(s) == 17 and s.name not in ALIKE]
)
def test_joints_in_another_order_are_recognised(other):
    """Key points of one set, called those of another with as many joints."""
    given = SKELETONS[other]
    if given is HOUSE:
        clips, right = [replace(clip, skeleton=COCO_17) for clip in detected(HOUSE)], HOUSE
    else:
        clips, right = (
            [replace(clip, skeleton=given) for clip in detected(COCO_17)],
            COCO_17,
        )
    for clip in clips:
        found, notes = plausible.as_person(clip)
        if given is COCO_17:
            assert found is clip
            continue
        assert found.skeleton == right, clip.name
        assert right.name in notes[0].text and "--layout" in notes[0].text


@pytest.mark.parametrize("limb", ["legs", "arms"])
def test_limbs_with_their_sides_exchanged_are_put_right(people, limb):
    parts = plausible._LIMBS[limb]
    put_right = 0
    for clip in people:
        found, notes = plausible.as_person(plausible.exchanged(clip, parts))
        put_right += torch.equal(found.keypoints_px, clip.keypoints_px)
        assert notes[0].kind == "sides" and limb in notes[0].text, clip.name
        assert "left so" in notes[0].text or torch.equal(found.keypoints_px, clip.keypoints_px)
    assert put_right >= 2


def test_people_upside_down_are_told_and_not_turned(people):
    """Half a turn: a handstand. y mirrored: a file that counts y upwards."""
    told = 0
    for clip in people:
        width, height = clip.size_px
        size = torch.tensor([width, height]).to(clip.keypoints_px)
        handstand = replace(clip, keypoints_px=size - clip.keypoints_px)
        found, notes = plausible.as_person(handstand)
        assert torch.equal(found.keypoints_px, handstand.keypoints_px), clip.name
        told += any("--up y" in note.text for note in notes)
        points = clip.keypoints_px * torch.tensor([1.0, -1.0]) + torch.tensor([0.0, height])
        upwards = replace(clip, keypoints_px=points)
        as_said, _ = plausible.as_person(upwards, up="y")
        assert torch.allclose(as_said.keypoints_px, clip.keypoints_px, atol=1e-3)
        assert not plausible.as_person(upwards, up="-y")[1]
    assert told >= len(people) - 1


def test_a_few_frames_may_show_anything(people):
    clip = people[0]
    few = replace(clip, keypoints_px=clip.keypoints_px[:4], confidence=clip.confidence[:4])
    crossed = plausible.exchanged(few, plausible._LIMBS["legs"])
    found, notes = plausible.as_person(crossed)
    assert found is crossed and not [note for note in notes if note.kind == "sides"]


# --------------------------------------------------------------------------------- frames in a row


def test_sides_that_change_for_some_frames_are_told(people):
    for clip in people:
        rate = clip.frames_per_second
        assert continuity.changes_of_side(clip.keypoints_px, clip.skeleton, rate) == []
        points = clip.keypoints_px.clone()
        order = plausible.sides_order(HOUSE, ("hip", "knee", "foot"))
        for first, last in ((10, 14), (40, 43)):
            points[first:last] = points[first:last][:, order]
        (note,) = continuity.changes_of_side(points, HOUSE, rate)
        assert "the legs 2 times, in 7 frames of 45" in note.text


def test_pictures_that_do_not_follow_each_other_are_lifted_one_by_one(people):
    stills = torch.cat([clip.keypoints_px[:1] for clip in people])
    shift = 200.0 * torch.randn(len(stills), 1, 2, generator=torch.Generator().manual_seed(0))
    clip = replace(people[0], keypoints_px=stills + shift, confidence=people[0].confidence[:4])
    apart, (note,) = continuity.as_stills(clip)
    assert f"{len(people)} separate pictures" in note.text and apart.frames_per_second == 1
    lifter = lifting.default_for(apart)
    alone = replace(apart, keypoints_px=apart.keypoints_px[2:3], confidence=apart.confidence[2:3])
    together, single = lifter.lift(apart), lifter.lift(alone)
    assert torch.allclose(together.pose_mm[2], single.pose_mm[0], atol=0.1)
    assert torch.allclose(together.root_mm[2], single.root_mm[0], atol=1)
    assert all(continuity.as_stills(clip)[0] is clip for clip in people)


# -------------------------------------------------------------------------------------- confidence


@pytest.mark.parametrize(
    ("given", "expected", "words"),
    [
        ([0, 0.3, 0.9, 1], [0, 0.3, 0.9, 1], ""),
        ([0, 0, 0, 0], [0, 0, 0, 0], ""),
        ([0, 1, 1, 1], [0, 1, 1, 1], ""),
        ([0, 1, 2, 2], [0, 0.5, 1, 1], "flags"),
        ([2, 2, 2, 2], [1, 1, 1, 1], "flags"),
        ([0.1, 0.9, 1.1, 1.2], [0.1, 0.9, 1, 1], "2 are over 1"),
        ([0, 6, 88, 97], [0, 0.06, 0.88, 0.97], "percent"),
        ([0, 51, 204, 255], [0, 0.2, 0.8, 1], "255"),
        ([0.3, 4, 4, 4], [0.075, 1, 1, 1], "taken as 1"),
        ([float("nan"), -3, 0.5, float("inf")], [0, 0, 0.5, 0], ""),
    ],
)
def test_confidences_of_every_scale(given, expected, words):
    found, text = from_0_to_1(torch.tensor([given], dtype=torch.float64))
    assert found[0].tolist() == pytest.approx(expected, abs=0.006)
    assert words in text and bool(text) == bool(words)


def test_the_floor_costs_no_accuracy_on_good_detections():
    """It is better with it: what jumps away has little confidence, and is bridged or guessed."""
    test = whole_clips()
    lifter = lifting.load("simple_baseline")
    wrong = {0.0: [], MIN_CONFIDENCE: []}
    for clip, seen in zip(test, detector_errors.detect_all(test, 0), strict=True):
        truth_mm = clip.pose_mm - clip.pose_mm[:, :1]
        for least, found in wrong.items():
            pose_mm = lifter.lift(seen, min_confidence=least).pose_mm
            found.append(torch.linalg.vector_norm(pose_mm - truth_mm, dim=-1).flatten())
    without, floored = (torch.cat(found).nanmean() for found in wrong.values())
    assert floored < without


# ------------------------------------------------------------------- rules for each frame, and size


def test_a_hidden_ear_does_not_cost_the_head():
    clip = whole_clips()[0].every(10)
    truth, seen = clip.keypoints_px.double(), in_layout(clip, COCO_17)
    convert = conversion(COCO_17)
    whole, _ = convert(seen.keypoints_px.double(), seen.confidence)
    size = (truth.amax(1) - truth.amin(1)).amax(-1)
    head = HOUSE.indices("neck_nose", "head")
    for hidden in (
        ["left_ear"],
        ["right_ear"],
        ["left_ear", "left_eye"],
        ["left_ear", "right_ear"],
        ["nose", "left_eye", "right_eye"],
        ["nose", "left_eye", "left_ear"],
    ):
        confidence = seen.confidence.clone()
        confidence[::2, COCO_17.indices(*hidden)] = 0
        points, sure, rule = convert.with_rules(seen.keypoints_px.double(), confidence)
        assert (sure > 0).all()
        assert torch.equal(points[1::2], whole[1::2]) and (rule[1::2] == 0).all()
        apart = torch.linalg.vector_norm(points - truth, dim=-1)[:, head] / size[:, None]
        assert apart.mean() < 0.05, hidden


def test_a_height_scales_the_person_and_the_place(people):
    lifter = lifting.load("simple_baseline")
    average, tall = lifter.lift(people[0]), lifter.lift(people[0], height_mm=1900.0)
    assert height_of(tall.pose_mm) == pytest.approx(1900, abs=1)
    factor = 1900 / height_of(average.pose_mm)
    assert torch.allclose(tall.root_mm, factor * average.root_mm, rtol=1e-4)
    assert any("1.90 m tall" in note.text for note in tall.notes)
    assert any("--height" in note.text for note in average.notes)


@pytest.mark.parametrize(
    ("check", "given", "words"),
    [
        (options.height_mm, "182", "centimetres; expected metres: 1.82"),
        (options.height_mm, "1820", "millimetres; expected metres: 1.82"),
        (options.height_mm, "0.1", "0.4 to 2.8"),
        (options.height_mm, "tall", "finite number"),
        (options.height_mm, "nan", "finite number"),
        (options.confidence, "30", "expected 0 to 1"),
        (options.confidence, "-0.1", "expected 0 to 1"),
        (options.joint_names, "left_knee", "left_knee=NAME"),
        (options.up_of_key_points, "z", "y where a picture's y is counted upwards"),
    ],
)
def test_options_that_make_no_sense_get_a_line(check, given, words):
    with pytest.raises(InputError, match=words.replace("'", ".")):
        check(given)


def test_options_that_make_sense():
    assert options.height_mm(None) is None
    assert options.height_mm("1,82 m") == options.height_mm(1.82) == pytest.approx(1820)
    assert options.confidence(None) == MIN_CONFIDENCE and options.confidence("0") == 0
    assert options.joint_names("hip=Hips, left_knee=L Shin") == dict(hip="Hips", left_knee="L Shin")
    assert options.up_of_key_points("Y") == "y"
