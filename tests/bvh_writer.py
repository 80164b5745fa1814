"""BVH files as different programs write them, and where the joints then are, by other means.

The truth is computed with scipy, joint by joint and frame by frame, so that it shares nothing with
the reader but the definition of the format.
"""

import warnings
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import Rotation

# key: (parent, offset in cm; Y up, the person faces +Z, their left is +X)
BODY = {
    "hips": (None, (0.0, 95.0, 0.0)),
    "spine": ("hips", (0.0, 10.0, 0.0)),
    "chest": ("spine", (0.0, 18.0, 0.0)),
    "neck": ("chest", (0.0, 24.0, 0.0)),
    "head": ("neck", (0.0, 10.0, 0.5)),
    "head_top": ("head", (0.0, 18.0, 0.0)),
    **{
        f"{side}_{joint}": (parent.replace("*", side), (sign * x, y, z))
        for side, sign in (("left", 1), ("right", -1))
        for joint, parent, (x, y, z) in (
            ("collar", "chest", (2.0, 20.0, 0.0)),
            ("shoulder", "*_collar", (15.0, 1.0, 0.0)),
            ("elbow", "*_shoulder", (28.0, 0.0, 0.0)),
            ("wrist", "*_elbow", (25.0, 0.0, 0.0)),
            ("fingers", "*_wrist", (15.0, 0.0, 0.0)),
            ("hip", "hips", (9.5, -4.0, 0.0)),
            ("knee", "*_hip", (0.0, -42.0, 1.0)),
            ("foot", "*_knee", (0.0, -41.0, -1.0)),
            ("toe", "*_foot", (0.0, -6.0, 14.0)),
        )
    },
}
ENDS = {"head_top", "left_fingers", "right_fingers", "left_toe", "right_toe"}
# Names, in the order of KEYS; {} is where the side goes.
KEYS = [
    "hips",
    "spine",
    "chest",
    "neck",
    "head",
    "collar",
    "shoulder",
    "elbow",
    "wrist",
    "hip",
    "knee",
    "foot",
]
NAMES = {
    "motionbuilder": (("Left", "Right"), "Hips Spine Spine1 Neck Head {}Shoulder {}Arm {}ForeArm "
                      "{}Hand {}UpLeg {}Leg {}Foot"),
    "mixamo": (("Left", "Right"), "mixamorig:Hips mixamorig:Spine mixamorig:Spine1 mixamorig:Neck "
               "mixamorig:Head mixamorig:{}Shoulder mixamorig:{}Arm mixamorig:{}ForeArm "
               "mixamorig:{}Hand mixamorig:{}UpLeg mixamorig:{}Leg mixamorig:{}Foot"),
    "blender": (("L", "R"), "spine spine.001 spine.002 spine.004 spine.006 shoulder.{} "
                "upper_arm.{} forearm.{} hand.{} thigh.{} shin.{} foot.{}"),
    "blender_named": (("L", "R"), "hips spine chest neck head shoulder.{} upper_arm.{} forearm.{} "
                      "hand.{} thigh.{} shin.{} foot.{}"),
    "biovision": (("Left", "Right"), "Hips Chest Chest2 Neck Head {}Collar {}Shoulder {}Elbow "
                  "{}Wrist {}Hip {}Knee {}Ankle"),
    "biped": (("L", "R"), "Bip01_Pelvis Bip01_Spine Bip01_Spine1 Bip01_Neck Bip01_Head "
              "Bip01_{}_Clavicle Bip01_{}_UpperArm Bip01_{}_Forearm Bip01_{}_Hand Bip01_{}_Thigh "
              "Bip01_{}_Calf Bip01_{}_Foot"),
    "unity": (("Left", "Right"), "Hips Spine Chest Neck Head {}_Shoulder {}_Upper_Arm "
              "{}_Lower_Arm {}_Hand {}_Upper_Leg {}_Lower_Leg {}_Foot"),
    "unreal": (("l", "r"), "pelvis spine_01 spine_02 neck_01 head clavicle_{} upperarm_{} "
               "lowerarm_{} hand_{} thigh_{} calf_{} foot_{}"),
    "daz": (("l", "r"), "hip abdomen chest neck head {}Collar {}Shldr {}ForeArm {}Hand {}Thigh "
            "{}Shin {}Foot"),
    "daz_genesis": (("l", "r"), "hip abdomenLower chestUpper neckLower head {}Collar {}ShldrBend "
                    "{}ForearmBend {}Hand {}ThighBend {}Shin {}Foot"),
    "rokoko": (("Left", "Right"), "Hips Spine Chest Neck Head {}Shoulder {}Arm {}Forearm {}Hand "
               "{}Thigh {}Shin {}Foot"),
    "xsens": (("Left", "Right"), "Pelvis L5 T8 Neck Head {}Shoulder {}UpperArm {}ForeArm {}Hand "
              "{}UpperLeg {}LowerLeg {}Foot"),
    "smpl": (("L", "R"), "Pelvis Spine1 Spine3 Neck Head {}_Collar {}_Shoulder {}_Elbow {}_Wrist "
             "{}_Hip {}_Knee {}_Ankle"),
    "kinect": (("LEFT", "RIGHT"), "PELVIS SPINE_NAVEL SPINE_CHEST NECK HEAD CLAVICLE_{} "
               "SHOULDER_{} ELBOW_{} WRIST_{} HIP_{} KNEE_{} ANKLE_{}"),
    "arkit": (("left", "right"), "hips_joint spine_3_joint spine_7_joint neck_1_joint head_joint "
              "{}_shoulder_1_joint {}_arm_joint {}_forearm_joint {}_hand_joint {}_upLeg_joint "
              "{}_leg_joint {}_foot_joint"),
    "motive": (("L", "R"), "Hip Ab Chest Neck Head {}Shoulder {}UArm {}FArm {}Hand {}Thigh {}Shin "
               "{}Foot"),
    "makehuman": (("L", "R"), "root spine05 spine02 neck01 head clavicle.{} upperarm01.{} "
                  "lowerarm01.{} wrist.{} upperleg01.{} lowerleg01.{} foot.{}"),
    "character_creator": (("L", "R"), "CC_Base_Hip CC_Base_Waist CC_Base_Spine02 "
                          "CC_Base_NeckTwist01 CC_Base_Head CC_Base_{}_Clavicle "
                          "CC_Base_{}_Upperarm CC_Base_{}_Forearm CC_Base_{}_Hand "
                          "CC_Base_{}_Thigh CC_Base_{}_Calf CC_Base_{}_Foot"),
    "vroid": (("L", "R"), "J_Bip_C_Hips J_Bip_C_Spine J_Bip_C_Chest J_Bip_C_Neck J_Bip_C_Head "
              "J_Bip_{}_Shoulder J_Bip_{}_UpperArm J_Bip_{}_LowerArm J_Bip_{}_Hand "
              "J_Bip_{}_UpperLeg J_Bip_{}_LowerLeg J_Bip_{}_Foot"),
    "second_life": (("Left", "Right"), "mPelvis mTorso mChest mNeck mHead mCollar{} mShoulder{} "
                    "mElbow{} mWrist{} mHip{} mKnee{} mAnkle{}"),
    "acclaim": (("l", "r"), "root lowerback upperback lowerneck head {}clavicle {}humerus {}radius "
                "{}wrist {}femur {}tibia {}foot"),
}  # fmt: skip
HOUSE_KEYS = {
    "hip": "hips", "spine": "chest", "thorax": "neck", "head": "head_top",
    **{f"{side}_{joint}": f"{side}_{joint}" for side in ("left", "right")
       for joint in ("hip", "knee", "foot", "shoulder", "elbow", "wrist")},
}  # fmt: skip


@dataclass
class Style:
    """How a program writes: names, order of the rotation channels, which joints have positions,
    millimetres per unit, axis that points up, nodes above the hips, spaces in names."""

    names: str = "motionbuilder"
    order: str = "ZXY"
    positions: str = "root"  # or 'all', 'zeros', 'moving'
    unit_mm: float = 10.0
    up: str = "y"
    above: tuple[str, ...] = ()
    ends: bool = True
    spaces: bool = False
    odd_rest: bool = False  # each joint has axes of its own: the rest pose is no person
    extra: dict[str, str] = field(default_factory=dict)  # {key: name of one more child joint}


def name_of(style: Style, key: str) -> str:
    sides, line = NAMES[style.names]
    side, _, joint = key.rpartition("_")
    names = dict(zip(KEYS, line.split(), strict=True))
    if side:
        return names[joint].replace("{}", sides[side == "right"])
    return names[key]


def write(style: Style, frames: int = 6, seed: int = 0, rate: float = 30.0):
    """(text of the file, {key: (frames, 3) world mm, z up})."""
    rng = np.random.default_rng(seed)
    to_file = {"y": np.eye(3), "z": np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])}[style.up]
    keys = [key for key in _depth_first("hips") if key not in ENDS]
    angles = {key: rng.uniform(-25, 25, (frames, 3)) for key in keys}
    root = np.array([0.0, 95.0, 0.0]) + np.cumsum(rng.normal(0, 2, (frames, 3)), 0)
    turns = {
        key: [_turn(style, to_file, angles[key][frame]) for frame in range(frames)] for key in keys
    }
    axes = {key: np.eye(3) for key in BODY}
    if style.odd_rest:
        for key in keys:
            axes[key] = Rotation.random(random_state=rng.integers(1 << 30)).as_matrix()
    stretch = {key: np.ones(frames) for key in BODY}
    if style.positions == "moving":
        stretch["left_knee"] = np.linspace(1, 1.1, frames)

    scale = 10.0 / style.unit_mm
    lines, rows = ["HIERARCHY"], [[] for _ in range(frames)]

    def joint(key: str, word: str, tab: str) -> None:
        parent = BODY[key][0]
        above = axes[parent] if parent else np.eye(3)
        offset = above.T @ np.array(BODY[key][1]) if parent else np.zeros(3)
        numbers = " ".join(f"{v:.6f}" for v in to_file @ offset * scale)
        moves = key == "hips" or style.positions in ("all", "zeros") or (
            style.positions == "moving" and key == "left_knee"
        )  # fmt: skip
        place = [f"{axis}position" for axis in "XYZ"] if moves else []
        channels = place + [f"{axis}rotation" for axis in style.order]
        name = name_of(style, key)
        name = name.replace("_", " ") if style.spaces else name
        lines.extend([f"{tab}{word} {name}", f"{tab}{{", f"{tab}\tOFFSET {numbers}",
                      f"{tab}\tCHANNELS {len(channels)} {' '.join(channels)}"])  # fmt: skip
        for frame in range(frames):
            if moves:
                at = root[frame] if key == "hips" else offset * stretch[key][frame]
                zero = style.positions == "zeros" and key != "hips"
                rows[frame] += [0.0] * 3 if zero else (to_file @ at * scale).tolist()
            turn = above.T @ turns[key][frame] @ axes[key]
            turn = Rotation.from_matrix(to_file @ turn @ to_file.T)
            with warnings.catch_warnings(action="ignore"):  # gimbal lock: any of the solutions
                rows[frame] += turn.as_euler(style.order, degrees=True).tolist()
        if key in style.extra:
            lines.extend([f"{tab}\tJOINT {style.extra[key]}", f"{tab}\t{{",
                          f"{tab}\t\tOFFSET 1 2 3", f"{tab}\t\tCHANNELS 3 Zrotation Xrotation "
                          "Yrotation", f"{tab}\t}}"])  # fmt: skip
            for frame in range(frames):
                rows[frame] += [10.0, 20.0, 30.0]
        for child in (c for c, (parent, _) in BODY.items() if parent == key):
            if child not in ENDS:
                joint(child, "JOINT", tab + "\t")
            elif style.ends:
                offset = axes[key].T @ np.array(BODY[child][1])
                end = " ".join(f"{v:.6f}" for v in to_file @ offset * scale)
                lines.extend([f"{tab}\tEnd Site", f"{tab}\t{{", f"{tab}\t\tOFFSET {end}",
                              f"{tab}\t}}"])  # fmt: skip
        lines.append(f"{tab}}}")

    for depth, name in enumerate(style.above):
        tab = "\t" * depth
        lines.extend([f"{tab}{'JOINT' if depth else 'ROOT'} {name}", f"{tab}{{",
                      f"{tab}\tOFFSET 0 0 0", f"{tab}\tCHANNELS 6 Xposition Yposition Zposition "
                      "Zrotation Xrotation Yrotation"])  # fmt: skip
        for frame in range(frames):
            rows[frame] += [0.0] * 6
    joint("hips", "JOINT" if style.above else "ROOT", "\t" * len(style.above))
    lines += ["\t" * d + "}" for d in reversed(range(len(style.above)))]
    lines += ["MOTION", f"Frames: {frames}", f"Frame Time: {1 / rate:.8f}"]
    lines += [" ".join(f"{v:.6f}" for v in row) for row in rows]
    return "\n".join(lines) + "\n", truth_of(turns, root, stretch, frames)


def _turn(style: Style, to_file: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """The rotation in Y-up axes that these channels make in the file's axes."""
    turn = Rotation.from_euler(style.order, degrees, degrees=True).as_matrix()
    return to_file.T @ turn @ to_file


def truth_of(turns: dict, root: np.ndarray, stretch: dict, frames: int) -> dict[str, np.ndarray]:
    where = {key: np.zeros((frames, 3)) for key in BODY}
    for frame in range(frames):
        axes = {}
        for key in _depth_first("hips"):
            parent, offset = BODY[key]
            if parent is None:
                where[key][frame], above = root[frame], np.eye(3)
            else:
                above = axes[parent]
                moved = np.array(offset) * stretch[key][frame]
                where[key][frame] = where[parent][frame] + above @ moved
            axes[key] = above @ turns[key][frame] if key in turns else above
    to_house = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])  # Y up -> z up
    return {key: 10.0 * at @ to_house.T for key, at in where.items()}


def _depth_first(key: str) -> list[str]:
    found = [key]
    for child, (parent, _) in BODY.items():
        if parent == key:
            found += _depth_first(child)
    return found
