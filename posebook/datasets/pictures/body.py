"""A skinned human body: any of many people, in any pose, dressed, as triangles.

>>> body = load_body("low")
>>> person = random_person(torch.Generator().manual_seed(0))
>>> posed = body.posed(person.coefficients, pose_mm)          # pose_mm: (17, 3) house joints
>>> shown = body.faces_of(("skin", "eyes", "shirt", "trousers", "hair_short", "shoes"))
>>> triangles_mm = posed.vertices_mm[body.faces[shown]]       # (shown, 3 corners, 3)

The mesh is MakeHuman's (CC0): `data/rendered/README.md` says where it comes from, and
`tools/build_body.py` makes the file. Skin that clothes always cover is not in it, so everybody
is dressed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from posebook import paths
from posebook.datasets.pictures.body_pose import SIDES, bone_rotations, pair, turned
from posebook.errors import InputError
from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE

FILE = paths.DATA / "rendered" / "body.npz"
#: The joint that each bone turns about, and the bone that carries that joint.
_MIDDLE = {
    "spine_low": ("spine_4", "pelvis"), "spine_mid": ("spine_3", "spine_low"),
    "spine_high": ("spine_2", "spine_mid"), "chest": ("spine_1", "spine_high"),
    "neck": ("neck", "chest"), "head": ("head_base", "neck"),
}  # fmt: skip
_SIDED = {
    "clavicle": ("clavicle", "chest"), "shoulder": ("shoulder", "clavicle"),
    "upper_arm_near": ("shoulder", "clavicle"), "upper_arm": ("shoulder", "clavicle"),
    "fore_arm": ("elbow", "upper_arm"), "hand": ("wrist", "fore_arm"),
    "thigh_near": ("hip", "pelvis"), "thigh": ("hip", "pelvis"), "shin": ("knee", "thigh"),
    "foot": ("foot", "shin"),
}  # fmt: skip
#: House joints and landmarks that lie between named points: shares that sum to 1. `neck_nose` is
#: where Human3.6M has it (datasets/layouts.py): in the head, in front of the ears.
_BETWEEN = {
    "hip": {"left_hip": 0.5, "right_hip": 0.5}, "spine": {"spine_2": 1.0},
    "thorax": {"neck": 0.5, "left_clavicle": 0.25, "right_clavicle": 0.25},
    "neck_nose": {"left_ear": 5 / 24, "right_ear": 5 / 24, "nose": 1 / 3, "head_top": 0.25},
    "head": {"head_top": 1.0}, "upper_neck": {"head_base": 1.0},
}  # fmt: skip
#: What else is read off the posed body, beside the house joints.
LANDMARKS = (
    "head_top", "upper_neck", "nose", "left_eye", "right_eye", "left_ear", "right_ear",
    "left_big_toe", "right_big_toe", "left_small_toe", "right_small_toe", "left_heel",
    "right_heel", "left_hand", "right_hand",
)  # fmt: skip
DETAILS = ("low", "full")
#: Values of `Body.part`.
TRUNK, ARM, LEG, HAND, FOOT = range(5)
#: Skin is kept from here on along a limb, so that no gap opens where sleeve or trouser ends.
_HEM = 0.93


@dataclass(frozen=True)
class PosedBody:
    """A body in a pose. Axes are those of the pose that it was given; mm.

    vertices_mm    (vertices, 3) float32
    joints_mm      (17, 3) house joints, read off this body: the truth of its pictures
    landmarks_mm   name -> (3,), see LANDMARKS
    rest_mm        (vertices, 3) the same vertices of the same person at rest: left, up, forward
                   from between the hips; patterns stick to these
    """

    vertices_mm: Float[Tensor, "*batch vertices 3"]
    joints_mm: Float[Tensor, "*batch 17 3"]
    landmarks_mm: dict[str, Float[Tensor, "*batch 3"]]
    rest_mm: Float[Tensor, "*batch vertices 3"]


class Body:
    """The mesh, its shapes and skin weights, at one level of detail."""

    def __init__(self, members: dict[str, np.ndarray], detail: str = "full"):
        about = json.loads(members["about"].tobytes())
        low = "_low" if detail == "low" else ""
        faces = members[f"faces{low}"].astype(np.int64)
        used, local = np.unique(faces, return_inverse=True)
        self.REGIONS: tuple[str, ...] = tuple(about["regions"])
        #: (faces, 3) vertex numbers, counter-clockwise from outside.
        self.faces: Int[Tensor, "faces 3"] = torch.from_numpy(local.reshape(-1, 3))
        #: (faces,) int8, place in REGIONS.
        self.regions = torch.from_numpy(members[f"regions{low}"].astype(np.int8))
        self.bones: tuple[str, ...] = tuple(about["bones"])
        self.point_bones: dict[str, str] = about["points"]
        self._vertices = len(used)
        count = len(members["mean_mm"]) - len(self.point_bones)
        rows = np.concatenate([used, count + np.arange(len(self.point_bones))])
        self._mean = torch.from_numpy(members["mean_mm"][rows])
        components = members["components"][:, rows] * members["component_mm"][:, None, None]
        self._components = torch.from_numpy(np.ascontiguousarray(components.reshape(24, -1)))
        weights = np.zeros((len(used), len(self.bones)), dtype=np.float32)
        share = members["weight"][used].astype(np.float32)
        rows = np.arange(len(used))[:, None]
        np.add.at(
            weights, (rows, members["weight_bone"][used]), share / share.sum(1, keepdims=True)
        )
        self._weights = torch.from_numpy(weights)
        self._outward = torch.from_numpy(members["outward"][used].astype(np.float32) / 127)
        #: (vertices,) uint8: TRUNK (with the head), ARM, LEG, HAND or FOOT.
        self.part = torch.from_numpy(members["part"][used])
        #: (vertices,) float32: 0 on the trunk and at shoulder or hip, 1 from wrist or ankle on.
        self.along = torch.from_numpy(members["along"][used].astype(np.float32) / 255)

    def rest(self, coefficients: Float[Tensor, "*batch 24"]) -> Float[Tensor, "*batch points 3"]:
        """Vertices, then named points, of people at rest, mm: left, up, forward from the hips."""
        flat = coefficients.to(self._mean) @ self._components
        return self._mean + flat.unflatten(-1, self._mean.shape)

    def rest_points(self, coefficients: Float[Tensor, "*batch 24"]) -> dict[str, Tensor]:
        """House joints, landmarks and where bones turn, of people at rest: name -> (..., 3) mm."""
        return self._named(self.rest(coefficients)[..., self._vertices :, :])

    def _named(self, marks: Float[Tensor, "*batch points 3"]) -> dict[str, Tensor]:
        named = dict(zip(self.point_bones, marks.unbind(-2), strict=True))
        for name, shares in _BETWEEN.items():
            named[name] = sum(share * named[other] for other, share in shares.items())
        return named

    def stature_mm(self, coefficients: Float[Tensor, "*batch 24"]) -> Float[Tensor, "*batch"]:
        """How tall people are, from the soles of their bare feet to the crown."""
        height = self.rest(coefficients)[..., self._skin, 1]
        return height.amax(-1) - height.amin(-1)

    @cached_property
    def _skin(self) -> Tensor:
        return self.faces[self.regions == self.REGIONS.index("skin")].unique()

    def posed(
        self,
        coefficients: Float[Tensor, " 24"],
        pose_mm: Float[Tensor, "17 3"],
        up: Float[Tensor, " 3"] | None = None,
        loose_mm: float = 0.0,
    ) -> PosedBody:
        """One person in one pose; see `posed_many`."""
        up = None if up is None else up[None]
        many = self.posed_many(coefficients[None], pose_mm[None], up, loose_mm)
        marks = {name: point[0] for name, point in many.landmarks_mm.items()}
        return PosedBody(many.vertices_mm[0], many.joints_mm[0], marks, many.rest_mm[0])

    def posed_many(
        self,
        coefficients: Float[Tensor, "people 24"],
        pose_mm: Pose3D,
        up: Float[Tensor, "people 3"] | None = None,
        loose_mm: float = 0.0,
    ) -> PosedBody:
        """People in poses: limbs take the poses' directions, bodies keep their own lengths.

        coefficients  (people, 24)     shapes, as `random_person` gives them
        pose_mm       (people, 17, 3)  house joints, mm, world or camera axes; the body's hip lies
                                       where the pose's does
        up            (people, 3)      away from the floor, in the pose's axes: near the floor
                                       soles are kept flat; None leaves feet at right angles
        loose_mm      how far clothes stand off, beside the least that covers the skin
        Every tensor of the result has a leading axis `people`.
        """
        pose_mm = pose_mm.to(torch.float32)
        rest = self.rest(coefficients)
        cloth, marks = rest[..., : self._vertices, :], rest[..., self._vertices :, :]
        if loose_mm:
            cloth = cloth + loose_mm * self._outward
        moves = self._moves(self._named(marks), pose_mm, None if up is None else up.to(pose_mm))
        moves = moves.flatten(-2)  # (people, bones, 12)
        blended = (self._weights @ moves).unflatten(-1, (3, 4))
        skinned = (blended[..., :3] * cloth.unsqueeze(-2)).sum(-1) + blended[..., 3]
        carriers = [self.bones.index(bone) for bone in self.point_bones.values()]
        carried = moves[..., carriers, :].unflatten(-1, (3, 4))
        marks = (carried[..., :3] * marks.unsqueeze(-2)).sum(-1) + carried[..., 3]
        found = self._named(marks)
        joints = torch.stack([found[name] for name in HOUSE.joints], dim=-2)
        return PosedBody(skinned, joints, {name: found[name] for name in LANDMARKS}, cloth)

    def _moves(
        self, points: dict[str, Tensor], pose_mm: Pose3D, up: Tensor | None
    ) -> Float[Tensor, "people bones 3 4"]:
        """Rotation and shift of each bone, from the pelvis outward."""
        middle, sided = bone_rotations(points, pose_mm, up)
        shift = {"pelvis": pose_mm[..., 0, :] - turned(middle["pelvis"], points["hip"])}
        for bone, (joint, carrier) in _MIDDLE.items():
            step = middle[carrier] - middle[bone]
            shift[bone] = turned(step, points[joint]) + shift[carrier]
        for bone, (joint, carrier) in _SIDED.items():
            if carrier in middle:
                turn, base = middle[carrier].unsqueeze(-3), shift[carrier].unsqueeze(-2)
            else:
                turn, base = sided[carrier], shift[carrier]
            shift[bone] = turned(turn - sided[bone], pair(points, joint)) + base
        trunk = [torch.cat([middle[bone], shift[bone].unsqueeze(-1)], -1) for bone in middle]
        limbs = [torch.cat([sided[bone], shift[bone].unsqueeze(-1)], -1) for bone in sided]
        moves = torch.cat([torch.stack(trunk, -3), *limbs], -3)
        names = [*middle, *(f"{side}_{bone}" for bone in sided for side in SIDES)]
        return moves[..., [names.index(bone) for bone in self.bones], :, :]

    def faces_of(self, regions: Sequence[str]) -> Int[Tensor, " shown"]:
        """Places in `faces` of the triangles that somebody in these clothes shows.

        regions   names out of REGIONS; a shirt, and trousers or a skirt, must be among them
        Long hair grows over short hair, which comes with it. Skin under the clothes is left out, so
        that none of it shows through. Sleeves reach the
        wrists and trousers the ankles: to shorten them, paint them as skin from some `along` on.
        """
        unknown = set(regions) - set(self.REGIONS)
        if unknown:
            raise InputError(f"no region '{min(unknown)}'; there are {', '.join(self.REGIONS)}")
        if "shirt" not in regions or not {"trousers", "skirt", "skirt_long"} & set(regions):
            raise InputError("people are dressed: name 'shirt', and 'trousers' or a skirt")
        regions = {*regions, "hair_short"} if "hair_long" in regions else set(regions)
        shown = torch.tensor([name in regions for name in self.REGIONS])[self.regions.long()]
        part, along = self.part[self.faces], self.along[self.faces].amax(-1)
        skin = self.regions == self.REGIONS.index("skin")
        covered = (part == ARM).any(-1)
        if "trousers" in regions:
            covered |= (part == LEG).any(-1)
        shown &= ~(skin & covered & (along < _HEM))
        if "shoes" in regions:
            shown &= ~(skin & (part == FOOT).all(-1))
        return shown.nonzero().squeeze(-1)


@cache
def members() -> dict[str, np.ndarray]:
    """The arrays of the file that ships; `tools/build_body.py` says what they are."""
    with np.load(FILE, allow_pickle=False) as archive:
        return dict(archive)


@cache
def load_body(detail: str = "full") -> Body:
    """The body that ships: "full" (about 31,000 triangles), or "low" (6,500) for small pictures."""
    if detail not in DETAILS:
        raise InputError(f"no detail '{detail}'; there are {', '.join(DETAILS)}")
    return Body(members(), detail)
