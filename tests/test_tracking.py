"""Who is who from frame to frame: crossings, gaps, order of the people, and what is said."""

import numpy as np
import pytest
from keypoint_writer import lose, openpose, person

from posebook import datasets
from posebook.datasets.readers import tracking
from posebook.errors import InputError


def found_of(frames: list[list[np.ndarray]], identities=None) -> tracking.Found:
    rows = [(n, one) for n, people in enumerate(frames) for one in people]
    points = np.array([one[:, :2] for _, one in rows])
    confidence = np.array([one[:, 2] for _, one in rows])
    points[confidence == 0] = np.nan
    return tracking.Found(
        np.array([n for n, _ in rows]),
        points,
        confidence,
        np.full(len(rows), -1) if identities is None else np.array(identities),
        len(frames),
    )


def follows(found: tracking.Found, track: np.ndarray, truth: np.ndarray) -> float:
    """The share of a track's people that are this person."""
    points = found.points_px[track]
    away = np.nanmax(np.abs(points - truth[found.frame[track], :, :2]), axis=(1, 2))
    return float((away < 0.01).mean())


def shuffled(*people: np.ndarray, seed: int = 0) -> list[list[np.ndarray]]:
    """Each frame lists the people in another order."""
    rng = np.random.default_rng(seed)
    return [[people[i][n] for i in rng.permutation(len(people))] for n in range(len(people[0]))]


def test_two_people_who_cross():
    one = person(120, step=(4, 0), start=(100, 200))
    two = person(120, step=(-4, 0), start=(600, 215), seed=3)
    found = found_of(shuffled(one, two))
    tracks = tracking.tracks(found)
    assert len(tracks) == 2
    shares = sorted((follows(found, track, one) for track in tracks), reverse=True)
    assert shares == [1.0, 0.0]


def test_a_third_of_the_joints_missing_does_not_break_a_track():
    one = lose(person(100, 25, step=(3, 0)), 0.35)
    two = lose(person(100, 25, step=(-3, 0), start=(700, 220), seed=4), 0.35, seed=9)
    found = found_of(shuffled(one, two))
    tracks = tracking.tracks(found)
    assert [len(track) for track in tracks] == [100, 100]
    assert {follows(found, track, one) for track in tracks} == {0.0, 1.0}


def test_a_person_who_is_lost_for_a_while_is_the_same_afterwards():
    one, two = person(100), person(100, start=(800, 200), seed=2)
    frames = [
        [p for p, there in ((one[n], not 40 <= n < 60), (two[n], True)) if there]
        for n in range(100)
    ]
    found = found_of(frames)
    tracks = tracking.tracks(found)
    assert sorted(len(track) for track in tracks) == [80, 100]


def test_one_person_a_frame_who_jumps_is_two_people():
    far = person(50, start=(3000, 200))
    frames = [[person(50)[n] if n < 30 else far[n]] for n in range(50)]
    assert [len(track) for track in tracking.tracks(found_of(frames))] == [30, 20]


def test_the_detectors_own_numbers_come_first():
    one, two = person(10), person(10, start=(320, 200), seed=2)
    frames = shuffled(one, two)
    own = [1 if np.array_equal(p, one[n]) else 2 for n, people in enumerate(frames) for p in people]
    found = found_of(frames, own)
    tracks = tracking.tracks(found)
    assert {follows(found, track, one) for track in tracks} == {0.0, 1.0}


def test_the_most_prominent_is_taken_and_it_is_said(tmp_path):
    main = lose(person(60, 25, step=(0.5, 0)), 0.3)
    passing = 0.6 * person(60, 25, start=(0, 250), step=(9, 0), seed=7)
    passing[..., 2] = 0.9
    frames = {
        n: ([passing[n]] if 15 <= n < 45 else []) + ([main[n]] if n != 20 else [])
        for n in range(60)
    }
    openpose(tmp_path, frames)
    (clip,) = datasets.read_keypoints(tmp_path)
    seen = main[..., 2] > 0
    seen[20] = False
    assert np.allclose(clip.keypoints_px.numpy()[seen], main[..., :2][seen], atol=0.01)
    assert (clip.confidence[20] == 0).all()  # not the other one in their place
    assert any(n.startswith("2 people") and "59, 30 frames" in n for n in clip.notes), clip.notes

    (other,) = datasets.read_keypoints(tmp_path, person=2)
    assert int((other.confidence > 0).any(1).sum()) == 30 and len(other) == 60
    both = datasets.read_keypoints(tmp_path, person="all")
    assert [clip.name for clip in both] == ["film/person 1", "film/person 2"]
    for wrong in (0, 3, "nobody", -1, "1e9"):
        with pytest.raises(InputError, match="expected 1 to 2, or all"):
            datasets.read_keypoints(tmp_path, person=wrong)


def test_a_crowd_in_one_frame_is_no_trouble():
    crowd = [person(1, start=(30.0 * n, 100), seed=n)[0] for n in range(300)]
    assert len(tracking.tracks(found_of([crowd, crowd]))) == 200
