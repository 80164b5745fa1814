"""A motion in files as other programs write them, for `posebook lift`.

As BVH in the styles of eight exporters (names, units, axes and channels differ), as a folder of
OpenPose BODY_25 files (a third of the joints missing at times, and somebody walking through), and
as COCO key points. `bvh_writer` makes random turns of a body of its own, with the truth beside.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from posebook.datasets import layouts
from posebook.datasets.clips import Clip, Motion
from posebook.export.rigid_body import JOINTS, Rig, rig
from posebook.export.upright import camera_around
from posebook.skeletons import BODY_25, COCO_17


@dataclass(frozen=True)
class Style:
    """How a program writes BVH.

    names     our joint names -> the program's, '*' stands for a joint's side as in `sides`; joints
              without a name here keep ours
    sides     the program's words for left and right
    order     of the rotation channels
    everywhere  six channels on every joint, its offset repeated in the position channels
    reference   a root above the hips, which does not move
    z_up      the file's axes are x, y, z up instead of Y up
    """

    name: str
    names: dict[str, str]
    sides: tuple[str, str] = ("Left", "Right")
    unit_mm: float = 10.0
    order: str = "ZXY"
    everywhere: bool = False
    reference: str = ""
    z_up: bool = False


_LIMBS = ("HipJoint", "UpLeg", "Leg", "Foot", "Shoulder", "Arm", "ForeArm", "Hand")


def _limbs(*words: str) -> dict[str, str]:
    return dict(zip(_LIMBS, words, strict=True))


STYLES = (
    Style("cmu_motionbuilder", {}, order="ZYX"),
    Style(
        "motionbuilder_reference",
        {},
        order="ZXY",
        everywhere=True,
        reference="Reference",
    ),
    Style(
        "mixamo",
        _limbs("mixamorig:*HipJoint", *(f"mixamorig:*{word}" for word in _LIMBS[1:]))
        | {
            "Hips": "mixamorig:Hips",
            "LowerBack": "mixamorig:Spine",
            "Spine": "mixamorig:Spine1",
            "Neck": "mixamorig:Neck",
            "Head": "mixamorig:Head",
        },
        order="ZYX",
    ),
    Style(
        "blender",
        _limbs("pelvis.*", "thigh.*", "shin.*", "foot.*", "shoulder.*", "upper_arm.*",
               "forearm.*", "hand.*")
        | {"Hips": "hips", "LowerBack": "spine", "Spine": "chest", "Neck": "neck", "Head": "head"},
        sides=("L", "R"),
        unit_mm=1000.0,
        order="XYZ",
        z_up=True,
    ),
    Style(
        "biovision",
        _limbs("*HipJoint", "*Hip", "*Knee", "*Ankle", "*Collar", "*Shoulder", "*Elbow", "*Wrist")
        | {"LowerBack": "Abdomen", "Spine": "Chest"},
        unit_mm=25.4,
    ),
    Style(
        "biped",
        _limbs("Bip01 * Pelvis", "Bip01 * Thigh", "Bip01 * Calf", "Bip01 * Foot",
               "Bip01 * Clavicle", "Bip01 * UpperArm", "Bip01 * Forearm", "Bip01 * Hand")
        | {"Hips": "Bip01 Pelvis", "LowerBack": "Bip01 Spine", "Spine": "Bip01 Spine1",
           "Neck": "Bip01 Neck", "Head": "Bip01 Head"},
        sides=("L", "R"),
        unit_mm=25.4,
        order="YXZ",
        reference="Bip01",
    ),
    Style(
        "poser",
        _limbs("*Buttock", "*Thigh", "*Shin", "*Foot", "*Collar", "*Shldr", "*ForeArm", "*Hand")
        | {"Hips": "hip", "LowerBack": "abdomen", "Spine": "chest", "Neck": "neck", "Head": "head"},
        sides=("l", "r"),
        order="XZY",
    ),
    Style("neuron", {"LowerBack": "Spine", "Spine": "Spine1"}, order="YXZ", everywhere=True),
)  # fmt: skip


def _called(style: Style, joint: str) -> str:
    for prefix, side in (("Left", 0), ("Right", 1), ("L", 0), ("R", 1)):
        part = joint.removeprefix(prefix)
        if part != joint and part in _LIMBS:
            if part == "HipJoint" and part not in style.names:
                return joint
            return style.names.get(part, f"*{part}").replace("*", style.sides[side])
    return style.names.get(joint, joint)


def bvh_in_style(body: Rig, frames_per_second: float, style: Style) -> str:
    """The text of a BVH file as `style` would have it."""
    scale = 10.0 / style.unit_mm
    # A turn of the axes: y-up (x, y, z) becomes z-up (x, -z, y).
    axes = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]) if style.z_up else np.eye(3)
    offsets = body.offsets_cm.numpy() @ axes.T * scale
    turns = axes @ body.turns.numpy() @ axes.T
    angles = np.stack(
        [
            Rotation.from_matrix(turns[:, joint]).as_euler(style.order, degrees=True)
            for joint in range(len(JOINTS))
        ],
        1,
    )
    root = body.root_cm.numpy() @ axes.T * scale
    turned = " ".join(f"{axis}rotation" for axis in style.order)
    six = f"CHANNELS 6 Xposition Yposition Zposition {turned}"
    lines, columns = ["HIERARCHY"], []
    children: dict[str | None, list[int]] = {}
    for index, joint in enumerate(JOINTS):
        children.setdefault(joint.parent, []).append(index)

    def words(values) -> str:
        return " ".join(f"{value:.6f}" for value in values)

    def write(index: int, depth: int) -> None:
        joint, tab = JOINTS[index], "  " * depth
        lines.append(f"{tab}{'JOINT' if depth else 'ROOT'} {_called(style, joint.name)}")
        lines.append(f"{tab}{{")
        lines.append(f"{tab}  OFFSET {words(offsets[index])}")
        moves = joint.parent is None or style.everywhere
        lines.append(f"{tab}  {six if moves else f'CHANNELS 3 {turned}'}")
        if joint.parent is None:
            columns.append(root)
        elif style.everywhere:
            columns.append(np.broadcast_to(offsets[index], root.shape))
        columns.append(angles[:, index])
        for child in children.get(joint.name, []):
            write(child, depth + 1)
        if joint.name in body.ends_cm:
            end = body.ends_cm[joint.name].numpy() @ axes.T * scale
            lines.extend([f"{tab}  End Site", f"{tab}  {{", f"{tab}    OFFSET {words(end)}"])
            lines.append(f"{tab}  }}")
        lines.append(f"{tab}}}")

    if style.reference:
        lines.extend([f"ROOT {style.reference}", "{", "  OFFSET 0 0 0", f"  {six}"])
        columns.append(np.zeros((len(root), 6)))
        write(0, 1)
        lines.append("}")
    else:
        write(0, 0)
    rows = np.concatenate(columns, 1)
    lines += ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {1 / frames_per_second:.7f}"]
    return "\n".join(lines + [words(row) for row in rows]) + "\n"


def write_bvhs(motion: Motion, folder: Path) -> list[Path]:
    """One file for each style. Returns their paths."""
    body = rig(motion.world_mm)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for style in STYLES:
        paths.append(folder / f"{style.name}.bvh")
        paths[-1].write_text(bvh_in_style(body, motion.frames_per_second, style))
    return paths


def write_openpose(motion: Motion, folder: Path, seed: int = 0) -> Path:
    """A folder of BODY_25 files: `motion`, with holes, and a second person walking through.

    In every third second, each joint is missing with probability 1/3 in each frame; single joints
    are missing here and there. The second person is the first, later, mirrored, further away, for
    half of the film, and the two change places in the list.
    """
    generator = np.random.default_rng(seed)
    camera, _ = camera_around(motion)
    first = layouts.in_layout(motion.seen_by(camera), BODY_25)
    rows = _rows(first, generator)
    rate = motion.frames_per_second
    for frame in range(len(rows)):
        share = 1 / 3 if int(frame / rate) % 3 == 1 else 0.02
        rows[frame][generator.random(len(BODY_25)) < share] = 0
    passing = layouts.in_layout(_passing(motion).seen_by(camera), BODY_25)
    others = _rows(passing, generator)
    folder.mkdir(parents=True, exist_ok=True)
    for frame, row in enumerate(rows):
        people = [row]
        if len(rows) // 4 <= frame < 3 * len(rows) // 4:
            people.insert(int(generator.integers(2)), others[frame])
        record = {
            "version": 1.3,
            "people": [
                {"person_id": [-1], "pose_keypoints_2d": person.flatten().round(3).tolist()}
                for person in people
            ],
        }
        (folder / f"{folder.name}_{frame:012d}_keypoints.json").write_text(json.dumps(record))
    return folder


def _passing(motion: Motion) -> Motion:
    """Somebody else: the same motion mirrored and from its end, 1.2 m behind, across the view."""
    world = motion.skeleton.swap_sides(motion.world_mm.flip(0)).clone()
    middle = world[..., 0].mean()
    world[..., 0] = 2 * middle - world[..., 0]
    way = torch.linspace(-900, 900, len(world)).to(world)
    world[..., 0] += way.unsqueeze(-1)
    world[..., 1] += 1200
    return replace(motion, world_mm=world)


def _rows(clip: Clip, generator: np.random.Generator, jitter_px: float = 1.5) -> np.ndarray:
    """(frames, joints, 3): x, y, confidence, as a detector writes them; zeros where missing."""
    points = clip.keypoints_px.double().numpy()
    points = points + jitter_px * generator.standard_normal(points.shape)
    seen = (clip.confidence > 0).numpy()
    trust = np.where(seen, generator.uniform(0.6, 0.95, seen.shape), 0.0)
    return np.where(seen[..., None], np.concatenate([points, trust[..., None]], -1), 0.0)


def write_coco(motion: Motion, path: Path, every: int = 10, seed: int = 0) -> Path:
    """COCO key points of one frame in `every`, as annotations of pictures that are not there."""
    generator = np.random.default_rng(seed)
    camera, _ = camera_around(motion)
    clip = layouts.in_layout(motion.seen_by(camera), COCO_17).every(every)
    width, height = camera.size_px
    images, annotations = [], []
    for frame, row in enumerate(_rows(clip, generator)):
        file = f"frame_{frame:06d}.jpg"
        images.append({"id": frame, "file_name": file, "width": width, "height": height})
        marked = row[:, 2] > 0
        low, high = row[marked, :2].min(0), row[marked, :2].max(0)
        values = np.concatenate([row[:, :2], np.where(marked, 2, 0)[:, None]], -1)
        annotations.append(
            {
                "id": frame,
                "image_id": frame,
                "category_id": 1,
                "keypoints": values.flatten().round(2).tolist(),
                "num_keypoints": int(marked.sum()),
                "bbox": [*low.round(1).tolist(), *(high - low).round(1).tolist()],
                "area": float(np.prod(high - low).round(1)),
                "iscrowd": 0,
            }
        )
    category = {"id": 1, "name": "person", "keypoints": _coco_names()}
    record = {"images": images, "annotations": annotations, "categories": [category]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))
    return path


def _coco_names() -> list[str]:
    return [joint.replace("_foot", "_ankle") for joint in COCO_17.joints]
