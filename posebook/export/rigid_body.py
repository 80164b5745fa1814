"""A rigid body fitted to lifted points: what an animation program can turn, joint by joint.

A lifted pose is only points, with bones that grow and shrink a little from frame to frame; a body
for animation has offsets that never change and rotations that do. So two things happen here, and
`Rig.moved_mm` says how much they moved: each bone gets its mean length (left and right alike), and
the turn of a bone about itself, which points do not show, is taken from the knee, the elbow, the
hips or the shoulders. Bone directions are kept exactly.

Axes of a Rig: right-handed, Y up, the person of the rest pose faces +Z with the left arm along +X
(a T-pose); centimetres. `bvh` writes one as a file.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.errors import InputError
from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE

_LEFT, _RIGHT = (1.0, 0.0, 0.0), (-1.0, 0.0, 0.0)
_UP, _DOWN = (0.0, 1.0, 0.0), (0.0, -1.0, 0.0)
#: Left and up in the rest pose, to turn with.
LEFT, UP = torch.tensor([_LEFT, _UP], dtype=torch.float64)


@dataclass(frozen=True)
class _Joint:
    """One BVH joint: it lies at house joint `at` and its bone ends at house joint `to`.

    rest   direction of that bone in the rest pose; None: measured from the clip (the hip bones)
    twist  where the turn about the bone comes from: 'hips', 'shoulders', 'knee', 'elbow' or
           'parent' (no more turn than the bone's direction asks for)
    """

    name: str
    parent: str | None
    at: str
    to: str | None
    rest: tuple[float, float, float] | None
    twist: str


def _limbs(side: str) -> list[_Joint]:
    s, low, out = side.capitalize(), side, _LEFT if side == "left" else _RIGHT
    return [
        _Joint(f"{s[0]}HipJoint", "Hips", "hip", f"{low}_hip", None, "parent"),
        _Joint(f"{s}UpLeg", f"{s[0]}HipJoint", f"{low}_hip", f"{low}_knee", _DOWN, "knee"),
        _Joint(f"{s}Leg", f"{s}UpLeg", f"{low}_knee", f"{low}_foot", _DOWN, "parent"),
        _Joint(f"{s}Foot", f"{s}Leg", f"{low}_foot", None, None, "parent"),
        _Joint(f"{s}Shoulder", "Spine", "thorax", f"{low}_shoulder", out, "parent"),
        _Joint(f"{s}Arm", f"{s}Shoulder", f"{low}_shoulder", f"{low}_elbow", out, "elbow"),
        _Joint(f"{s}ForeArm", f"{s}Arm", f"{low}_elbow", f"{low}_wrist", out, "parent"),
        _Joint(f"{s}Hand", f"{s}ForeArm", f"{low}_wrist", None, None, "parent"),
    ]


_LEFTS, _RIGHTS = _limbs("left"), _limbs("right")
#: Depth first, as the file wants it. Names as in the BVH files of CMU's motions, which retargeting
#: programs know; LowerBack and the shoulders start where their parent ends, as they do there.
JOINTS: tuple[_Joint, ...] = (
    _Joint("Hips", None, "hip", None, None, "hips"),
    *_LEFTS[:4],
    *_RIGHTS[:4],
    _Joint("LowerBack", "Hips", "hip", "spine", _UP, "hips"),
    _Joint("Spine", "LowerBack", "spine", "thorax", _UP, "shoulders"),
    _Joint("Neck", "Spine", "thorax", "neck_nose", (0.0, 0.88, 0.47), "shoulders"),
    _Joint("Head", "Neck", "neck_nose", "head", (0.0, 0.95, -0.31), "shoulders"),
    *_LEFTS[4:],
    *_RIGHTS[4:],
)
#: Ends that the house skeleton has no joint for, in cm: toes and finger tips of an average adult.
_INVENTED_ENDS_CM = {
    "LeftFoot": (0.0, -6.0, 14.0),
    "RightFoot": (0.0, -6.0, 14.0),
    "LeftHand": (15.0, 0.0, 0.0),
    "RightHand": (-15.0, 0.0, 0.0),
}


@dataclass(frozen=True)
class Rig:
    """A rigid body in motion: what a BVH file says.

    offsets_cm  (joints, 3)             each joint from its parent, rest pose; zeros for the root
    ends_cm     {joint: (3,)}           End Sites, from their joint
    root_cm     (frames, 3)             where Hips is
    turns       (frames, joints, 3, 3)  each joint's rotation relative to its parent's
    house_mm    (frames, 17, 3)         the same as house joints, world axes (z up): what a reader
                                        of the file should find
    moved_mm    mean distance from the poses that came in to `house_mm`
    """

    offsets_cm: Float[Tensor, "joints 3"]
    ends_cm: dict[str, Tensor]
    root_cm: Float[Tensor, "frames 3"]
    turns: Float[Tensor, "frames joints 3 3"]
    house_mm: Float[Tensor, "frames 17 3"]
    moved_mm: float


def y_up(world_mm: Tensor) -> Tensor:
    """World axes (z up) to BVH's (y up): x stays, y up is z, z to the viewer is -y."""
    x, y, z = world_mm.unbind(-1)
    return torch.stack([x, z, -y], -1)


def z_up(points: Tensor) -> Tensor:
    """The way back."""
    x, y, z = points.unbind(-1)
    return torch.stack([x, -z, y], -1)


def _unit(vector: Tensor) -> Tensor:
    return vector / torch.linalg.vector_norm(vector, dim=-1, keepdim=True).clamp_min(1e-9)


def _basis(along: Tensor, hint: Tensor) -> Tensor:
    """Rotations whose first column is `along` and whose second is as near `hint` as can be."""
    along = _unit(along)
    across = hint - (hint * along).sum(-1, keepdim=True) * along
    # A hint along the bone says nothing: take the axis that is least along it instead.
    lost = torch.linalg.vector_norm(across, dim=-1, keepdim=True) < 1e-6
    spare = torch.nn.functional.one_hot(along.abs().argmin(-1), 3).to(along)
    spare = spare - (spare * along).sum(-1, keepdim=True) * along
    across = _unit(torch.where(lost, spare, across))
    return torch.stack([along, across, torch.linalg.cross(along, across)], -1)


def _aim(direction: Tensor, rest: Tensor, hint: Tensor, rest_hint: Tensor) -> Tensor:
    """Rotations that turn `rest` into `direction`, and `rest_hint` as near to `hint` as goes."""
    return _basis(direction, hint) @ _basis(rest, rest_hint).mT


def _swing(frame: Tensor, rest: Tensor, direction: Tensor) -> Tensor:
    """The frame after the smallest turn that takes `frame @ rest` into `direction`."""
    start, stop = frame @ rest, _unit(direction)
    axis = torch.linalg.cross(start, stop)
    cosine = (start * stop).sum(-1)
    # Straight back is half a turn about any axis across; `_basis` finds one.
    half = _basis(start, torch.linalg.cross(start, frame[..., 0] + 0.5 * frame[..., 2]))[..., 1]
    half_turn = 2 * half.unsqueeze(-1) * half.unsqueeze(-2) - torch.eye(3).to(start)
    zero = torch.zeros_like(cosine)
    a, b, c = axis.unbind(-1)
    cross = torch.stack([zero, -c, b, c, zero, -a, -b, a, zero], -1).unflatten(-1, (3, 3))
    near = (1 + cosine).clamp_min(1e-9)[..., None, None]
    turn = torch.eye(3).to(start) + cross + cross @ cross / near
    return torch.where((cosine < -1 + 1e-6)[..., None, None], half_turn, turn) @ frame


def _bend(upper: Tensor, lower: Tensor, hinge: Tensor, otherwise: Tensor) -> Tensor:
    """The hinge axis of a knee or an elbow; a straight one does not show it, so `otherwise`."""
    sine = torch.linalg.vector_norm(hinge, dim=-1, keepdim=True)
    sine = sine / (_length(upper) * _length(lower)).clamp_min(1e-9).unsqueeze(-1)
    weight = ((sine - 0.15) / 0.35).clamp(0, 1)  # from 9 to 30 degrees of bend
    return weight * _unit(hinge) + (1 - weight) * _unit(otherwise)


def _length(vector: Tensor) -> Tensor:
    return torch.linalg.vector_norm(vector, dim=-1)


def _global_turns(place: dict[str, Tensor], rests: dict[str, Tensor]) -> dict[str, Tensor]:
    """Each joint's orientation in BVH's world, by name: (frames, 3, 3)."""
    lateral = {
        "hips": place["left_hip"] - place["right_hip"],
        "shoulders": place["left_shoulder"] - place["right_shoulder"],
    }
    turns: dict[str, Tensor] = {}
    for joint in JOINTS:
        if joint.parent is None:
            # The pelvis: up along the back, left along the hips.
            turns[joint.name] = _aim(place["spine"] - place["hip"], UP, lateral["hips"], LEFT)
            continue
        if joint.to is None:
            turns[joint.name] = turns[joint.parent]
            continue
        rest, direction = rests[joint.name], place[joint.to] - place[joint.at]
        swung = _swing(turns[joint.parent], rest, direction)
        side = joint.to.partition("_")[0]
        if joint.twist in lateral:
            turns[joint.name] = _aim(direction, rest, lateral[joint.twist], LEFT)
        elif joint.twist == "knee":
            # A bent knee turns about the person's left.
            lower = place[f"{side}_foot"] - place[joint.to]
            hinge = torch.linalg.cross(direction, lower)
            axis = _bend(direction, lower, hinge, swung[..., 0])
            turns[joint.name] = _aim(direction, rest, axis, LEFT)
        elif joint.twist == "elbow":
            # In a T-pose, palms down, the left elbow bends forward, about -Y.
            lower = place[f"{side}_wrist"] - place[joint.to]
            hinge = torch.linalg.cross(lower, direction) * (1 if side == "left" else -1)
            axis = _bend(direction, lower, hinge, swung[..., 1])
            turns[joint.name] = _aim(direction, rest, axis, UP)
        else:
            turns[joint.name] = swung
    return turns


def rig(world_mm: Pose3D) -> Rig:
    """Fit the rigid body to poses.

    world_mm  (frames, 17, 3)  house joints, right-handed, z up, mm; every number finite

    The End Sites of feet and hands are invented; nothing else is.
    """
    if not torch.isfinite(world_mm).all() or world_mm.shape[-2] != len(HOUSE) or not len(world_mm):
        raise InputError("BVH: expected (frames, 17, 3) finite positions of the house joints")
    points = y_up(world_mm.double()) / 10
    place = {joint: points[:, i] for i, joint in enumerate(HOUSE.joints)}
    lengths, rests = _rest_pose(place)
    turns = _global_turns(place, rests)

    offsets, ends, where = [], {}, {}
    by_name = {joint.name: joint for joint in JOINTS}
    house = points.clone()
    for joint in JOINTS:
        parent, offset = by_name.get(joint.parent), torch.zeros(3).double()
        if parent is None:
            where[joint.name] = place[joint.at]
        else:
            if parent.at != joint.at:
                offset = rests[parent.name] * lengths[parent.name]
            where[joint.name] = where[parent.name] + turns[parent.name] @ offset
        offsets.append(offset)
        house[:, HOUSE.index(joint.at)] = where[joint.name]
        if joint.name in _INVENTED_ENDS_CM:
            ends[joint.name] = torch.tensor(_INVENTED_ENDS_CM[joint.name]).double()
        elif joint.to == "head":
            ends[joint.name] = rests[joint.name] * lengths[joint.name]
            end = where[joint.name] + turns[joint.name] @ ends[joint.name]
            house[:, HOUSE.index("head")] = end
    relative = [turns[j.parent].mT @ turns[j.name] if j.parent else turns[j.name] for j in JOINTS]
    local = torch.stack(relative, 1)
    moved_mm = 10 * _length(house - points).mean().item()
    return Rig(torch.stack(offsets), ends, where["Hips"], local, 10 * z_up(house), moved_mm)


def _rest_pose(place: dict[str, Tensor]) -> tuple[dict[str, float], dict[str, Tensor]]:
    """Mean bone lengths in cm, left and right alike, and the bones' directions at rest."""
    raw = {j.name: _length(place[j.to] - place[j.at]).mean().item() for j in JOINTS if j.to}
    twin = {
        j.name: o.name
        for a, b in ((_LEFTS, _RIGHTS), (_RIGHTS, _LEFTS))
        for j, o in zip(a, b, strict=True)
    }
    lengths = {name: (raw[name] + raw[twin.get(name, name)]) / 2 for name in raw}

    # Some skeletons have the hip between the thigh heads, others a hand above: measure which.
    hips = place["left_hip"] - place["right_hip"]
    pelvis = _aim(place["spine"] - place["hip"], UP, hips, LEFT)
    mirror = torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64)

    def seen_from_pelvis(side: str) -> Tensor:
        bone = place[f"{side}_hip"] - place["hip"]
        return _unit((pelvis.mT @ bone.unsqueeze(-1)).squeeze(-1).mean(0))

    towards_left = _unit(seen_from_pelvis("left") + mirror * seen_from_pelvis("right"))
    rests = {
        joint.name: _unit(torch.tensor(joint.rest, dtype=torch.float64))
        for joint in JOINTS
        if joint.rest is not None
    }
    rests["LHipJoint"], rests["RHipJoint"] = towards_left, mirror * towards_left
    return lengths, rests
