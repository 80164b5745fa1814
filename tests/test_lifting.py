"""Lifters: their files, what they refuse, and what must not change a pose."""

import json
import random
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from posebook import datasets, lifting, paths
from posebook.cameras import Camera, random_cameras
from posebook.cameras.turned import turn_towards
from posebook.datasets.clips import Clip, Motion
from posebook.datasets.layouts import in_layout
from posebook.datasets.people.synthetic import sample_poses
from posebook.errors import InputError
from posebook.export.upright import lift_upright
from posebook.geometry import aligned_distances
from posebook.lifting import lifter_files
from posebook.methods import network_files
from posebook.methods.ambiguity_aware.network import YuModel
from posebook.methods.simple_baseline.network import (
    INPUT_JOINTS,
    OUTPUT_JOINTS,
    Martinez,
    Standardiser,
)
from posebook.skeletons import COCO_17, HOUSE, SKELETONS

ARGUMENTS = dict(
    input_joints=18, output_joints=17, input_dimensions=3, width=12, blocks=1, dropout=0.0,
    max_norm=False,
)  # fmt: skip
HEADER = dict(
    name="trial",
    network={"class": "Martinez", "arguments": ARGUMENTS},
    skeleton=HOUSE.name,
    normalisation=dict(kind="person_view", bones_mm=3900.0),
    data="none",
    licence="MIT",
    metrics=[],
)


def untrained(seed: int = 0, **arguments) -> lifting.Lifter:
    torch.manual_seed(seed)
    arguments = ARGUMENTS | arguments
    network = Martinez(**arguments).eval().requires_grad_(False)
    header = HEADER | dict(network={"class": "Martinez", "arguments": arguments})
    return lifting.Lifter(header, network)


def scene(frames: int = 12, seed: int = 0, size_px: tuple[int, int] = (1000, 1000)) -> Clip:
    """A few people, one after the other, in one picture."""
    generator = torch.Generator().manual_seed(seed)
    world_mm = sample_poses(frames, generator).double()
    scale = size_px[0] / 1000
    camera = Camera(
        torch.tensor([1100.0, 1100.0]) * scale,
        torch.tensor([500.0, 480.0]) * scale,
        size_px,
        rotation=torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]], dtype=torch.float64),
        position_mm=torch.tensor([-300.0, -4500.0, 1200.0]),
    )
    return Motion("scene", world_mm, 2.0).seen_by(camera)


@pytest.fixture(scope="module")
def shipped() -> lifting.Lifter:
    return lifting.load("simple_baseline")


def p_mpjpe(lifted: lifting.Lifted, clip: Clip) -> torch.Tensor:
    return aligned_distances(lifted.pose_mm.double(), clip.pose_mm.double()).mean(-1)


# ------------------------------------------------------------------------------------------- poses


def test_shipped_lifter_lifts_people_it_has_not_seen(shipped):
    """Far better than an untrained network and than the flat picture, on new synthetic people."""
    generator = torch.Generator().manual_seed(77)
    world_mm = sample_poses(1500, generator).double()
    cameras = random_cameras(1500, generator, target_mm=world_mm.mean(1), radius_mm=1000.0)
    pose_mm = cameras.to_camera(world_mm)
    px = cameras.project(pose_mm)
    errors, flat = [], []
    for i in range(0, 1500, 15):
        clip = Clip("", HOUSE, None, px[i : i + 1], torch.ones(1, 17), camera=cameras[i])
        lifted = shipped.lift(clip)
        errors.append(aligned_distances(lifted.pose_mm.double(), pose_mm[i : i + 1]).mean())
        picture = torch.cat([px[i : i + 1], torch.zeros(1, 17, 1, dtype=torch.float64)], -1)
        flat.append(aligned_distances(picture, pose_mm[i : i + 1]).mean())
    error, flat_error = torch.stack(errors).mean(), torch.stack(flat).mean()
    assert error < 65
    assert flat_error > 1.5 * error
    other = untrained(width=64).lift(scene(200))
    assert p_mpjpe(other, scene(200)).mean() > 150


def test_same_scene_in_a_larger_picture_is_the_same_pose(shipped):
    small, large = scene(), scene(size_px=(2500, 2500))
    a, b = shipped.lift(small), shipped.lift(large)
    assert torch.allclose(a.pose_mm, b.pose_mm, atol=1e-2)
    assert torch.allclose(a.root_mm, b.root_mm, atol=1e-1)
    # Nor does it matter without intrinsics: the guess grows with the picture.
    a, b = (shipped.lift(replace(clip, camera=None)) for clip in (small, large))
    assert torch.allclose(a.pose_mm, b.pose_mm, atol=1e-2)


def test_same_view_elsewhere_in_the_sensor_is_the_same_pose(shipped):
    """A crop moves the principal point and the key points together."""
    clip = scene()
    moved = replace(
        clip,
        keypoints_px=clip.keypoints_px - torch.tensor([210.0, 90.0]),
        camera=replace(clip.camera, centre_px=clip.camera.centre_px - torch.tensor([210.0, 90.0])),
    )
    assert torch.allclose(shipped.lift(clip).pose_mm, shipped.lift(moved).pose_mm, atol=1e-2)


def test_mirrored_person_is_the_mirrored_pose(shipped):
    clip = scene()
    centre_x = clip.camera.centre_px[0]
    mirrored_px = HOUSE.swap_sides(clip.keypoints_px)
    mirrored_px[..., 0] = 2 * centre_x - mirrored_px[..., 0]
    mirrored = shipped.lift(replace(clip, keypoints_px=mirrored_px)).pose_mm
    assert torch.allclose(HOUSE.flip(mirrored), shipped.lift(clip).pose_mm, atol=1e-2)


def test_root_is_where_the_camera_sees_it(shipped):
    clip = scene(60)
    lifted = shipped.lift(clip)
    px = clip.camera.project(lifted.absolute_mm.double())
    apart = torch.linalg.vector_norm(px - clip.keypoints_px, dim=-1)
    assert apart.median() < 12  # of people who are about 400 px tall
    ratio = lifted.root_mm[:, 2].double() / clip.pose_mm[:, 0, 2]
    assert 0.85 < ratio.median() < 1.2


def test_missing_joints_leave_a_finite_pose_and_empty_frames_stay_empty(shipped):
    clip = scene(60)
    generator = torch.Generator().manual_seed(3)
    confidence = (torch.rand(60, 17, generator=generator) < 0.6).to(clip.confidence)
    confidence[7] = 0
    confidence[9] = torch.eye(17)[4] + torch.eye(17)[11]
    errors = []
    for i in range(60):  # one by one: in a clip, gaps of one frame would be bridged
        keypoints_px = torch.where(confidence[i].bool()[:, None], clip.keypoints_px[i], torch.nan)
        one = replace(
            clip,
            keypoints_px=keypoints_px[None],
            confidence=confidence[i : i + 1],
            pose_mm=clip.pose_mm[i : i + 1],
        )
        lifted = shipped.lift(one)
        empty = i in (7, 9)
        assert lifted.empty.item() == empty
        assert any("Nobody" in str(note) for note in lifted.notes) == empty
        if empty:
            assert torch.isnan(lifted.pose_mm).all() and torch.isnan(lifted.root_mm).all()
        else:
            assert torch.isfinite(lifted.absolute_mm).all()
            errors.append(p_mpjpe(lifted, one))
    assert torch.cat(errors).mean() < 130


def test_short_gaps_are_bridged_and_said(shipped):
    clip = replace(scene(9), frames_per_second=30.0)
    still = replace(clip, keypoints_px=clip.keypoints_px[:1].expand(9, -1, -1).clone())
    gap = still.confidence.clone()
    gap[4, 3] = 0
    lifted = shipped.lift(replace(still, confidence=gap))
    assert torch.allclose(lifted.pose_mm[4], shipped.lift(still).pose_mm[4], atol=1e-3)
    assert any("Gaps: 1 joint" in str(note) for note in lifted.notes)


def test_every_frame_is_lifted_by_itself(shipped):
    clip = scene(30)
    whole = shipped.lift(clip)
    part = replace(
        clip,
        keypoints_px=clip.keypoints_px[10:20],
        confidence=clip.confidence[10:20],
        pose_mm=clip.pose_mm[10:20],
    )
    assert torch.allclose(whole.pose_mm[10:20], shipped.lift(part).pose_mm, atol=1e-2)
    assert torch.equal(whole.pose_mm, shipped.lift(clip).pose_mm)
    nothing = replace(clip, keypoints_px=clip.keypoints_px[:0], confidence=clip.confidence[:0])
    assert shipped.lift(nothing).pose_mm.shape == (0, 17, 3)


@pytest.mark.parametrize("name", ["coco_17", "body_25", "openpose_coco_18", "mpii_16", "lsp_14"])
def test_other_joint_sets_are_converted_and_said(shipped, name):
    clip = scene(100)
    lifted = shipped.lift(in_layout(clip, SKELETONS[name]))
    assert lifted.invented.keys() <= set(HOUSE.joints)
    assert any(name in str(note) for note in lifted.notes)
    assert p_mpjpe(lifted, clip).mean() < 85


def test_unknown_intrinsics_are_guessed_and_said(shipped):
    clip = replace(scene(100), camera=None)
    lifted = shipped.lift(clip)
    assert any("1000 x 1000 px; a focal length of 1200 px" in str(note) for note in lifted.notes)
    assert p_mpjpe(lifted, clip).mean() < 85
    blind = shipped.lift(replace(clip, size_px=None))
    assert torch.isfinite(blind.pose_mm).all()
    assert any("taken to be" in str(note) for note in blind.notes)


def test_absurd_keypoints_give_a_defined_pose(shipped):
    """Far outside the picture, at huge numbers."""
    for keypoints in (1e5 * torch.eye(17)[:, :2], 1e12 * torch.eye(17)[:, :2]):
        clip = Clip("", HOUSE, None, keypoints[None], torch.ones(1, 17), size_px=(9, 9))
        assert torch.isfinite(shipped.lift(clip).pose_mm).all()


@pytest.mark.parametrize("name", lifting.SHIPPED)
def test_joints_in_one_place_are_no_pose(name):
    clip = scene(5)
    points = clip.keypoints_px.clone()
    points[2] = 300.0
    points[3] = points[3, :1] + 1e-6 * (points[3] - points[3, :1])
    lifted = lifting.load(name).lift(replace(clip, keypoints_px=points))
    assert lifted.empty.tolist() == [False, False, True, True, False]
    assert any(str(note).startswith("One place: 2 of 5 frames") for note in lifted.notes)


@pytest.mark.parametrize("offset_px", [0.0, 1e-30, 1e-4])
@pytest.mark.parametrize(("name", "kept"), [("ambiguity_aware", True), ("elepose", False)])
def test_a_head_on_the_hip_is_no_length_to_divide_by(name, kept, offset_px):
    """Per pose that frame is lost; per clip all are, if it is so in all of them."""
    clip = scene(5)
    head, hip = HOUSE.indices("head", "hip")
    points = clip.keypoints_px.clone()
    which = slice(2, 3) if kept else slice(None)
    points[which, head] = points[which, hip] + offset_px
    lifted = lifting.load(name).lift(replace(clip, keypoints_px=points))
    assert lifted.empty.tolist() == [not kept, not kept, True, not kept, not kept]
    assert any(str(note).startswith("Length: in ") for note in lifted.notes)


def test_a_person_left_of_the_picture_is_refused(shipped):
    clip = replace(scene(3), camera=None, size_px=None)
    for axes in ([0], [1], [0, 1]):
        points = clip.keypoints_px.clone()
        points[..., axes] -= 5000
        with pytest.raises(InputError, match="no key point reaches beyond"):
            shipped.lift(replace(clip, keypoints_px=points))


def test_turned_view_goes_there_and_back():
    generator = torch.Generator().manual_seed(0)
    offset = torch.tensor([900.0, -400.0, 4000.0])
    pose_mm = 400 * torch.randn(50, 17, 3, generator=generator, dtype=torch.float64) + offset
    rays = pose_mm[..., :2] / pose_mm[..., 2:]
    view = turn_towards(rays, torch.ones(50, 17, dtype=torch.bool))
    units, unit_mm = view.pose_to_units(pose_mm)
    assert torch.allclose(view.pose_from_units(units, unit_mm), pose_mm, atol=1e-6)
    # What the turned camera sees of the turned pose is what the network is shown.
    seen = units[..., :2] / (1 + units[..., 2:] * view.spread[:, None, None])
    assert torch.allclose(seen, view.keypoints, atol=1e-9)
    assert torch.allclose(torch.linalg.det(view.rotation), torch.ones(50, dtype=torch.float64))


# ------------------------------------------------------------------------------------------- files


def test_saved_and_loaded_lifts_the_same(tmp_path):
    lifter = untrained()
    again = lifting.load(lifter.save(tmp_path / "a.safetensors"))
    assert again.name == "trial" and again.header["posebook"]
    assert torch.equal(again.lift(scene()).pose_mm, lifter.lift(scene()).pose_mm)
    half = lifting.load(lifter.save(tmp_path / "b.safetensors", weights=torch.float16))
    assert (half.lift(scene()).pose_mm - lifter.lift(scene()).pose_mm).abs().max() < 5


def test_pixels_of_the_paper_are_read_too(tmp_path):
    torch.manual_seed(0)
    arguments = dict(width=16, blocks=1)
    clip = scene(40)
    hip, inputs = HOUSE.index("hip"), HOUSE.indices(*INPUT_JOINTS)
    poses = (clip.pose_mm - clip.pose_mm[:, :1])[:, HOUSE.indices(*OUTPUT_JOINTS)].float()
    keypoints = clip.keypoints_px[:, inputs].float()
    seen, asked = Standardiser.of(keypoints), Standardiser.of(poses)
    lifter = lifting.Lifter(
        HEADER
        | dict(
            network={"class": "Martinez", "arguments": arguments},
            normalisation=dict(
                kind="standardised_pixels",
                input_joints=list(INPUT_JOINTS),
                output_joints=list(OUTPUT_JOINTS),
            ),
        ),
        Martinez(**arguments).eval(),
        dict(mean_px=seen.mean, std_px=seen.std, mean_mm=asked.mean, std_mm=asked.std),
    )
    again = lifting.load(lifter.save(tmp_path / "a.safetensors"))
    lifted = again.lift(clip)
    with torch.no_grad():
        expected = asked.inverse(lifter.network(seen(keypoints)))
    assert torch.allclose(lifted.pose_mm[:, HOUSE.indices(*OUTPUT_JOINTS)], expected, atol=1e-2)
    assert (lifted.pose_mm[:, hip] == 0).all()


def refused(path, match: str) -> None:
    with pytest.raises(InputError, match=match) as caught:
        lifting.load(path)
    assert "\n" not in str(caught.value)


def saved_unchecked(lifter, path, monkeypatch):
    """A file that `save` would refuse to write."""
    with monkeypatch.context() as unchecked:
        unchecked.setattr(network_files, "build", lambda *_: None)
        return lifter.save(path)


def test_a_lifter_that_nobody_could_read_is_not_written(tmp_path, monkeypatch):
    small = untrained()
    monkeypatch.setattr(network_files, "LARGEST_BYTES", 6_900)
    with pytest.raises(InputError, match="float16"):
        small.save(tmp_path / "large.safetensors")
    assert not list(tmp_path.iterdir())
    lifting.load(small.save(tmp_path / "half.safetensors", weights=torch.float16))


def test_what_is_no_lifter_is_refused_in_one_line(tmp_path):
    good = untrained().save(tmp_path / "good.safetensors")
    refused("no_such_lifter", "shipped are simple_baseline")
    refused(tmp_path / "absent.safetensors", "no such file")
    refused(tmp_path, "a folder")
    pointer = tmp_path / "pointer.safetensors"
    pointer.write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2\nsize 17000000\n"
    )
    refused(pointer, "Git-LFS pointer")
    short = tmp_path / "short.safetensors"
    short.write_bytes(good.read_bytes()[:-100])
    refused(short, "cut short")
    short.write_bytes(b"")
    refused(short, "the file is empty")
    bare = tmp_path / "bare.safetensors"
    save_file({"network.weight": torch.zeros(3)}, bare)
    refused(bare, "its header: not valid JSON")
    save_file({"network.weight": torch.zeros(3)}, bare, metadata={"posebook": "[" * 100_000})
    refused(bare, "its header: JSON nested too deeply")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (dict(network={"class": "os.system", "arguments": {}}), "not known"),
        (dict(network={"class": "Martinez", "arguments": {"width": 10**9}}), "width is 10000"),
        (dict(network={"class": "Martinez", "arguments": {"width": "12"}}), "width is '12', ex"),
        (dict(network={"class": "Martinez", "arguments": {"depth": 3}}), "expected numbers"),
        (dict(network={"class": "Martinez", "arguments": ARGUMENTS | {"width": 16}}), "expected"),
        (dict(network="Martinez"), "not known"),
        (dict(skeleton=COCO_17.name), "expected person_view or person_view_clip"),
        (dict(normalisation=dict(kind="eval")), "expected person_view or person_view_clip"),
        (dict(normalisation=None), "expected person_view or person_view_clip"),
        (dict(normalisation=dict(kind="standardised_pixels")), "do not fit"),
        (dict(normalisation=dict(kind="person_view", bones_mm="x")), "do not fit"),
    ],
)
def test_headers_that_do_not_fit_are_refused(tmp_path, change, match, monkeypatch):
    lifter = lifting.Lifter(HEADER | change, untrained().network)
    refused(saved_unchecked(lifter, tmp_path / "a.safetensors", monkeypatch), match)
    if "network" in change:
        with pytest.raises(InputError, match=match):
            lifter.save(tmp_path / "b.safetensors")
        assert not (tmp_path / "b.safetensors").exists()


def test_the_one_wrong_argument_of_a_network_is_named(tmp_path):
    header = HEADER | dict(network={"class": "YuModel", "arguments": dict(width=1, scale_width=0)})
    with pytest.raises(
        InputError, match="argument scale_width is 0, expected a whole number from 1"
    ):
        lifting.Lifter(header, YuModel(width=1)).save(tmp_path / "a.safetensors")


def test_numbers_that_are_not_finite_are_refused(tmp_path, monkeypatch):
    lifter = untrained()
    lifter.network.last.bias[3] = torch.nan
    refused(saved_unchecked(lifter, tmp_path / "a.safetensors", monkeypatch), "finite")
    with pytest.raises(InputError, match="finite"):
        lifter.save(tmp_path / "b.safetensors")


def shipped_but(tmp_path, settings=None, tensors=None, **header):
    """A shipped lifter with another normalisation, other tensors, another header."""
    whole = lifting.load("ambiguity_aware")
    settings = whole.header["normalisation"] | (settings or {})
    header = whole.header | dict(normalisation=settings) | header
    header.pop("checksum", None)
    state = {f"network.{name}": t for name, t in whole.network.state_dict().items()}
    state = {name: t for name, t in state.items() if t.is_floating_point()} | dict(whole.tensors)
    for name, change in (tensors or {}).items():
        state[name] = change(state[name])
    return lifter_files.write(tmp_path / "a.safetensors", header, state)


@pytest.mark.parametrize(
    "factor", [float("nan"), 0, -1, True, float("inf"), 1e30, None, [0.1], {}, "x"]
)
def test_factors_that_make_no_sense_are_refused(tmp_path, factor):
    refused(shipped_but(tmp_path, dict(factor=factor)), "a.safetensors.*factor")


@pytest.mark.parametrize(
    ("tensor", "change"),
    [
        ("mean_place", lambda place: place * torch.nan),
        ("mean_place", lambda place: place * torch.inf),
        ("mean_place", lambda place: place[:1]),
        ("mean_place", lambda place: 0 * place),
        ("mean_place", lambda place: (9 * place).int()),
        ("mean_place", lambda place: place[None]),
        ("network.lifter.last.weight", lambda weight: (weight * 1e38).clamp(-3e38, 3e38)),
    ],
)
def test_tensors_that_make_no_sense_are_refused(tmp_path, tensor, change):
    if tensor.startswith("network."):  # is not even written
        with pytest.raises(InputError, match=f"a.safetensors: {tensor}"):
            shipped_but(tmp_path, tensors={tensor: change})
        return
    refused(shipped_but(tmp_path, tensors={tensor: change}), f"a.safetensors: {tensor}")


def test_a_lifter_that_makes_no_person_of_a_standing_one_is_refused(tmp_path):
    negative = {"network.lifter.first.1.running_var": lambda variance: -variance - 1}
    refused(shipped_but(tmp_path, tensors=negative), "pose of a standing person")
    scales = dict(mean_px=(17, 2), std_px=(17, 2), mean_mm=(17, 3), std_mm=(17, 3))
    tensors = {name: torch.ones(shape) for name, shape in scales.items()}
    tensors["std_mm"] = 1e7 * tensors["std_mm"]
    arguments = dict(width=16, input_joints=17, output_joints=17)
    settings = dict(
        kind="standardised_pixels",
        input_joints=list(HOUSE.joints),
        output_joints=list(HOUSE.joints),
    )
    header = HEADER | dict(
        network={"class": "Martinez", "arguments": arguments}, normalisation=settings
    )
    lifter = lifting.Lifter(header, Martinez(**arguments).eval(), tensors)
    refused(lifter.save(tmp_path / "b.safetensors"), "b.safetensors: pose .* up to 10 m")


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", value) for value in (None, 5, [], {}, "", "x" * 5000, "a\nb\n")]
    + [("metrics", value) for value in (None, 5, "abc", {"a": 1}, [1])]
    + [("data", None), ("licence", 5)],
)
def test_header_fields_of_the_wrong_kind_are_refused(tmp_path, field, value):
    refused(shipped_but(tmp_path, **{field: value}), f"a.safetensors: {field} ")


@pytest.mark.parametrize("name", ["x" * 5000, "x" * 5000 + ".safetensors", "a\nb"])
def test_names_of_no_lifter_stay_in_one_short_line(name):
    with pytest.raises(InputError) as caught:
        lifting.load(name)
    assert len(str(caught.value)) < 700 and "\n" not in str(caught.value)


def test_nothing_altered_is_taken_for_whole(tmp_path):
    """600 altered copies: every one is refused in one line, or is the file itself."""
    whole = untrained().save(tmp_path / "whole.safetensors").read_bytes()
    header_bytes = int.from_bytes(whole[:8], "little")
    draw = random.Random(0)
    path = tmp_path / "altered.safetensors"
    refusals = 0
    for trial in range(600):
        altered = bytearray(whole)
        # As many in the header, which is parsed, as in the numbers, which are only summed.
        last = 8 + header_bytes if trial % 2 else len(whole)
        place = draw.randrange(last)
        kind = trial // 2 % 5
        if kind == 0:
            altered[place] ^= 1 << draw.randrange(8)
        elif kind == 1:
            altered = altered[:place]
        elif kind == 2:
            altered[place:place] = draw.randbytes(draw.randrange(1, 40))
        elif kind == 3:
            altered[place : place + 16] = draw.randbytes(16)
        else:
            altered[:8] = draw.randrange(2**40).to_bytes(8, "little")
        if bytes(altered) == whole:
            continue
        path.write_bytes(altered)
        with pytest.raises(InputError) as caught:
            lifting.load(path)
        assert "\n" not in str(caught.value)
        refusals += 1
    assert refusals > 550


def test_the_shipped_file_says_what_it_is(shipped):
    path = lifting.SHIPPED["simple_baseline"]
    assert path.stat().st_size < 20_000_000
    header, _ = lifter_files.read(path)
    assert header["data"].startswith("synthetic_wide")
    assert header["normalisation"]["kind"] == "person_view"
    assert header["metrics"] and all("protocol" in metric for metric in header["metrics"])
    assert json.dumps(header)
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    assert "tools/train_simple_baseline.py" in card


# ------------------------------------------------------------------------------- where the hip is


def root_error_mm(lifter_name: str, **given) -> float:
    """Mean distance of the lifted from the true hip, of some clips of each kind."""
    lifter, wrong = lifting.load(lifter_name), []
    for clip in datasets.load(split="test", **given).clips[::6]:
        true_mm = clip.pose_mm[:, HOUSE.index("hip")]
        wrong.append(torch.linalg.vector_norm(lifter.lift(clip).root_mm - true_mm, dim=-1))
    return torch.cat(wrong).nanmean().item()


@pytest.mark.parametrize("name", ["simple_baseline", "temporal_convolutions"])
def test_where_the_hip_is_on_real_motion_seen_by_a_detector(name, shared):
    """Least squares on all joints. Each frame's width alone left 185 and 172 mm of the same."""
    root = shared / "data" / "cmu_as_h36m"
    assert root_error_mm(name, name="human36m", root=root, keypoints="simulated") < 140


def test_where_the_hip_is_on_synthetic_people():
    """Nearly all of it is that a picture does not say how large a person is: 7 % of 5 m."""
    assert root_error_mm("simple_baseline", name="synthetic", keypoints="detected") < 350


def test_the_hip_is_in_one_place_for_python_and_for_the_command():
    """Both are `Lifter.lift`; they once guessed two pictures and were 0.2 m apart on this file."""
    (clip,) = datasets.read_any(paths.DATA / "samples" / "motion_alphapose.json")
    lifter = lifting.default_for(clip)
    poses = lift_upright(clip, lifter)
    assert torch.equal(poses.root_mm, lifter.lift(clip).root_mm)
    assert torch.equal(poses.pose_mm, lifter.lift(clip).pose_mm)
    hip = HOUSE.index("hip")
    shown = poses.camera.project(poses.pose_mm.double() + poses.root_mm.double().unsqueeze(1))
    apart = torch.linalg.vector_norm(shown - poses.keypoints_px, dim=-1)
    assert apart[:, hip].nanmedian() < 30, "where the picture shows it"
