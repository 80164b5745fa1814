"""People in films keep their numbers; and what IDF1 and MOTA make of it when they do not."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from posebook.cameras import human36m_rig
from posebook.datasets.people import synthetic
from posebook.datasets.pictures import rendered_films
from posebook.detection import appearance, tracking
from posebook.detection.tracking import Seen, follow
from posebook.metrics.identities import identities
from posebook.skeletons import COCO_17, HOUSE

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from tracking import FAULTS, compared, seen_in

PLACES = np.random.default_rng(1).uniform(-20, 20, (17, 2))


# ------------------------------------------------------------------------------ IDF1, by hand


def scored(truth, found, alike):
    """Numbers in text: a frame a word, a letter or a digit a person, '.' for nobody."""
    truth, found = (
        [np.array([ord(c) for c in word if c != "."], int) for word in text.split()]
        for text in (truth, found)
    )
    tables = [np.array(table, float).reshape(len(t), len(f))
              for table, t, f in zip(alike, truth, found, strict=True)]  # fmt: skip
    return identities(truth, found, tables)


PERSON = [[1.0]]
BOTH = [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("truth", "found", "alike", "idf1", "mota", "switches"),
    [
        # One person, found under one number.
        ("a a a a", "1 1 1 1", [PERSON] * 4, 1.0, 1.0, 0),
        # The number changes half way: half is kept, 2 * 2 / (4 + 4); one switch.
        ("a a a a", "1 1 2 2", [PERSON] * 4, 0.5, 0.75, 1),
        # It changes in the last frame only: 2 * 3 / 8.
        ("a a a a", "1 1 1 2", [PERSON] * 4, 0.75, 0.75, 1),
        # It changes and comes back: two switches, three frames kept.
        ("a a a a", "1 2 1 1", [PERSON] * 4, 0.75, 0.5, 2),
        # Two people exchange their numbers half way: 4 of 8 kept.
        ("ab ab ab ab", "12 12 21 21", [BOTH] * 4, 0.5, 0.75, 2),
        # Missed in one frame of four: 2 * 3 / (4 + 3).
        ("a a a a", "1 1 . 1", [PERSON, PERSON, [[]], PERSON], 6 / 7, 0.75, 0),
        # Somebody who is nobody, beside the person: 2 * 2 / (2 + 4).
        ("a a", "12 12", [[[1.0, 0.0]]] * 2, 4 / 6, 0.0, 0),
        # Found, but not near enough.
        ("a a", "1 1", [[[0.49]]] * 2, 0.0, -1.0, 0),
        ("a a", "1 1", [[[0.5]]] * 2, 1.0, 1.0, 0),
        # One number for two people, one after the other: only one of them keeps it.
        ("a a b b b", "1 1 1 1 1", [PERSON] * 5, 0.6, 1.0, 0),
        # Nobody there, nobody found; and nobody found of somebody.
        (". .", ". .", [[], []], 1.0, 1.0, 0),
        ("a a", ". .", [[[]], [[]]], 0.0, 0.0, 0),
    ],
)
def test_idf1_and_mota_by_hand(truth, found, alike, idf1, mota, switches):
    result = scored(truth, found, alike)
    assert result.idf1 == pytest.approx(idf1) and result.mota == pytest.approx(mota)
    assert result.switches == switches


def test_a_negative_number_is_nobody():
    one = identities([np.array([7])], [np.array([-1, 3])], [np.array([[1.0, 1.0]])])
    assert (one.found, one.kept, one.false) == (1, 1, 0)


# ------------------------------------------------------------------------------ following


def moving(*tracks, frames=20, noise=0.5, looks=None):
    """Seen frames of people in straight lines: (start, step) px each; their order changes."""
    random = np.random.default_rng(0)
    made, who = [], []
    for t in range(frames):
        order = random.permutation(len(tracks))
        points = [PLACES + np.array(tracks[k][0]) + t * np.array(tracks[k][1]) for k in order]
        points = np.array(points) + random.normal(0, noise, (len(order), 17, 2))
        worn = np.full((len(order), appearance.LENGTH), np.nan)
        if looks is not None:
            worn = looks[order]
        made.append(Seen(points, np.full((len(order), 17), 0.9), worn))
        who.append(order)
    return made, who


def worn(*bins):
    """Looks of which each row has one bin."""
    made = np.zeros((len(bins), appearance.LENGTH // appearance.BINS, appearance.BINS))
    made[np.arange(len(bins)), :, list(bins)] = 1
    return made.reshape(len(bins), -1)


def steady(numbers, who):
    """Whether each person has one number, and each number one person."""
    pairs = {(int(n), int(k)) for some, each in zip(numbers, who, strict=True)
             for n, k in zip(some, each, strict=True) if n >= 0}  # fmt: skip
    return len(pairs) == len({n for n, _ in pairs}) == len({k for _, k in pairs})


@pytest.mark.parametrize("looks", [None, worn(1, 6)])
def test_two_who_cross(looks):
    frames, who = moving(((0, 0), (9, 0)), ((170, 2), (-9, 0)), looks=looks)
    assert steady(follow(frames, 25), who)


def test_two_who_meet_and_turn_round_are_told_apart_by_what_they_wear():
    """By motion alone they would seem to walk on."""
    frames, who = moving(((0, 0), (10, 0)), ((100, 0), (-10, 0)), frames=6, looks=worn(1, 6))
    back, after = moving(((50, 0), (-10, 0)), ((50, 0), (10, 0)), frames=6, looks=worn(1, 6))
    frames, who = frames + back[1:], who + after[1:]
    assert steady(follow(frames, 12), who)
    assert not steady(follow(frames, 12, looks=False), who)


def test_two_in_the_same_clothes_are_told_apart_by_their_motion():
    frames, who = moving(((0, 0), (9, 0)), ((170, 2), (-9, 0)), looks=worn(3, 3))
    assert steady(follow(frames, 25), who)
    assert not steady(follow(frames, 25, motion=False), who)


@pytest.mark.parametrize(("away", "same"), [(8, True), (40, True), (130, False)])
def test_somebody_who_leaves_and_comes_back(away, same):
    """Known again by what they wear, until they were away for longer than a minute."""
    before, _ = moving(((0, 0), (4, 0)), frames=10, looks=worn(3))
    after, _ = moving(((300, 40), (-4, 0)), frames=10, looks=worn(3))
    other, _ = moving(((300, 40), (-4, 0)), frames=10, looks=worn(6))
    nobody = Seen(np.zeros((0, 17, 2)), np.zeros((0, 17)), np.zeros((0, appearance.LENGTH)))
    numbers = follow(before + [nobody] * away + after, 2)
    assert (numbers[0][0] == numbers[-1][0]) == same
    numbers = follow(before + [nobody] * away + other, 2)
    assert numbers[0][0] != numbers[-1][0]


def test_a_short_gap_needs_no_looks():
    frames, who = moving(((0, 0), (4, 0)), frames=30)
    for t in (5, 6, 7, 8, 9, 10, 20):
        frames[t] = Seen(frames[t].points_px[:0], frames[t].scores[:0], frames[t].looks[:0])
        who[t] = who[t][:0]
    assert steady(follow(frames, 25), who)


def test_somebody_found_twice_is_taken_once():
    frames, _ = moving(((0, 0), (4, 0)), frames=12)
    twice, _ = moving(((1, 1), (4, 0)), frames=12, noise=1.0)
    both = [Seen(np.concatenate([a.points_px, b.points_px]),
                 np.concatenate([a.scores, b.scores - 0.2]), np.concatenate([a.looks, b.looks]))
            for a, b in zip(frames, twice, strict=True)]  # fmt: skip
    assert all(numbers.tolist() == [0, -1] for numbers in follow(both, 25))


def test_somebody_found_twice_with_other_legs_is_nobody_new():
    """The second answer is too unlike to be left out at once; it makes no track of its own."""
    frames, _ = moving(((0, 0), (4, 0)), frames=12)
    twice, _ = moving(((2, 2), (4, 0)), frames=12, noise=2.0)
    both = []
    for one, other in zip(frames, twice, strict=True):
        points = other.points_px.copy()
        points[:, -8:] += 90
        both.append(Seen(np.concatenate([one.points_px, points]),
                         np.concatenate([one.scores, other.scores - 0.2]),
                         np.concatenate([one.looks, other.looks])))  # fmt: skip
    assert all(numbers.tolist() == [0, -1] for numbers in follow(both, 25))


def test_a_slip_of_the_detector_is_nobody():
    frames, _ = moving(((0, 0), (4, 0)), frames=12)
    slip = frames[5].points_px + 400
    frames[5] = Seen(np.concatenate([frames[5].points_px, slip]), np.full((2, 17), 0.9),
                     np.full((2, appearance.LENGTH), np.nan))  # fmt: skip
    numbers = follow(frames, 25)
    assert numbers[5].tolist() == [0, -1] and all(n[0] == 0 for n in numbers)


def test_joints_that_are_missing_break_no_track():
    frames, who = moving(((0, 0), (5, 0)), ((150, 10), (-5, 0)), frames=25)
    random = np.random.default_rng(3)
    for seen in frames:
        seen.points_px[random.random(seen.points_px.shape[:2]) < 0.4] = np.nan
    assert steady(follow(frames, 25), who)


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_hardly_a_film(frames):
    made, _ = moving(((0, 0), (4, 0)), frames=frames)
    assert [numbers.tolist() for numbers in follow(made, 25)] == [[0]] * frames


# ------------------------------------------------------------------------------ appearance


def dressed(shirt, trousers):
    """A picture of somebody in two colours, and their key points."""
    picture = np.full((60, 40, 3), 128, np.uint8)
    picture[10:32, 10:30], picture[32:58, 10:30] = shirt, trousers
    place = {"shoulder": 12, "hip": 30, "knee": 43, "foot": 55}
    points = np.full((17, 2), 20.0)
    for j, name in enumerate(COCO_17.joints):
        side, _, part = name.partition("_")
        if part in place:
            points[j] = 14 if side == "left" else 26, place[part]
    return picture, points[None], np.full((1, 17), 0.9)


def looks_of(shirt, trousers, **changed):
    picture, points, scores = dressed(shirt, trousers)
    scores[:, [j for j, name in enumerate(COCO_17.joints) if name in changed]] = 0.1
    return appearance.looks(picture, points, scores, COCO_17)


def test_what_people_wear():
    red, blue, dark = (200, 40, 40), (40, 60, 200), (50, 50, 55)
    one = looks_of(red, blue)[0]
    assert appearance.unlike(one, looks_of(red, blue))[0] == pytest.approx(0, abs=1e-3)
    light = looks_of((180, 36, 36), (36, 54, 180))
    others = np.concatenate([light, looks_of(red, dark), looks_of(blue, red), looks_of(dark, red)])
    apart = appearance.unlike(one, others)
    assert apart[0] < tracking.SAME_LOOKS < apart[1] < apart[2] and apart[3] > apart[1]


def test_a_part_that_is_not_seen_is_not_compared():
    red, blue = (200, 40, 40), (40, 60, 200)
    whole, half = looks_of(red, blue)[0], looks_of(red, red, left_hip=True)
    assert np.isnan(half[0, : appearance.LENGTH // 2]).all()
    top = looks_of(red, red, **{f"{s}_{p}": True for s in ("left", "right") for p in ("knee",)})
    assert appearance.unlike(whole, top)[0] == pytest.approx(0, abs=1e-3)
    nothing = np.full((1, appearance.LENGTH), np.nan)
    assert np.isnan(appearance.unlike(whole, nothing)).all()


# ------------------------------------------------------------------------------ rendered films


@pytest.fixture(scope="module")
def films():
    return {kind: rendered_films.rendered_film(kind, size=64) for kind in rendered_films.KINDS}


def idf1(film, faults, **how):
    frames = seen_in(film, np.random.default_rng(0), **FAULTS[faults])
    return compared(film, frames, follow(frames, film.frames_per_second, **how)).idf1


@pytest.mark.parametrize(("kind", "least"), [("crossing", 0.95), ("returns", 0.95), ("six", 0.9)])
def test_people_in_rendered_films_keep_their_numbers(films, kind, least):
    assert idf1(films[kind], "usual") >= least


def test_who_returns_is_known_by_what_they_wear(films):
    assert idf1(films["returns"], "usual", looks=False) < 0.9


def test_the_truth_of_a_film_is_that_of_its_pictures(films):
    """Where a visible shoulder of the person in dark clothes is, the wall is not."""
    film = films["crossing"]
    assert film.pictures.shape == (40, 64, 64, 3) and film.visible.shape == (40, 2, 32)
    step = np.linalg.norm(np.diff(film.keypoints_px[:, :, 0], axis=0), axis=-1)
    assert 0.6 < np.median(step) < 2  # px a frame: they walk
    hidden = film.visible[:, 1, : len(HOUSE)].mean(-1)
    assert hidden.min() < 0.3 < 0.5 < hidden[0]  # one passes behind the other
    one, other = (rendered_films.rendered_film("crossing", frames=2, size=32) for _ in range(2))
    assert (one.pictures == other.pictures).all()
    assert (one.keypoints_px == other.keypoints_px).all()


def test_people_of_a_film_do_as_they_are_told_before_the_camera_that_is_given():
    motion = synthetic.motions("synthetic", subjects=["S1"], frames=2)[0].world_mm
    eye = human36m_rig("S1")[0]
    eye = replace(eye, focal_px=eye.focal_px * 32 / 1000, centre_px=torch.tensor([16.0, 16.0]),
                  size_px=(32, 32), radial=torch.zeros(3), tangential=torch.zeros(2))  # fmt: skip
    world = torch.stack([motion, motion + torch.tensor([1000.0, 0.0, 0.0])])
    film = rendered_films.film_of(world, eye, 32, seed=3, frames_per_second=25.0)
    assert film.pictures.shape == (2, 32, 32, 3) and film.keypoints_px.shape[:2] == (2, 2)
    assert film.frames_per_second == 25.0
    truth = eye.to_camera(world).transpose(0, 1)[:, :, 0]
    hips = torch.from_numpy(film.pose_mm[:, :, 0]).double()
    assert (hips - truth).norm(dim=-1).max() < 250  # another body, the same place
    again = eye.project(torch.from_numpy(film.pose_mm).double())
    assert torch.allclose(again, torch.from_numpy(film.keypoints_px).double(), atol=1e-2)
