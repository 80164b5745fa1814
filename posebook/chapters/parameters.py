"""What the parameters of chapters may be, as typed on a command line.

`RULES` says it once for the names that chapters share, so that a mistake gets one line before a
kernel starts. Another name takes the type of its default. What depends on the data, such as a
batch that is larger than the data set, is for the chapter to say.
"""

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from posebook.errors import InputError

LARGEST_WIDTH = 16_384  # as `network_files.LARGEST_SIZE`: a wider network could not be loaded again
LARGEST_DEPTH = 64
RECEPTIVE_FIELDS = (1, 9, 27, 81, 243)
BASES = 34  # two coordinates of 17 joints


@dataclass(frozen=True)
class Rule:
    """expected  what a value should be, in words
    read      makes a value of what was typed; ValueError where it is not what is expected
    """

    expected: str
    read: Callable[[str], Any]

    def admits(self, value: Any) -> bool:
        """Whether a chapter that has this value by default means the same by the name."""
        try:
            return self.read(str(value)) == value
        except ValueError:
            return False


def _whole(least: int, most: int, *, odd: bool = False) -> Rule:
    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            as_float = float(text)  # 1e6 is a whole number, too
            if not as_float.is_integer():
                raise
            value = int(as_float)
        if not least <= value <= most or (odd and value % 2 == 0):
            raise ValueError
        return value

    return Rule(f"{'an odd' if odd else 'a'} whole number from {least} to {most}", read)


def _number(words: str, fits: Callable[[float], bool], *, infinite: bool = False) -> Rule:
    """`fits` is asked about finite numbers; `infinite`: inf is one more value."""

    def read(text: str) -> float:
        value = float(text)
        if not (infinite and value == math.inf) and not (math.isfinite(value) and fits(value)):
            raise ValueError
        return value

    return Rule(f"a number{words}", read)


def _choice(expected: str, *values: Any) -> Rule:
    def read(text: str) -> Any:
        for value in values:
            if text.lower() == str(value).lower():
                return value
        raise ValueError

    return Rule(expected, read)


def _shares(text: str) -> str:
    if not text.split() or not all(0 < float(word) < 1 for word in text.split()):
        raise ValueError
    return text


def _multiples(text: str) -> str:
    """A picture's height and width, which a ResNet makes 32 times smaller."""
    sides = [int(side) for side in text.split("x")]
    if len(sides) != 2 or any(side % 32 or not 32 <= side <= 4096 for side in sides):
        raise ValueError
    return text


_SEED = _whole(0, 2**32 - 1)
_WIDTH, _BUDGET, _STEP = _whole(1, LARGEST_WIDTH), _whole(1, 10**12), _whole(1, 10**6)
# Networks count in float32: a product with a larger number would leave it.
_OVER_0 = _number(" greater than 0 and up to 1e12", lambda value: 0 < value <= 1e12)
_FROM_0 = _number(" from 0 to 1e12", lambda value: 0 <= value <= 1e12)
_ANY = _number("", lambda value: True)
_TEXT = Rule("text", str)
_YES_OR_NO = _choice("true or false", True, False)

#: Rules of the names that mean the same in every chapter. Where a chapter says `name or default`,
#: 0 would silently be the default: it is not admitted.
RULES: dict[str, Rule] = {
    "seed": _SEED,
    "root": _TEXT,
    "street_root": _TEXT,
    "street_layout": _TEXT,
    "picture_root": _TEXT,
    "lsp": _TEXT,
    "photographs": _TEXT,
    "photograph": _TEXT,
    "film": _TEXT,
    "detector_name": _TEXT,
    "demo": _TEXT,
    "intrinsics": _TEXT,
    "height_m": _number(" from 0.4 to 2.8", lambda value: 0.4 <= value <= 2.8),
    "people": _whole(1, 10**6),
    "size": _whole(32, 1_024),  # px of a picture
    "weights": _TEXT,
    "width": _WIDTH,
    "flow_width": _WIDTH,
    "features": _whole(4, LARGEST_WIDTH),
    "blocks": _whole(1, LARGEST_DEPTH),
    "stacks": _whole(1, LARGEST_DEPTH),
    "modules": _whole(1, LARGEST_DEPTH),
    "sigma": _OVER_0,
    "loss": _choice("cross_entropy or squared_error", "cross_entropy", "squared_error"),
    "depth": _choice("18, 34, 50, 101 or 152", 18, 34, 50, 101, 152),
    "crop": Rule("height x width in multiples of 32, such as 256x192", _multiples),
    "bases": _whole(2, BASES),
    "batch_size": _whole(2, 10**9),  # batch norm and spreads want more than one
    "poses": _BUDGET,
    "samples": _BUDGET,
    "flow_poses": _BUDGET,
    "student_poses": _BUDGET,
    "pictures": _whole(16, 10**9),  # one batch at least
    "shift_mm": _OVER_0,
    "labelled_poses": _BUDGET,
    "ablation_share": _OVER_0,
    "labelled": Rule("shares over 0 and under 1, such as '0.01 0.1'", _shares),
    "learning_rate": _OVER_0,
    "flow_learning_rate": _OVER_0,
    "critic_steps": _STEP,
    "first_weight": _OVER_0,
    "last_weight": _OVER_0,
    "heading_weight": _FROM_0,
    "geometry_weight": _FROM_0,
    "consistency": _FROM_0,
    "leftover": _number(" greater than 0, or inf", lambda value: value > 0, infinite=True),
    "cap": _number(" from 0.5 to 1", lambda value: 0.5 <= value <= 1),
    "dropout": _number(" from 0 to less than 1", lambda value: 0 <= value < 1),
    "max_norm": _YES_OR_NO,
    "additions": _YES_OR_NO,
    "receptive_field": _choice(
        f"one of {', '.join(map(str, RECEPTIVE_FIELDS))}", *RECEPTIVE_FIELDS
    ),
    "camera_tilt": _number(" from -90 to 90", lambda value: abs(value) <= 90),
    "start_elevation": _ANY,
    "lean_deg": _ANY,
    "jitter_mm": _FROM_0,
    "smooth_frames": _whole(1, 9_999, odd=True),
    "step": _STEP,
    "stride": _STEP,
}


def value(name: str, text: str, default: Any) -> Any:
    """What was typed for a parameter, as the chapter takes it; InputError names the parameter.

    default  the chapter's own; `...` where it is not a literal. Where it is None, so may the value.
    """
    if default is None and text.lower() == "none":
        return None
    rule = RULES.get(name)
    if rule is not None and (default is None or rule.admits(default)):
        try:
            if not text.isascii() and rule is not _TEXT:
                raise ValueError  # `int` and `float` take digits of any script
            return rule.read(text)
        except (ValueError, OverflowError):
            other = ", or none" if default is None else ""
            raise InputError(
                f"parameter {name} is {_short(text)}, expected {rule.expected}{other}"
            ) from None
    if isinstance(default, str):
        return text
    try:
        typed = ast.literal_eval({"true": "True", "false": "False", "none": "None"}.get(
            text.lower(), text
        ))  # fmt: skip
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        typed = text
    if default is ... or default is None:
        return typed
    if isinstance(default, float) and isinstance(typed, int) and not isinstance(typed, bool):
        typed = float(typed)
    if type(typed) is not type(default):
        raise InputError(
            f"parameter {name} is {_short(text)}, expected a {type(default).__name__} "
            f"such as {default}"
        )
    return typed


def _short(text: str) -> str:
    """In quotes, on one line, and not longer than a line."""
    text = " ".join(text.split())
    return f"'{text[:60]}{'...' if len(text) > 60 else ''}'"
