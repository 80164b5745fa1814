"""Cameras, angles and bones against RepNet, Yu 2021, ElePose and Wang 2019."""

import pytest
import torch
from golden_arrays import golden, largest

from posebook.cameras import Camera
from posebook.cameras.lenses import distort
from posebook.geometry import bone_lengths, euler_to_matrix, kinematic_chain
from posebook.skeletons import HOUSE, Skeleton


def test_camera_of_martinez():
    arrays = golden("wang2019")
    focal, centre, radial, tangential, position = (
        arrays[f"cam_{k}"].squeeze(-1) for k in ("f", "c", "k", "p", "T")
    )
    rotation = euler_to_matrix(arrays["cam_angles"], "xyz")
    assert largest(rotation - arrays["cam_R"]) < 1e-12
    lens = radial, tangential
    camera = Camera(focal, centre, None, *lens, "human36m", rotation, position)
    pose_mm = camera.to_camera(arrays["cam_P_world"])
    assert largest(pose_mm - arrays["cam_X_cam"]) < 1e-9
    assert largest(pose_mm[:, 2] - arrays["cam_depth"]) < 1e-9
    assert largest(camera.to_world(pose_mm) - arrays["cam_P_world"]) < 1e-9
    assert largest(camera.project(pose_mm) - arrays["cam_proj"]) < 1e-9
    opencv = Camera(focal, centre, None, *lens, "opencv", rotation, position)
    assert largest(opencv.project(pose_mm) - arrays["cam_proj_opencv"]) < 1e-9
    apart = largest(opencv.project(pose_mm) - camera.project(pose_mm))
    assert apart == pytest.approx(0.23, abs=0.01), "the conventions must not be the same"


def test_terms_of_the_lens():
    """The radial and tangential parts one by one, as Martinez's code returns them."""
    arrays = golden("wang2019")
    rays = arrays["cam_X_cam"][:, :2] / arrays["cam_X_cam"][:, 2:]
    radial, tangential = arrays["cam_k"].squeeze(-1), arrays["cam_p"].squeeze(-1)
    assert largest(rays.square().sum(-1) - arrays["cam_r2"]) < 1e-12
    only = distort(rays, radial, torch.zeros_like(tangential), "human36m")
    assert largest(only - rays * arrays["cam_radial"].unsqueeze(-1)) < 1e-12
    both = distort(rays, radial, tangential, "human36m")
    shift = tangential.flip(-1) * arrays["cam_r2"].unsqueeze(-1)
    grown = rays * (arrays["cam_radial"] + arrays["cam_tan"]).unsqueeze(-1)
    assert largest(both - grown - shift) < 1e-12


def test_kinematic_chain_of_repnet():
    arrays = golden("repnet")
    bones = [tuple(bone) for bone in arrays["kcs_bones"].tolist()]
    found = kinematic_chain(arrays["kcs_pose_joint_major"], bones)
    assert largest(found - arrays["kcs_psi_wandt"]) < 1e-12
    lengths = found.diagonal(dim1=-2, dim2=-1).sqrt()
    assert largest(lengths - arrays["kcs_bone_lengths_wandt"]) < 1e-12
    # Pose 1 is pose 0 mirrored, pose 4 is pose 0 turned: the matrix does not see it.
    assert largest(found[1] - found[0]) < 1e-12 and largest(found[4] - found[0]) < 1e-12


def test_angles_and_bones_of_elepose():
    arrays = golden("elepose")
    assert largest(euler_to_matrix(arrays["euler_in"], "xyz") - arrays["euler_XYZ"]) < 1e-12
    assert largest(bone_lengths(arrays["cyc_p3d"].mT, HOUSE) - arrays["bone_lengths"]) < 1e-12


def test_bones_of_yu():
    arrays = golden("yu2021")
    parents = [1, 2, 13, 13, 3, 4, 7, 8, 12, 12, 9, 10, 14, None, 13, 12, 15]
    names = tuple(f"joint_{number}" for number in range(17))
    tree = tuple(None if parent is None else names[parent] for parent in parents)
    lengths = bone_lengths(arrays["ns_est3d"], Skeleton("yu_17", names, tree, "joint_13"))
    assert largest(lengths - arrays["ns_bone_lengths"]) < 1e-12
