"""What the options of `posebook lift` mean: each is checked before any file is read."""

import re
from pathlib import Path
from typing import Any

import torch

from posebook.cameras import Camera
from posebook.datasets.readers.files import number, short
from posebook.errors import InputError
from posebook.export.formats import NAMES, ON_REQUEST
from posebook.files import read_record
from posebook.key_points import MIN_CONFIDENCE
from posebook.lifting import low_pass
from posebook.lifting.notes import Note

#: People, from a newborn to the tallest ever measured, m.
_SHORTEST_M, _TALLEST_M = 0.4, 2.8


def height_mm(height: Any) -> float | None:
    """The height of a person in mm, from metres as a number or as text such as '1.82'."""
    if height is None:
        return None
    text = height.strip().lower().removesuffix("m").replace(",", ".") if isinstance(
        height, str) else height  # fmt: skip
    metres = number(text, "--height", "the height")
    if _SHORTEST_M <= metres <= _TALLEST_M:
        return 1000 * metres
    for unit, per_metre in (("centimetres", 100), ("millimetres", 1000)):
        if _SHORTEST_M <= metres / per_metre <= _TALLEST_M:
            raise InputError(
                f"--height is {short(height)}, which looks like {unit}; expected metres: "
                f"{metres / per_metre:g}"
            )
    raise InputError(
        f"--height is {short(height)}; expected a person's height in metres, "
        f"{_SHORTEST_M:g} to {_TALLEST_M:g}, such as 1.82"
    )


def confidence(least: Any) -> float:
    """The confidence that a joint needs, from 0 to 1."""
    if least is None:
        return MIN_CONFIDENCE
    value = number(least, "--min-confidence", "the confidence")
    if not 0 <= value <= 1:
        raise InputError(
            f"--min-confidence is {short(least)}; expected 0 to 1, to which confidences on other "
            "scales are brought"
        )
    return value


def excerpt_s(given: Any) -> tuple[float, float] | None:
    """From where to where in a film, s: '12-18', '1:02.5-1:10', or two numbers."""
    if given is None:
        return None
    words = given.split("-") if isinstance(given, str) else list(given)
    try:
        first, last = (_clock(str(word)) for word in words)
    except ValueError:
        first, last = 0.0, 0.0
    if not first < last < 1e6:
        raise InputError(
            f"--excerpt is {short(given)}; expected from where to where in the film, in seconds: "
            "12-18, or 1:02.5-1:10"
        )
    return first, last


def _clock(text: str) -> float:
    """'62.5', '1:02.5' or '0:01:02.5' as seconds; ValueError for anything else."""
    if not re.fullmatch(r"\s*([0-9]{1,6}:){0,2}[0-9]{1,6}(\.[0-9]*)?\s*s?\s*", text):
        raise ValueError(text)
    seconds = 0.0
    for part in text.strip().rstrip("s ").split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


def person_in_picture(person: Any) -> int | None:
    """Which person of a picture, 1 for the most prominent; None: everybody."""
    text = "all" if person is None else str(person).strip().lower()
    if text == "all":
        return None
    if not text.isdecimal() or int(text[:9]) < 1:
        raise InputError(f"--person is {short(person)}; expected 1, 2, ... or all")
    return int(text[:9])


def joint_names(names: Any) -> dict[str, str] | None:
    """{our name: the file's name} out of 'left_knee=LShin,right_knee=RShin'."""
    if names is None or isinstance(names, dict):
        return names
    pairs = [pair.partition("=") for pair in str(names).split(",")]
    if not all(ours.strip() and sign and theirs.strip() for ours, sign, theirs in pairs):
        raise InputError(
            f"--names is {short(names)}; expected left_knee=NAME,right_knee=NAME: our name of a "
            "joint, then the file's"
        )
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


def up_of_key_points(up: Any) -> str | None:
    """'y' where y is counted upwards in the picture, '-y' where it is not."""
    text = None if up is None else str(up).strip().lower()
    if text not in (None, "y", "-y"):
        raise InputError(
            f"--up is {short(up)}; expected y where a picture's y is counted upwards, else -y"
        )
    return text


def on_request(write: Any) -> tuple[str, ...]:
    """Names of the files that --write asks for beside those always written, from 'trc,csv'."""
    if write is None:
        return ()
    always = [name.rpartition(".")[2] for name in NAMES]
    words = write.split(",") if isinstance(write, str) else [str(word) for word in write]
    words = [word.strip().lower().removeprefix(".") for word in words]
    words = ["gltf" if word == "glb" else word for word in words]
    if unknown := [word for word in words if word not in (*ON_REQUEST, *always)]:
        raise InputError(
            f"--write is {short(write)}: {short(unknown[0])} is no format; expected some of "
            f"{', '.join(ON_REQUEST)} ({', '.join(always)} are always written)"
        )
    return tuple(file for word, file in ON_REQUEST.items() if word in words)


def smoothing(smooth: Any) -> str:
    """'none', 'light' or 'strong'."""
    text = low_pass.DEFAULT if smooth is None else str(smooth).strip().lower()
    if text not in low_pass.STRENGTHS:
        raise InputError(f"--smooth is {short(smooth)}; expected {' or '.join(low_pass.STRENGTHS)}")
    return text


#: What is lifted: options that do nothing for it, and why.
_IDLE = {
    "motion capture": (("person", "size", "intrinsics"), ", which has its own camera"),
    "key points": (("unit", "names"), ""),
    "films": (("size", "unit", "names", "layout", "up"), ""),
    "pictures": (("size", "unit", "names", "layout", "fps", "up", "excerpt", "smooth"), ""),
    "separate pictures": (("smooth",), ""),
}


def without_effect(what: str, **options: Any) -> tuple[Note, ...]:
    """A note on options that do nothing for this kind of file, a key of `_IDLE`."""
    idle, why = _IDLE[what]
    given = [f"--{name}" for name in idle if options[name] is not None]
    return (Note("no effect", f"on {what}{why}: {', '.join(given)}."),) if given else ()


def camera_of(given: Any, size_px: tuple[int, int] | None) -> Camera | None:
    """A camera from 'fx,fy,cx,cy', four numbers, a JSON file or a Camera; None from None.

    A file may carry a rotation (world, z up, to camera axes): then the pose stands as upright as it
    says, and not as a camera held level would see it.
    """
    if given is None or isinstance(given, Camera):
        return given
    if isinstance(given, (str, Path)) and Path(given).suffix.lower() == ".json":
        expected = "a camera: focal_px and centre_px, each two numbers in pixels"
        values = read_record(given, expected)
        if not isinstance(values, dict):
            raise InputError(f"{given}: expected a JSON object with focal_px and centre_px")
        try:
            return Camera.from_dict({"size_px": size_px, **values})
        except InputError as error:
            raise InputError(f"{given}: {error}") from None
    words = str(given).split(",") if isinstance(given, (str, Path)) else list(given)
    if len(words) != 4:
        raise InputError(f"--intrinsics {given}: expected FX,FY,CX,CY in pixels, or a .json file")
    fx, fy, cx, cy = (number(word, "--intrinsics", "a value") for word in words)
    return Camera(torch.tensor([fx, fy]), torch.tensor([cx, cy]), size_px, name="given")
