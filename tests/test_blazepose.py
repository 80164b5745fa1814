"""BlazePose: anchors, suppression, regions, heat maps, and all of it with made-up networks.

No weights are needed: what stands between the two networks is asked on tensors made here.
"""

import pytest
import torch
from test_detection import untrained

from posebook.datasets.pictures import crops
from posebook.detection import in_films, looking
from posebook.detection.blazepose import BlazePose, landmarks, people
from posebook.detection.duplicates import different, whole
from posebook.skeletons import COCO_17


def test_anchors():
    made = people.anchors()
    assert made.shape == (2254, 2)
    counts = {8: 28 * 28 * 2, 16: 14 * 14 * 2, 32: 7 * 7 * 6}
    assert sum(counts.values()) == 2254
    assert made[0].tolist() == made[1].tolist() == pytest.approx([4 / 224, 4 / 224])
    assert made[2].tolist() == pytest.approx([12 / 224, 4 / 224]), "along a row first"
    assert made[counts[8]].tolist() == pytest.approx([8 / 224, 8 / 224])
    assert made[-6].tolist() == made[-1].tolist() == pytest.approx([208 / 224, 208 / 224])


def test_raw_numbers_become_boxes_and_points():
    raw, logits = torch.zeros(2254, 12), torch.full((2254,), -9.0)
    raw[100] = torch.tensor([2.24, 0, 44.8, 22.4, 0, 0, 0, -112, 0, 0, 0, 0])
    logits[100], logits[7] = 0.2, 200.0
    seen = people.decoded(raw, logits)
    assert seen.scores.tolist() == pytest.approx([1.0, torch.tensor(0.2).sigmoid().item()])
    x, y = people.anchors()[100].tolist()
    assert seen.boxes[1].tolist() == pytest.approx([x - 0.09, y - 0.05, x + 0.11, y + 0.05])
    assert seen.points[1, 0].tolist() == pytest.approx([x, y])
    assert seen.points[1, 1].tolist() == pytest.approx([x, y - 0.5], abs=1e-6)
    assert len(people.decoded(raw, torch.full((2254,), -9.0)).scores) == 0


def seen_of(rows) -> people.Seen:
    """Rows of score, left, top, right, bottom; all points at the box's left top corner."""
    values = torch.tensor(rows, dtype=torch.float32).reshape(-1, 5)
    points = values[:, None, 1:3].repeat(1, 4, 1)
    return people.Seen(values[:, 0], values[:, 1:], points)


@pytest.mark.parametrize(
    ("rows", "scores", "lefts"),
    [
        ([], [], []),
        ([(0.9, 0, 0, 1, 1)], [0.9], [0.0]),
        # The mean of both, weighted by their scores; the surer one's score.
        ([(0.9, 0, 0, 1, 1), (0.6, 0.5, 0, 1.5, 1)], [0.9], [0.2]),
        ([(0.9, 0, 0, 1, 1), (0.6, 2, 0, 3, 1)], [0.9, 0.6], [0.0, 2.0]),
        # 0.3 of the union or less is somebody else: here 1/4.
        ([(0.9, 0, 0, 1, 1), (0.6, 0.6, 0, 1.6, 1)], [0.9, 0.6], [0.0, 0.6]),
        # The third overlaps with the second only, which the first has taken.
        ([(0.9, 0, 0, 1, 1), (0.8, 0.4, 0, 1.4, 1), (0.5, 0.8, 0, 1.8, 1)], [0.9, 0.5],
         [0.4 * 0.8 / 1.7, 0.8]),
        ([(0.9, 0, 0, 0, 0)], [0.9], [0.0]),
    ],
)  # fmt: skip
def test_several_answers_for_one_person_become_one(rows, scores, lefts):
    merged = people.merged(seen_of(rows))
    assert merged.scores.tolist() == pytest.approx(scores)
    assert merged.boxes[:, 0].tolist() == pytest.approx(lefts)
    assert merged.points[:, 3, 0].tolist() == pytest.approx(lefts)


def test_of_several_looks_the_first_counts():
    whole = seen_of([(0.7, 0, 0, 1, 1), (0.6, 0.1, 0, 1.1, 1)])
    part = seen_of([(0.9, 0.1, 0, 1.1, 1), (0.8, 0.6, 0, 1.6, 1), (0.5, 4, 0, 5, 1)])
    both, look = people.joined([whole, part, seen_of([])])
    assert both.scores.tolist() == pytest.approx([0.7, 0.6, 0.8, 0.5])
    assert look.tolist() == [0, 0, 1, 1] and both.points[2, 0].tolist() == pytest.approx([0.6, 0])


@pytest.mark.parametrize(
    ("up", "turned"),
    [((0, -100), 0), ((100, 0), 90), ((0, 100), 180), ((-100, 0), -90), ((60, -80), 36.87)],
)
def test_a_region_stands_its_person_upright(up, turned):
    middle = torch.tensor([[300.0, 200.0]])
    extent = middle + torch.tensor([up], dtype=torch.float32)
    region = people.regions(middle, extent)
    assert abs(float(region.rotation_deg)) == pytest.approx(abs(turned), abs=0.01)
    assert float(region.side_px) == pytest.approx(250.0)
    matrix = crops.matrix(*region, landmarks.SIZE)
    both = crops.points(matrix, torch.stack([middle, extent], 1))[0]
    assert both[0].tolist() == pytest.approx([128, 128], abs=1e-3)
    assert both[1].tolist() == pytest.approx([128, 128 - 256 * 100 / 250], abs=1e-3)
    # Back again, in space as in the picture: what is up in the square is the direction given.
    world = landmarks.turned_back(torch.tensor([[[0.0, -1.0, 0.5]]]), region.rotation_deg)
    assert world[0, 0].tolist() == pytest.approx([up[0] / 100, up[1] / 100, 0.5], abs=1e-4)


def test_heat_maps_move_points_where_they_are_sure():
    maps = torch.full((1, 6, 64, 64), -20.0)
    maps[0, 0, 21, 30] = 8.0  # row, column
    maps[0, 1, 21, 30] = maps[0, 1, 21, 32] = 8.0
    maps[0, 2, 21, 30] = -0.1  # less than a half
    maps[0, 3, 21, 40] = 8.0  # beyond the window
    maps[0, 4, 21, 30] = 8.0  # the point is outside the square
    maps[0, 5, 0, 0] = 8.0
    points = torch.tensor([[[29.3, 22.9]] * 4 + [[-2.0, 22.0], [1.2, 2.4]]]) / 64
    moved = landmarks.refined(points, maps)[0] * 64
    assert moved[0].tolist() == pytest.approx([30, 21], abs=0.01)
    assert moved[1].tolist() == pytest.approx([31, 21], abs=0.01)
    for same in (2, 3, 4):
        assert moved[same].tolist() == pytest.approx((points[0, same] * 64).tolist())
    assert moved[5].tolist() == pytest.approx([0, 0], abs=0.01)


def test_parts_of_a_picture_cover_it():
    for shape in ((480, 640), (3000, 700), (1080, 1920)):
        squares = list(looking.part_squares(torch.zeros(*shape, 3, dtype=torch.uint8)))
        assert float(squares[0][1]) == max(shape)
        for side in {float(side) for _, side in squares}:
            boxes = [c[0] for c, s in squares if float(s) == side]
            for length, axis in ((shape[1], 0), (shape[0], 1)):
                middles = sorted({float(box[axis]) for box in boxes})
                assert middles[0] - side / 2 < 0.01 and middles[-1] + side / 2 > length - 0.01
                assert all(b - a <= side * 0.7 for a, b in zip(middles, middles[1:], strict=False))
    assert len(list(looking.part_squares(torch.zeros(90, 100, 3, dtype=torch.uint8)))) == 1


def test_the_same_person_twice_is_one():
    points = torch.rand(20, 2, generator=torch.Generator().manual_seed(0)) * 100
    several = torch.stack([points, points + 1.5, points + 300, points * 3])
    scores = torch.tensor([0.8, 0.9, 0.7, 0.7]).unsqueeze(-1).repeat(1, 20)
    assert different(several, scores).tolist() == [3, 1, 2], "the largest first, the surer of two"
    assert different(several, scores, torch.tensor([9.0, 1, 1, 1])).tolist() == [3, 0, 2]
    assert different(several[:0], scores[:0]).tolist() == []
    assert different(several, scores * 0.1).tolist() == [], "nobody is sure"


#: Somebody who stands, 100 px tall: x, y of the joints of COCO-17.
STANDS = torch.tensor([
    [0, 5], [2, 3], [-2, 3], [4, 5], [-4, 5], [10, 18], [-10, 18], [14, 34], [-14, 34], [15, 50],
    [-15, 50], [7, 50], [-7, 50], [7, 74], [-7, 74], [7, 98], [-7, 98],
], dtype=torch.float32)  # fmt: skip
HALF = torch.tensor([1.0] * 11 + [0.0] * 6)


@pytest.mark.parametrize(
    ("other", "scores", "shares", "kept"),
    [
        # A small person fitted into the chest, or into the legs.
        (0.4 * STANDS + torch.tensor([0.0, 15]), 1.0, (1.0, 0.6), [0]),
        (0.3 * STANDS + torch.tensor([7.0, 68]), 1.0, (1.0, 0.36), [0]),
        (0.3 * STANDS + torch.tensor([7.0, 68]), 1.0, (0.36, 1.0), [0, 1]),  # it is the small one
        (0.3 * STANDS + torch.tensor([7.0, 68]), 1.0, (1.0, 1.0), [0, 1]),  # both seen in the whole
        (0.3 * STANDS + torch.tensor([7.0, 68]), 1.0, (0.6, 0.36), [0, 1]),
        # Beside; a child in front, most of whom is not on the lines of the body.
        (0.4 * STANDS + torch.tensor([40.0, 58]), 1.0, (1.0, 0.6), [0, 1]),
        (0.6 * STANDS + torch.tensor([22.0, 40]), 1.0, (1.0, 0.6), [0, 1]),
        # Of a portrait the hips are guessed: they make a torso all the same.
        (0.4 * STANDS + torch.tensor([0.0, 15]), HALF, (1.0, 0.6), [0]),
    ],
)
def test_a_piece_of_somebody_is_nobody(other, scores, shares, kept):
    both = torch.stack([STANDS, other]) * 3 + 200
    sure = torch.stack([torch.ones(17) * scores, torch.ones(17)])
    assert whole(both, sure, torch.tensor(shares), COCO_17).tolist() == kept
    assert whole(both[:0], sure[:0], torch.zeros(0), COCO_17).tolist() == []


# ------------------------------------------------------------------------- with made-up networks

#: Where the made-up reader sees each point: in parts of the square about its middle.
PATTERN = torch.linspace(-0.3, 0.3, landmarks.ALL)


def finder(values: torch.Tensor) -> list[torch.Tensor]:
    """Sees a person of 60 px of the picture wherever a pixel is white; the hips are there."""
    raw, logits = torch.zeros(1, 2254, 12), torch.full((1, 2254, 1), -9.0)
    white = (values[0].mean(-1) > 0.9).nonzero().float() + 0.5  # (n, 2) row, column
    for row, column in white.tolist():
        middle = people.anchors() * people.SIZE
        nearest = int((middle - torch.tensor([column, row])).abs().sum(-1).argmin())
        to_hip = torch.tensor([column, row]) - middle[nearest]
        raw[0, nearest, :4] = torch.tensor([*to_hip.tolist(), 20, 20])
        raw[0, nearest, 4:6] = to_hip
        raw[0, nearest, 6:8] = to_hip - torch.tensor([0, 30])
        logits[0, nearest] = 5.0
    return [raw, logits]


def reader(values: torch.Tensor) -> list[torch.Tensor]:
    """Sees 39 points on a slanting line through the middle of the square."""
    points = torch.zeros(landmarks.ALL, 5)
    points[:, 0] = (0.5 + PATTERN) * landmarks.SIZE
    points[:, 1] = (0.5 + PATTERN / 2) * landmarks.SIZE
    points[:, 3:] = 9.0
    points[landmarks.MIDDLE, :2] = landmarks.SIZE / 2
    points[landmarks.EXTENT, :2] = torch.tensor([128.0, 128 - 256 / 2.5])
    maps = torch.full((1, 64, 64, landmarks.ALL), -20.0)
    world = torch.arange(117.0)[None] / 1000
    return [points.reshape(1, -1), torch.ones(1, 1), torch.zeros(1, 256, 256, 1), maps, world]


def picture_with(*hips: tuple[int, int]) -> torch.Tensor:
    picture = torch.zeros(140, 224, 3, dtype=torch.uint8)
    for x, y in hips:
        picture[y, x] = 255
    return picture


def test_everybody_in_a_picture():
    found = BlazePose(finder, reader, "abc").detect(picture_with((60, 60), (180, 90)))
    assert found.keypoints_px.shape == (2, 33, 2) and found.skeleton.name == "mediapipe_33"
    hips = sorted(found.keypoints_px.mean(1).tolist())
    assert [round(x) for x in found.boxes_px[:, 2].tolist()] == [38, 38]
    side = 2 * 1.25 * 30
    shift = float(PATTERN[:33].mean()) * side
    for hip, wanted in zip(hips, [(60.5, 60.5), (180.5, 90.5)], strict=True):
        assert hip == pytest.approx([wanted[0] + shift, wanted[1] + shift / 2], abs=1.0)
    assert (found.scores > 0.99).all()


def test_joints_outside_the_picture_have_no_score():
    found = BlazePose(finder, reader).detect(picture_with((218, 70)))
    outside = found.keypoints_px[0, :, 0] > 224
    assert outside.any() and not outside.all()
    assert (found.scores[0, outside] == 0).all() and (found.scores[0, ~outside] > 0.9).all()


def test_pictures_of_every_size():
    """Somebody of no extent is seen in every look."""

    def anywhere(values):
        logits = torch.full((1, 2254, 1), -9.0)
        logits[0, 900] = 9.0
        return [torch.zeros(1, 2254, 12), logits]

    for shape in ((1, 1), (2, 500), (500, 2), (3300, 170)):
        found = BlazePose(anywhere, reader).detect(torch.full((*shape, 3), 90, dtype=torch.uint8))
        assert torch.isfinite(found.keypoints_px).all()


def test_nobody():
    def doubtful(values):
        values, _, *rest = reader(values)
        return [values, torch.full((1, 1), 0.2), *rest]

    for detector in (BlazePose(finder, reader), BlazePose(finder, doubtful)):
        hips = ((60, 60),) if detector.reader is doubtful else ()
        found = detector.detect(picture_with(*hips))
        assert found.keypoints_px.shape == (0, 33, 2) and found.boxes_px.shape == (0, 4)


def test_world_landmarks_and_the_next_region():
    detector = BlazePose(finder, reader)
    read = detector.read(picture_with(), people.regions(*torch.tensor([[[90.0, 70]], [[120, 70]]])))
    assert read.world_mm.shape == (1, 33, 3)
    # Turned by a quarter: what was right is down, what was down is left.
    assert read.world_mm[0, 1].tolist() == pytest.approx([-4, 3, 5], abs=1e-3)
    again = read.regions
    assert again.centre_px[0].tolist() == pytest.approx([90, 70], abs=1e-3)
    assert float(again.rotation_deg) == pytest.approx(90, abs=1e-3)
    assert float(again.side_px) == pytest.approx(75, abs=1e-3)


# ---------------------------------------------------------------------------------------- in films


def following(values):
    """Sees somebody where a white pixel is in the square; its place says where."""
    white = (values[0].mean(-1) > 0.3).nonzero().float()
    answers = reader(values)
    if not len(white):
        return [answers[0], torch.zeros(1, 1), *answers[2:]]
    shift = white.mean(0).flip(0) + 0.5 - 128
    answers[0] = answers[0].reshape(1, landmarks.ALL, 5)
    answers[0][..., :2] += shift
    answers[0] = answers[0].reshape(1, -1)
    return answers


def in_film(there, **options) -> tuple[list[int], list[int]]:
    """How many are found in 20 frames, and how often the picture or a part of it is looked at, when
    one person walks and another is there in some frames."""
    looks = []

    def counting(values):
        looks.append(1)
        return finder(values)

    film = in_films.InFilm(BlazePose(counting, following, "abc"), **options)
    assert (film.name, film.sha256, len(film.skeleton)) == ("blazepose", "abc", 33)
    counts, looked = [], []
    for frame in range(20):
        before = len(looks)
        found = film.detect(picture_with((60 + frame, 60), *[(180, 90)] * there(frame)))
        counts.append(len(found.scores))
        looked.append(len(looks) - before)
        middle = found.keypoints_px.mean(1)
        assert (middle[:, 0] - (60.5 + frame - 3.6)).abs().min() < 2, frame
    return counts, looked


def test_in_a_film_people_are_searched_for_now_and_then():
    """Nobody is searched for in between, and whoever is lost is looked for soon."""
    counts, looked = in_film(lambda frame: frame < 12, glance=100)
    assert counts == [2] * 12 + [1] * 8
    assert [look > 0 for look in looked] == [True] + [False] * 12 + [True] + [False] * 6


def test_in_a_film_a_glance_shows_who_came_in():
    """One look at the whole picture every few frames; those who are known are not read twice."""
    counts, looked = in_film(lambda frame: frame >= 7, glance=5)
    assert counts == [1] * 10 + [2] * 10
    assert looked == [1] + [0, 0, 0, 0, 1] * 3 + [0] * 4
    own = untrained()
    assert in_films.of(own) is own, "what cannot look again is taken as it is"
