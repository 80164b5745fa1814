"""Key points about the hip: what of the picture enters, and what is done about missing joints."""

from dataclasses import replace

import pytest
import torch

from posebook import lifting
from posebook.datasets.people import synthetic
from posebook.errors import InputError
from posebook.geometry import bone_lengths
from posebook.key_points import complete, root_centred
from posebook.lifting.person_view import BONES_MM
from posebook.skeletons import HOUSE

OTHERS = [j for j, name in enumerate(HOUSE.joints) if name != "hip"]


class Flat(torch.nn.Module):
    """A network that puts every joint into the picture's plane."""

    def lift(self, keypoints):
        return torch.cat([keypoints, torch.zeros_like(keypoints[..., :1])], -1)


@pytest.fixture(scope="module")
def clip():
    return synthetic.make(size=20).clips[3]


def lifter(clip, **settings):
    settings = (
        dict(kind="root_centred", scale="mean_joint_distance", factor=1.0, per="pose") | settings
    )
    mean = root_centred(clip.keypoints_px, scale=settings["scale"]).mean(0)
    header = dict(name="flat", normalisation=settings)
    return lifting.Lifter(header, Flat(), dict(mean_place=mean))


def test_the_hip_is_at_0_and_the_chosen_length_is_1(clip):
    points = root_centred(clip.keypoints_px, scale="mean_joint_distance")
    distances = torch.linalg.vector_norm(points, dim=-1)
    assert (points[:, 0] == 0).all()
    assert torch.allclose(distances[:, OTHERS].mean(-1), torch.ones(20), atol=1e-5)
    points = root_centred(clip.keypoints_px, scale="head_hip", factor=0.1, per="clip")
    heads = torch.linalg.vector_norm(points[:, HOUSE.index("head")], dim=-1)
    assert heads.mean().item() == pytest.approx(0.1, abs=1e-6) and heads.std() > 1e-4


def test_place_and_size_in_the_picture_do_not_enter(clip):
    for per in ("pose", "clip"):
        one = root_centred(clip.keypoints_px, scale="mean_joint_distance", per=per)
        other = root_centred(3 * clip.keypoints_px - 200, scale="mean_joint_distance", per=per)
        assert torch.allclose(one, other, atol=1e-4)


def test_a_person_of_no_extent_is_all_zeros():
    assert (root_centred(torch.full((2, 17, 2), 5.0), scale="head_hip") == 0).all()


@pytest.mark.parametrize("wrong", [dict(scale="hips"), dict(scale="head_hip", per="film")])
def test_unknown_rules_are_refused(wrong):
    with pytest.raises(InputError, match="expected"):
        root_centred(torch.zeros(1, 17, 2), **wrong)


def test_missing_joints_go_where_the_mean_pose_has_them():
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(17, 2, generator=generator)
    seen = torch.rand(6, 17, generator=generator) < 0.6
    seen[:, :3] = True
    whole = 40 * mean + torch.tensor([300.0, 200.0])
    points = torch.where(seen.unsqueeze(-1), whole, torch.nan)
    assert torch.allclose(complete(points, seen, mean), whole.expand(6, 17, 2), atol=1e-3)


def test_lifted_people_are_of_average_size_and_say_so(clip):
    lifted = lifter(clip).lift(clip)
    assert torch.allclose(bone_lengths(lifted.pose_mm, HOUSE).sum(-1), torch.tensor(BONES_MM))
    assert (lifted.pose_mm[:, 0] == 0).all()
    assert any(str(note).startswith("Size:") for note in lifted.notes)


def test_missing_joints_and_empty_frames_are_said(clip):
    points, confidence = clip.keypoints_px.clone(), clip.confidence.clone()
    points[5:, HOUSE.index("hip")] = torch.nan  # for longer than a gap that is bridged
    points[15:] = torch.nan
    confidence[torch.isnan(points).any(-1)] = 0
    gappy = replace(clip, keypoints_px=points, confidence=confidence, frames_per_second=10.0)
    lifted = lifter(clip).lift(gappy)
    assert torch.isfinite(lifted.pose_mm[:15]).all() and torch.isnan(lifted.pose_mm[15:]).all()
    whole = lifter(clip).lift(clip)
    assert torch.allclose(lifted.pose_mm[:5], whole.pose_mm[:5], atol=1e-3)
    apart = torch.linalg.vector_norm(lifted.pose_mm[5:15] - whole.pose_mm[5:15], dim=-1)
    assert apart.mean() < 150  # the hip was put back where people have it
    assert any(str(note).startswith("Missing: 10 of 20") for note in lifted.notes)
