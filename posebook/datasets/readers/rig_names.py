"""What a motion-capture joint is, by its name.

Every exporter has names of its own: the upper leg is LeftUpLeg, mixamorig:LeftUpLeg, thigh.L,
'Bip01 L Thigh', lThigh, Left_Upper_Leg, L_Hip, lfemur. A name is cut into words; words for a side
and words that only say "joint" are taken off; what is left is looked up. Some words mean different
joints to different exporters (LeftShoulder is the collar bone beside LeftArm, and the upper arm
beside LeftElbow), so each limb joint has a list of words, best first.
"""

import re

from posebook.datasets.readers.files import listed, short
from posebook.datasets.readers.rigs import Rig
from posebook.errors import InputError

#: Words for each joint of a limb, best first. A joint found is not looked at again, so the order
#: of the lines counts too: 'leg' is the knee where there is a thigh, and the thigh beside a shin.
LIMB_WORDS: dict[str, tuple[str, ...]] = {
    "foot": ("ankle", "foot", "tarsus"),
    "knee": ("knee", "lowleg", "lowerleg", "shin", "shinbend", "calf", "tibia", "shank", "leg"),
    "hip": (
        "thigh", "thighbend", "upleg", "upperleg", "uleg", "femur", "hip", "leg",
        "hipjoint", "buttock",
    ),
    "wrist": ("wrist", "hand"),
    "elbow": (
        "elbow", "forearm", "forearmbend", "lowerarm", "lowarm", "loarm", "farm", "larm", "radius",
    ),
    "shoulder": (
        "upperarm", "uparm", "uarm", "humerus", "shldr", "shldrbend", "arm", "shoulder",
    ),
}  # fmt: skip
_PELVIS = ("hips", "hip", "pelvis", "spinebase", "waist")
_NECK = ("neck", "necktwist", "necklower", "neckupper", "lowerneck", "upperneck", "lowneck")
_HEAD = ("head", "skull")
#: Helpers that carry the name of a joint but are none: twist and roll bones, fingers, IK targets.
_NOT_JOINTS = re.compile(
    r"(twist|roll|thumb|index|middle|ring|pinky|little|finger|heel|ik|pole|target|nub|tip|"
    r"effector|eye|jaw|hair|helper)$"
)
_TOP = re.compile(r"(top|end|nub|site)$", re.IGNORECASE)
_SIDES = {
    "left": "left", "l": "left", "lft": "left", "lt": "left",
    "right": "right", "r": "right", "rgt": "right", "rt": "right",
}  # fmt: skip
_FILLERS = {
    "bip", "biped", "valve", "j", "jnt", "joint", "bn", "bone", "def", "org", "m", "b", "sk",
    "cc", "base", "character", "mixamorig", "skel", "actor", "subject", "node", "rig", "avatar",
}  # fmt: skip
_KNOWN = {word for words in LIMB_WORDS.values() for word in words} | {*_PELVIS, *_NECK, *_HEAD}


def side_and_word(name: str) -> tuple[str, str, bool]:
    """('left' | 'right' | '', the word that is left, whether it is a known word exactly).

    A name space in front ('mixamorig:', 'Armature|') is dropped. "Bip01 L Thigh" -> ('left',
    'thigh', True); "thigh.L" the same; "CC_Base_L_Thigh" too; "LeftHandThumb1" -> '' word.
    """
    bare = re.split(r"[:|/]", name)[-1]
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", bare)
    words = [word.lower() for word in words]
    side = next((_SIDES[word] for word in words if word in _SIDES), "")
    words = [word for word in words if word not in _SIDES]
    joined = "".join(words)
    if not side:
        side, joined = _side_in_front(joined)
    if joined in _KNOWN:
        return side, joined, True
    bare_word = "".join(word for word in words if word not in _FILLERS)
    if bare_word in _KNOWN:
        return side, bare_word, True
    if _NOT_JOINTS.search(joined):
        return side, "", False
    # An unknown word in front: the longest known word that the name ends with.
    for word in sorted(_KNOWN, key=len, reverse=True):
        if len(word) > 2 and joined.endswith(word):
            return side, word, False
    return side, "", False


def _side_in_front(word: str) -> tuple[str, str]:
    """'lfemur' -> ('left', 'femur'); 'leg' stays 'leg'."""
    for start, side in (("left", "left"), ("right", "right"), ("l", "left"), ("r", "right")):
        if word.startswith(start) and word[len(start) :] in _KNOWN and word not in _KNOWN:
            return side, word[len(start) :]
    return "", word


def find_joints(rig: Rig, given: dict[str, str] | None = None, path: str = "") -> dict[str, int]:
    """{our name: index in the rig} for what can be named: limbs, pelvis, necks and head.

    Keys: left_hip ... right_wrist (all twelve are there, or InputError says which are missing),
    and as far as the file has them pelvis, neck, neck_2, head, head_top.

    given  {our name: the file's name}: what the user names by hand, taken first
    """
    found: dict[str, int] = {}
    for joint, name in (given or {}).items():
        if name not in rig.names:
            raise InputError(f"{path}: names: no joint is called '{name}' (for {joint})")
        found[joint] = rig.names.index(name)
    parts = [side_and_word(name) for name in rig.names]
    taken = set(found.values())
    for side in ("left", "right"):
        for joint, words in LIMB_WORDS.items():
            if f"{side}_{joint}" in found:
                continue
            index = _best(rig, parts, side, words, taken)
            if index is not None:
                found[f"{side}_{joint}"] = index
                taken.add(index)
    _check_limbs(rig, found, path)
    _trunk(rig, parts, found)
    return found


def _best(rig: Rig, parts: list, side: str, words: tuple[str, ...], taken: set[int]) -> int | None:
    """The joint that the first of `words` fits: an exact name first, then the nearest the root."""
    for word in words:
        fits = [
            (not exact, len(rig.chain(index)), index)
            for index, (its_side, its_word, exact) in enumerate(parts)
            if its_side == side and its_word == word and index not in taken
        ]
        if fits:
            return min(fits)[2]
    return None


def _check_limbs(rig: Rig, found: dict[str, int], path: str) -> None:
    needed = [f"{side}_{joint}" for side in ("left", "right") for joint in LIMB_WORDS]
    missing = [joint for joint in needed if joint not in found]
    if missing:
        raise InputError(
            f"{path}: no joint names for {', '.join(missing)} among "
            f"{listed(rig.names, 40)}; say --names {missing[0]}=NAME,..."
        )
    for side in ("left", "right"):
        for inner, outer in (("hip", "knee"), ("knee", "foot"), ("shoulder", "elbow"),
                             ("elbow", "wrist")):  # fmt: skip
            near, far = found[f"{side}_{inner}"], found[f"{side}_{outer}"]
            if near == far or near not in rig.chain(far):
                raise InputError(
                    f"{path}: {short(rig.names[far])} (the {side} {outer}) does not hang on "
                    f"{short(rig.names[near])} (the {side} {inner}); say --names {side}_{outer}=..."
                )


def _trunk(rig: Rig, parts: list, found: dict[str, int]) -> None:
    """Pelvis, neck and head: by name, and by where the limbs branch off."""
    legs = [index for index in rig.chain(found["left_hip"])[1:] if index in
            rig.chain(found["right_hip"])[1:]]  # fmt: skip
    if "pelvis" not in found:
        named = [index for index in legs if parts[index][0] == "" and parts[index][1] in _PELVIS]
        if named or legs:
            found["pelvis"] = (named or legs)[0]
    if "head" not in found:
        head = _best(rig, parts, "", _HEAD, set(found.values()))
        if head is not None:
            found["head"] = head
        else:
            _head_by_place(rig, parts, found)
    if "head" in found and "neck" not in found:
        above = [index for index in rig.chain(found["head"])[1:] if parts[index][1] in _NECK]
        above.reverse()  # from the trunk up
        for key, index in zip(("neck", "neck_2"), above, strict=False):
            found.setdefault(key, index)
    if "head" in found:
        ends = [index for index in rig.children(found["head"]) if _TOP.search(rig.names[index])]
        if ends:
            found.setdefault("head_top", ends[0])


def _head_by_place(rig: Rig, parts: list, found: dict[str, int]) -> None:
    """Neck and head where none is called so (Blender's spine.004 to spine.006): the chain of
    middle joints that goes on above the joint that both arms hang on."""
    left, right = (rig.chain(found[f"{side}_shoulder"])[1:] for side in ("left", "right"))
    chest = next((index for index in left if index in right), None)
    if chest is None:
        return
    down = {*left, *right, *rig.chain(found["left_hip"]), *rig.chain(found["right_hip"])}
    chain = [chest]
    while True:
        onward = [
            index
            for index in rig.children(chain[-1])
            if index not in down and not parts[index][0] and not rig.names[index].endswith(".end")
        ]
        if len(onward) != 1 or len(chain) > 5:
            break
        chain.append(onward[0])
    if len(chain) > 2:
        found["neck"], found["head"] = chain[1], chain[-1]


def is_head_by_name(name: str) -> bool:
    return side_and_word(name)[1] in _HEAD
