"""Figures: what is drawn where, what is never lost on the way to a reader, and how big it is."""

import json
import math
import re

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from jaxtyping import TypeCheckError

from posebook import figures
from posebook.cameras import Camera
from posebook.errors import InputError
from posebook.figures import showing
from posebook.figures.cells import turned
from posebook.figures.parts import COLOUR, CURVES, to_plot
from posebook.figures.space import facing
from posebook.figures.strokes import along, broken, strokes
from posebook.skeletons import BODY_25, HOUSE, SKELETONS
from posebook.tables import Link

REFUSED = (InputError, TypeCheckError)  # the checker of types is on in most runs of the tests

# A standing person 4 m in front of the camera, in camera axes: x right, y down, z forward, mm. The
# person looks at the camera, so that the person's left is at the right of the picture.
PLACES = {
    "hip": (0, 0, 0), "left_hip": (130, 10, 0), "left_knee": (140, 450, -20),
    "left_foot": (150, 890, 0), "spine": (0, -250, 10), "thorax": (0, -500, 0),
    "neck_nose": (0, -600, -60), "head": (0, -720, -20), "left_shoulder": (180, -480, 0),
    "left_elbow": (250, -220, 20), "left_wrist": (270, 20, -60),
}  # fmt: skip
PLACES |= {
    f"right_{name[5:]}": (-x, y, z) for name, (x, y, z) in PLACES.items() if name[:5] == "left_"
}
STANDING = torch.tensor([PLACES[joint] for joint in HOUSE.joints]) + torch.tensor([0.0, 0, 4000])
CAMERA = Camera(
    focal_px=torch.tensor([1000.0, 1000.0]),
    centre_px=torch.tensor([500.0, 500.0]),
    size_px=(1000, 1000),
)
SEEN = CAMERA.project(STANDING)
CLIP = STANDING + torch.linspace(0, 300, 120)[:, None, None] * torch.tensor([1.0, 0, 0])


def film(path, pose_mm=CLIP, keypoints_px=None, **options):
    seen = CAMERA.project(pose_mm) if keypoints_px is None else keypoints_px
    return figures.side_by_side_film(path, seen, {"a person": pose_mm}, **options)


def size(figure: go.Figure) -> int:
    return len(json.dumps(showing.plotly_bundle(figure)))


def text_of(figure: go.Figure) -> str:
    return figure.to_json()


def joints_of(figure: go.Figure, kind: str) -> list:
    """The traces that draw joints: markers with one symbol for each joint."""
    return [
        t for t in figure.data if t.type == kind and t.mode.startswith("markers") and len(t.x) >= 14
    ]


# --- what is drawn where -------------------------------------------------------------------------


def test_camera_axes_are_drawn_upright():
    (joints,) = joints_of(figures.pose_3d(STANDING), "scatter3d")
    head, foot, wrist = HOUSE.indices("head", "left_foot", "left_wrist")
    assert joints.z[head] > joints.z[foot]  # up is up, though y points down
    assert joints.y[head] == pytest.approx(3980)  # depth runs away from the viewer
    assert joints.x[wrist] == pytest.approx(270)  # right stays right


def test_world_axes_are_kept_and_other_frames_refused():
    world = torch.tensor([[1.0, 2.0, 3.0]]).expand(17, 3)
    assert to_plot(world, "world")[0].tolist() == [1, 2, 3]
    with pytest.raises(REFUSED, match="camera"):
        figures.pose_3d(STANDING, frame="image")


def test_axes_are_equal_in_mm():
    for figure in (
        figures.pose_3d(STANDING),
        figures.pose_3d(STANDING * torch.tensor([8.0, 1, 1])),
        figures.animate(CLIP, CAMERA.project(CLIP)),
        figures.rig([CAMERA], STANDING),
    ):
        scene = figure.layout.scene
        per_mm = [scene.aspectratio[axis] / np.ptp(scene[f"{axis}axis"].range) for axis in "xyz"]
        assert per_mm == pytest.approx([per_mm[0]] * 3)
    for figure in (figures.pose_2d(SEEN), figures.compare({"a": STANDING})):
        assert figure.layout.yaxis.scaleanchor == "x"


def test_everything_lies_inside_the_box_and_the_floor_under_the_feet():
    figure = figures.overlay(STANDING, STANDING + 200)
    for trace in joints_of(figure, "scatter3d"):
        for axis in "xyz":
            low, high = figure.layout.scene[f"{axis}axis"].range
            assert (np.array(trace[axis]) >= low - 1).all()
            assert (np.array(trace[axis]) <= high + 1).all()
    floor = figure.data[0]
    assert np.nanmax(floor.z) == pytest.approx(-(890 + 200))


def test_left_and_right_differ_in_colour_and_in_shape():
    (joints,) = joints_of(figures.pose_2d(SEEN), "scatter")
    left, right = HOUSE.indices("left_knee", "right_knee")
    assert joints.marker.color[left] == COLOUR["left"] != joints.marker.color[right]
    assert joints.marker.symbol[left] == "circle" and joints.marker.symbol[right] == "square"
    names = [t.name for t in figures.pose_2d(SEEN).data if t.showlegend]
    assert names == ["left (circles)", "right (squares)"]


def contrast(a: str, b: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot([0.2126, 0.7152, 0.0722], parts))

    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_house_colours_can_be_told_from_the_card():
    for colour in (*COLOUR.values(), *CURVES):  # WCAG asks 3 of graphics
        assert contrast(colour, "#FFFFFF") >= 3


def test_truth_is_black_and_dashed_in_2d_and_3d():
    flat = figures.compare({"a": STANDING}, truth_mm=STANDING)
    dashed = [t for t in flat.data if t.mode == "lines" and t.line.dash == "5px,3px"]
    assert dashed and all(t.line.color == COLOUR["truth"] for t in dashed)
    solid = figures.overlay(STANDING, STANDING)
    black = [t for t in solid.data if t.mode == "lines" and t.line.color == COLOUR["truth"]]
    drawn = [t for t in black if not t.showlegend]
    assert sum(np.isnan(t.x).sum() for t in drawn) >= 2 * len(HOUSE.bones)  # dashes of each bone
    assert "truth (dashed)" in [t.name for t in solid.data]


def test_invented_joints_are_hollow_and_their_bones_dotted():
    figure = figures.pose_2d(SEEN, invented=("left_knee",))
    (joints,) = joints_of(figure, "scatter")
    assert joints.marker.symbol[HOUSE.index("left_knee")] == "circle-open"
    assert joints.marker.symbol[HOUSE.index("right_knee")] == "square"
    assert "invented" in joints.text[HOUSE.index("left_knee")]
    dotted = [t for t in figure.data if t.mode == "lines" and t.line.dash == "dot"]
    assert len(dotted) == 1 and len(dotted[0].x) == 3  # hip - knee - foot, the knee between
    assert "invented (hollow, dotted)" in [t.name for t in figure.data]


def test_missing_joints_are_gaps_in_2d_and_3d():
    seen, pose = SEEN.clone(), STANDING.clone()
    elbow = HOUSE.index("left_elbow")
    seen[elbow], pose[elbow] = torch.nan, torch.nan
    (joints,) = joints_of(figures.pose_2d(seen), "scatter")
    assert np.isnan(joints.x[elbow]) and np.isfinite(np.delete(joints.x, elbow)).all()
    (joints,) = joints_of(figures.pose_3d(pose), "scatter3d")
    assert np.isnan(joints.z[elbow])


def test_nothing_known_is_still_a_figure():
    nothing = torch.full((17, 3), torch.nan)
    figures.pose_3d(nothing)
    figures.pose_3d(nothing, frame="world")
    figures.pose_2d(nothing[:, :2])
    figures.animate(nothing.expand(3, 17, 3), nothing[:, :2].expand(3, 17, 2))


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
def test_strokes_draw_every_bone_of_every_skeleton_once(skeleton):
    drawn = []
    for stroke in strokes(skeleton):
        pairs = zip(stroke.joints, stroke.joints[1:], strict=False)
        drawn += [(a, b) for a, b in pairs if a >= 0 and b >= 0]
    assert sorted(drawn) == sorted(skeleton.bones)


def test_along_lifts_the_pen_and_broken_dashes_stay_on_the_bone():
    points = np.array([[0.0, 0, 0], [900.0, 0, 0]])
    assert np.isnan(along(points, (0, -1, 1))).all(1).tolist() == [False, True, False]
    dashes = broken(points, (0, 1), 50)
    inside = dashes[np.isfinite(dashes).all(1)]
    assert inside[0, 0] == 0 and inside[-1, 0] == pytest.approx(900)
    assert len(inside) >= 12 and (inside[:, 0] >= 0).all() and (inside[:, 0] <= 900.01).all()


def test_wrong_joint_counts_are_refused_with_the_count():
    for draw in (
        lambda: figures.pose_2d(SEEN[:16]),
        lambda: figures.pose_3d(STANDING[:15]),
        lambda: figures.overlay(STANDING, STANDING[:14]),
        lambda: figures.animate(CLIP[:, :16]),
    ):
        with pytest.raises(REFUSED, match="1[456]"):
            draw()


# --- pictures, motion, sheets --------------------------------------------------------------------


def test_a_photograph_gets_small_and_keeps_its_coordinates():
    rough = np.random.default_rng(0).integers(0, 255, (1200, 1600, 3), dtype=np.uint8)
    figure = figures.pose_2d(SEEN, image=rough)
    picture = figure.layout.images[0]
    assert (picture.sizex, picture.sizey) == (1600, 1200)
    assert figure.layout.xaxis.range == (0, 1600) and figure.layout.yaxis.range == (1200, 0)
    assert size(figure) < 200_000  # noise is the worst case


def test_a_photograph_that_is_none_is_refused(tmp_path):
    (tmp_path / "words.png").write_text("not a picture")
    for bad in (tmp_path / "words.png", tmp_path / "absent.png", 7):
        with pytest.raises(InputError, match="expected a picture file"):
            figures.pose_2d(SEEN, image=bad)


def test_animation_is_small_thinned_and_says_so():
    seen = CAMERA.project(CLIP)
    figure = figures.animate(CLIP, seen, frames_per_second=50, truth_mm=CLIP)
    assert len(figure.frames) == 40 and "every 3rd of 120 frames" in figure.layout.title.text
    assert size(figure) < 300_000
    assert size(figures.animate(CLIP, seen)) < 300_000
    steps = figure.layout.sliders[0].steps
    assert [s.label for s in steps[:2]] == ["0 (0.00 s)", "3 (0.06 s)"]
    play = figure.layout.updatemenus[0].buttons[0].args[1]
    assert play["frame"]["duration"] == pytest.approx(60)  # 50 frames/s, every third one


def test_frames_replace_the_traces_they_belong_to():
    figure = figures.animate(CLIP, CAMERA.project(CLIP), truth_mm=CLIP, invented=("head",))
    for frame in figure.frames:
        assert len(frame.data) == len(frame.traces)
        for number, moved in zip(frame.traces, frame.data, strict=True):
            assert figure.data[number].type == moved.type
            assert len(figure.data[number].x) == len(moved.x)
    last = figure.frames[-1].data[-1]
    expected = CLIP[len(CLIP) - 1 - (len(CLIP) - 1) % 3 :][0]
    np.testing.assert_allclose(last.z, -expected[:, 1], rtol=1e-6)


def test_a_long_walk_is_followed_and_a_short_one_is_not():
    far = STANDING + torch.linspace(0, 5000, 30)[:, None, None] * torch.tensor([1.0, 0, 0])
    figure = figures.animate(far, CAMERA.project(far))
    hip = [frame.data[-1].x[0] for frame in figure.frames]
    assert np.ptp(hip) == pytest.approx(0, abs=1e-3)
    assert "from the hip" in figure.layout.scene.xaxis.title.text
    assert "walks along" in figure.layout.title.text
    for frame in figure.frames:  # the 2D window holds the whole person
        joints = [t for t in frame.data if t.type == "scatter"][-1]
        low, high = frame.layout.xaxis.range
        assert low <= min(joints.x) and max(joints.x) <= high
    assert np.ptp([f.data[-1].x[0] for f in figures.animate(CLIP).frames]) > 200


def test_animate_refuses_lengths_that_differ():
    with pytest.raises(REFUSED, match="keypoints_px"):
        figures.animate(CLIP, CAMERA.project(CLIP[:119]))
    with pytest.raises(InputError, match="frames > 0"):
        figures.animate(CLIP[:0])


def test_what_stands_still_is_stored_once():
    here = CLIP[:1].expand(5, 17, 3)
    figure = figures.animate(CLIP[:5], truth_mm=here)
    still = [figure.data[n] for n in figure.frames[0].traces]
    assert still and not any(COLOUR["truth"] in str(trace.line.color) for trace in still)
    assert len(figures.animate(here[:1]).frames[0].traces) > 0  # a film of one frame


def test_a_prediction_does_not_hide_the_truth():
    """Where they meet, both can be read: colours over a truth are see-through, others are not."""
    over = figures.overlay(STANDING, STANDING)
    moving = figures.animate(CLIP[:3], truth_mm=CLIP[:3])
    sheet = figures.compare({"a": STANDING}, truth_mm=STANDING)
    for figure in (over, moving, sheet):
        bones = [
            t
            for t in figure.data
            if t.mode == "lines" and t.line.color in (COLOUR["left"], COLOUR["right"])
        ]
        bones = [t for t in bones if not t.showlegend]
        assert bones and all(t.opacity and t.opacity < 0.7 for t in bones)
    alone = figures.pose_3d(STANDING).data
    assert all(t.opacity is None for t in alone)


def test_turning_shows_depth_from_the_side():
    ahead = np.array([0.0, 1.0, 0.0])  # one step away from the viewer
    assert turned(ahead, 0)[0] == pytest.approx(0)
    assert turned(ahead, 90)[0] == pytest.approx(1)  # seen from the right, away is to the right
    beside = np.array([1.0, 0.0, 0.0])
    assert turned(beside, 0)[0] == pytest.approx(1) and turned(beside, 90)[0] == pytest.approx(0)


def test_facing_finds_the_front():
    front = facing(to_plot(STANDING, "camera"), HOUSE)
    assert front == pytest.approx([0, -1], abs=1e-6)  # towards the camera
    assert facing(np.full((17, 3), np.nan), HOUSE) is None


def test_gallery_takes_the_worst_one_of_each_clip():
    truth = STANDING.expand(6, 17, 3)
    prediction = truth.clone()
    errors = torch.tensor([10.0, 90, 80, torch.nan, 20, 70])
    clips = torch.tensor([0, 1, 1, 1, 2, 3])
    seen = SEEN.expand(6, 17, 2)
    figure = figures.gallery(
        prediction, truth, seen, errors, [f"cause {i}" for i in range(6)], clip_of_frame=clips,
        count=3,
    )  # fmt: skip
    captions = [a.text for a in figure.layout.annotations]
    assert captions == ["90 mm: cause 1", "70 mm: cause 5", "20 mm: cause 4"]
    assert len(figure.frames) == 13 and size(figure) < 150_000
    for note, said in (("", "Beside it: the lifted pose"), ("Left: a test pose.", "Left: a test")):
        text = figures.gallery(truth, truth, seen, errors, note=note).layout.title.text
        assert said in text and ("lifted" in text) == (not note)
    with pytest.raises(InputError, match="no finite"):
        figures.gallery(prediction, truth, seen, errors * torch.nan)
    with pytest.raises(REFUSED, match="truth_mm"):
        figures.gallery(prediction, truth[:4], seen, errors)


def test_gallery_puts_roots_together_and_shows_what_was_given():
    truth = STANDING.expand(1, 17, 3)
    seen = SEEN.clone()[None]
    seen[0, HOUSE.index("left_wrist")] = torch.nan
    figure = figures.gallery(truth + 5000, truth, seen, torch.tensor([1.0]), count=1)
    given, true, predicted = joints_of(figure, "scatter")
    np.testing.assert_allclose(true.x, predicted.x, atol=1e-2)
    assert "left wrist: 0 mm off" in predicted.text
    assert np.isnan(given.x[HOUSE.index("left_wrist")])
    assert given.y[HOUSE.index("head")] > given.y[HOUSE.index("left_foot")]  # upright


def test_the_input_may_be_marked_by_another_joint_set():
    seen = torch.zeros(3, 25, 2)
    pose = STANDING.expand(3, 17, 3)
    figure = figures.animate(pose, seen, input_skeleton=BODY_25)
    assert "left big toe" in joints_of(figure, "scatter")[0].text
    with pytest.raises(InputError, match="keypoints_px has 25 joints, expected 17"):
        figures.animate(pose, seen)


def test_compare_draws_each_pose_and_turns_them_together():
    figure = figures.compare({"a": STANDING, "b <i>": STANDING}, truth_mm=STANDING)
    assert [a.text for a in figure.layout.annotations] == ["a", "b &lt;i&gt;"]
    for frame in figure.frames:
        for number, moved in zip(frame.traces, frame.data, strict=True):
            assert len(figure.data[number].x) == len(moved.x)
    with pytest.raises(InputError, match="empty"):
        figures.compare({})
    with pytest.raises(InputError, match="pose 'a'"):
        figures.compare({"a": STANDING[:12]})
    with pytest.raises(InputError, match="turn is 31"):
        figures.compare({"a": STANDING}, turn=31)


def test_rig_draws_the_pyramid_before_the_camera():
    figure = figures.rig([CAMERA])
    pen = next(t for t in figure.data if t.mode == "lines" and t.line.width == 4)
    points = np.stack([pen.x, pen.y, pen.z], -1)
    np.testing.assert_allclose(points[0], [-350, -350, 700], rtol=1e-6)  # top left of the picture
    assert [0, 0, 0] in points.tolist()


# --- charts and tables ---------------------------------------------------------------------------


def test_loss_curves_leave_out_empty_cells(tmp_path):
    (tmp_path / "log.csv").write_text("epoch,loss,mpjpe\n0,3.5,\n1,2.5,60\n2,,50\n")
    loss, mpjpe = figures.loss_curves(tmp_path / "log.csv", unit="mm").data
    assert list(loss.x) == [0, 1] and list(loss.y) == [3.5, 2.5]
    assert list(mpjpe.x) == [1, 2] and mpjpe.line.dash != loss.line.dash
    (tmp_path / "bad.csv").write_text("epoch,loss\n0,high\n")
    for bad in ("bad.csv", "absent.csv"):
        with pytest.raises(InputError, match=bad):
            figures.loss_curves(tmp_path / bad)


def test_loss_curves_fit_their_axis_to_the_values():
    assert figures.loss_curves({"loss": [3.0, 2.0]}).layout.yaxis.rangemode == "tozero"
    assert figures.loss_curves({"likelihood": [-91.0, -120.0]}).layout.yaxis.rangemode is None
    for values, step in (([1.0, 0.02], 1), ([3.0, 2.0], "D2")):
        assert figures.loss_curves({"loss": values}, log_scale=True).layout.yaxis.dtick == step


def test_bars_write_their_values_and_units():
    figure = figures.bars({"all": 48.23, "no norm": 61.0}, "mm", levels={"mean pose": 72.0})
    texts = [a.text for a in figure.layout.annotations]
    assert texts == ["48.2 mm", "61.0 mm", "mean pose<br>72.0"]
    shares = figures.bars({"all": 99.9}, "%", end=100)
    assert list(shares.layout.xaxis.range) == [0, 100] and shares.layout.xaxis.domain[1] < 1
    spread = figures.bars({"all": 48.23}, "mm", spread={"all": 1.5}, highlight="all")
    assert spread.layout.annotations[0].text == "48.2 mm ± 1.5"
    assert list(spread.data[0].y) == ["<b>all</b>"]
    assert spread.layout.xaxis.range[1] > 1.25 * (48.23 + 1.5)  # the words behind it fit
    several = figures.bars({"a": 1.0, "b": 2.0, "c": 3.0}, "mm", highlight=("a", "c"))
    assert list(several.data[0].y) == ["<b>a</b>", "b", "<b>c</b>"]
    assert len(set(several.data[0].marker.color)) == 2
    with pytest.raises(InputError, match="empty"):
        figures.bars({}, "mm")


def test_tables_escape_align_and_read_as_text():
    table = figures.Table(
        ["what", "value (mm)"], [["a <b>", 1.25], ["c", None]], caption="Numbers & names"
    )
    html = table._repr_html_()
    assert "a &lt;b&gt;" in html and "Numbers &amp; names" in html and "<th scope" in html
    assert str(table).splitlines()[2] == "a <b>         1.2"
    with pytest.raises(InputError, match="row 0"):
        figures.Table(["a"], [[1, 2]])


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("26.0 mm", "26.0&nbsp;mm"),
        ("26.0 ± 0.4 mm", "26.0&nbsp;±&nbsp;0.4&nbsp;mm"),
        ("root-aligned, 17 joints, frame mean", "root-aligned, 17&nbsp;joints, frame mean"),
        ("50 frames/s & 3 %", "50&nbsp;frames/s &amp; 3&nbsp;%"),
        ("S9 and S11, 1 2 3", "S9 and S11, 1 2 3".replace("S9 and", "S9&nbsp;and")),
    ],
)
def test_a_table_does_not_part_a_number_from_its_unit(words, kept):
    table = figures.Table([words], [[words]], caption=words)
    assert table._repr_html_().count(kept) == 3 and words in str(table)


def test_a_link_leads_to_a_file_beside_the_page_and_nowhere_else():
    places = ["a b/poses.html", "javascript:alert(1)", '"><script>', "http://x.y/z"]
    table = figures.Table(["own page"], [[Link(place)] for place in places])
    found = re.findall('<a href="([^"]*)">', table._repr_html_())
    assert found == ["a%20b/poses.html", "javascript%3Aalert%281%29", "%22%3E%3Cscript%3E",
                     "http%3A//x.y/z"]  # fmt: skip
    assert "<script>" not in table._repr_html_() and "a b/poses.html" in str(table)


# --- pages, files, films -------------------------------------------------------------------------


def test_a_page_needs_no_network_and_lets_no_text_become_markup(tmp_path):
    evil = '</script><script>alert(1)</script><img src=x onerror="alert(2)">'
    picture = figures.Picture(
        figures.animate(CLIP[:4], CAMERA.project(CLIP[:4]), title=evil, note=evil), alt=evil
    )
    table = figures.Table([evil], [[evil]], caption=evil)
    path = figures.page(
        tmp_path / "p.html", evil, [evil, figures.Heading(evil), picture, table], footer=evil
    )
    html = path.read_text()
    assert len(html) < 6_000_000 and html.count("Plotly.newPlot(box") == 1
    ours = re.sub(r"<script>/\*\*.*?</script>", "", html, flags=re.S)  # without plotly.js itself
    assert len(ours) < 200_000
    assert "<script>alert" not in ours and "<img src=x" not in ours
    assert not re.search(r'(src|href)="?https?:', ours)
    assert "default-src 'none'" in ours and "cdn.plot" not in ours
    assert ours.count("Description of the figure") == 1 and 'aria-label="&lt;/script&gt;' in ours
    (data,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', ours, flags=re.S)
    figure = json.loads(data)
    assert len(figure["frames"]) == 4 and figure["config"]["showSendToCloud"] is False


def test_a_page_without_figures_carries_no_plotly(tmp_path):
    html = figures.page(tmp_path / "p.html", "Words", ["One paragraph."]).read_text()
    assert len(html) < 5_000 and "<p>One paragraph.</p>" in html
    with pytest.raises(REFUSED, match="part"):
        figures.page(tmp_path / "p.html", "Words", [{}])


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_a_film_has_a_picture_for_every_frame(tmp_path, suffix):
    import imageio.v3 as iio

    path = film(
        tmp_path / f"walk{suffix}", CLIP[:8], frames_per_second=20, size_px=(320, 201),
        alt="A person slides to the right.",
    )  # fmt: skip
    assert iio.imread(path).shape[:3] == (8, 200, 320)
    assert (tmp_path / "walk.txt").read_text() == "A person slides to the right.\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"walk{suffix}", "walk.txt"]


def test_film_refuses_other_kinds(tmp_path):
    with pytest.raises(InputError, match="mp4 or .gif"):
        film(tmp_path / "a.avi", frames_per_second=20, alt="A person slides along.")


@pytest.mark.parametrize(
    "wrong",
    [
        dict(frames_per_second=0),
        dict(frames_per_second=-1),
        dict(frames_per_second=math.nan),
        dict(size_px=(0, 0)),
        dict(size_px=(10**6, 10**6)),
        dict(pose_mm=CLIP[:0]),
        dict(pose_mm=CLIP[:3, :16]),
        dict(keypoints_px=CAMERA.project(CLIP[:2])),
    ],
)
def test_a_film_of_nonsense_is_refused(tmp_path, wrong):
    given = dict(pose_mm=CLIP[:3], frames_per_second=20, alt="A person slides along.") | wrong
    with pytest.raises(REFUSED):
        film(tmp_path / "a.gif", **given)
    assert not list(tmp_path.iterdir())


def test_a_film_leaves_somebody_s_notes_alone(tmp_path):
    (tmp_path / "walk.txt").write_text("mine")
    with pytest.raises(InputError, match="walk.txt: is there, but no film"):
        film(tmp_path / "walk.gif", CLIP[:1], frames_per_second=20, alt="A person stands there.")
    assert (tmp_path / "walk.txt").read_text() == "mine"
    for kind in ("mp4", "gif", "gif"):  # one film in two forms shares its words, and may be redone
        film(tmp_path / f"run.{kind}", CLIP[:1], frames_per_second=20, alt="A person stands there.")


def test_side_by_side_of_nonsense_is_refused(tmp_path):
    seen = CAMERA.project(CLIP[:3])
    for wrong in (
        dict(most_frames=0), dict(most_frames=-1), dict(frames_per_second=-1),
        dict(frames_per_second=math.nan), dict(poses_mm={str(n): CLIP[:3] for n in range(100)}),
    ):  # fmt: skip
        with pytest.raises(InputError, match="side by side: "):
            figures.side_by_side(seen, **dict(poses_mm={"a": CLIP[:3]}) | wrong)
    # A lifter's name may hold anything, and comes from a file.
    name = "<b>5 $\\frac{$</b>"
    figure = figures.side_by_side(seen, {name: CLIP[:3]})
    assert figure.layout.annotations[1].text == "&lt;b&gt;5 $\\frac{$&lt;/b&gt;"
    figures.side_by_side_film(
        tmp_path / "a.gif", seen[:1], {name: CLIP[:1]}, frames_per_second=20, title=name,
        size_px=(96, 64), alt="A person stands there.",
    )  # fmt: skip
