"""A detector of a file that the user brings."""

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy
import torch
from torch import Tensor

from posebook.detection import litert, movenet, weights
from posebook.detection.blazepose import BlazePose
from posebook.detection.brought import answers, finders, kinds, onnx_files, people_rows, top_down
from posebook.detection.brought import inputs as inputs_of
from posebook.detection.brought.inputs import Taken
from posebook.detection.brought.kinds import KINDS, Answered, Said
from posebook.detection.brought.networks import Network
from posebook.detection.brought.top_down import TopDown
from posebook.detection.brought.whole_pictures import WholePicture
from posebook.detection.found import AnyDetector
from posebook.errors import InputError
from posebook.files import read_bytes
from posebook.skeletons import MEDIAPIPE_33

_NAMED = re.compile(r"(?is)(.+\.(onnx|tflite))(?::([^/\\]*))?")
_TFLITE = "a network in the format of TensorFlow Lite (.tflite)"
_MOST_TFLITE_BYTES = 1 << 30
#: Layers that attention needs and convolutional networks of heat maps do not have.
_ATTENTION = {"Softmax", "LayerNormalization", "Attention", "MultiHeadAttention"}
_READINGS = {
    "simcc": answers.simcc,
    "heatmaps": answers.heat_maps,
    "udp": answers.udp_maps,
    "movenet": answers.movenet,
    "posenet": answers.posenet,
}


def is_one(name: str | Path) -> bool:
    """Whether a detector is named as a file of these formats: FILE.onnx, FILE.tflite:WORDS."""
    return _NAMED.fullmatch(str(name)) is not None


def load(name: str | Path) -> AnyDetector:
    """The detector of FILE.onnx, FILE.tflite or FILE:WORDS; see `kinds` for what words say.

    Raises InputError, one line, for any file that is no network, or none that finds poses of
    people, and where the package is missing that runs it.
    """
    match = _NAMED.fullmatch(str(name))
    path, format, words = Path(match[1]), match[2].lower(), match[3]
    given = kinds.said(words, path.name)
    if format == "onnx":
        held = onnx_files.look(path)
        network = Network(format, path, held.size)
        attention, sha256 = bool(held.operators & _ATTENTION), held.sha256
    else:
        content = read_bytes(path, _TFLITE, most=_MOST_TFLITE_BYTES)
        if content[4:8] != b"TFL3":
            raise InputError(f"{path}: not {_TFLITE}")
        network = Network(format, path, len(content))
        attention, sha256 = False, hashlib.sha256(content).hexdigest()
    return _detector(network, given, attention, sha256)


def _detector(network: Network, given: Said, attention: bool, sha256: str) -> AnyDetector:
    where = f"{network.path}"
    taken = _taken(network, given, given.kind)
    names = [slot.name for slot in network.outputs]
    grey = torch.full((1, taken.size[1], taken.size[0], 3), inputs_of.GREY, dtype=torch.uint8)
    shown = taken.answers(grey)
    found = kinds.told(shown, names, taken.size, network.metadata, attention)
    answered = kinds.chosen(found, given, shown, names, where)
    kind, one_person = answered.kind, KINDS[answered.kind].one_person
    taken = _taken(network, given, kind)
    if kind == "blazepose":
        return _blazepose(network, taken, answered, sha256)
    skeleton, joints = kinds.skeleton_of(answered.joints, given.skeleton, where)
    name = f"{network.path.name} ({kind}, {skeleton.name}"
    name += "" if given.colours is None else f", {given.colours}"
    name += "" if given.blue_first is None else ", bgr" if given.blue_first else ", rgb"
    if one_person:
        finder = finders.best()
        return TopDown(
            f"{name}; people found by {finder.name})", sha256, skeleton, taken,
            _read_by(answered), joints, finder,
            _as_movenet if kind == "movenet" else top_down.around_joints,
        )  # fmt: skip
    return WholePicture(f"{name})", sha256, skeleton, taken, _rows_by(answered), joints)


def _taken(network: Network, given: Said, kind: str | None) -> Taken:
    usual = kinds.usual_size(network.outputs, kind)
    if match := re.fullmatch(r"\[(\d{1,4}), *(\d{1,4})\]", network.metadata.get("imgsz", "")):
        usual = int(match[2]), int(match[1])  # ultralytics: rows, columns
    meant = KINDS[kind or "heatmaps"]
    colours = inputs_of.COLOURS[given.colours or meant.colours]
    taken = inputs_of.taken(network, usual, given.size, colours, given.colours is not None)
    blue = meant.blue_first if given.blue_first is None else given.blue_first
    return replace(taken, colours=inputs_of.ordered(taken.colours, blue))


def _read_by(answered: Answered):
    def read(given: list[numpy.ndarray], size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        ordered = [given[number] for number in answered.order]
        if answered.channels_last:
            ordered = [array.transpose(0, 3, 1, 2) for array in ordered]
        return _READINGS[answered.kind](ordered, size)

    return read


def _rows_by(answered: Answered):
    def read(given: list[numpy.ndarray], size: tuple[int, int]) -> people_rows.People:
        ordered = [given[number] for number in answered.order]
        if answered.kind == "rtmo":
            return people_rows.rtmo(*ordered)
        if answered.kind == "multipose":
            return people_rows.multipose(*ordered, size)
        return people_rows.yolo(*ordered, answered.rows, size)

    return read


def _as_movenet(points: Tensor, scores: Tensor, size: tuple[int, int]) -> movenet.Squares:
    return movenet.next_squares(points, scores)


@dataclass(frozen=True)
class _OwnReader(BlazePose):
    """BlazePose with a second network of the user's, such as the heavy one."""

    name: str = ""


def _blazepose(network: Network, taken: Taken, answered: Answered, sha256: str) -> AnyDetector:
    """BlazePose's first network, which was fetched, finds people for a second one in a file."""
    if taken.size != (256, 256):
        raise InputError(f"{network.path}: reads {taken.size} px; BlazePose reads 256 x 256")
    fetched = weights.read("blazepose")["finder.tflite"]

    def reader(crop: Tensor) -> list[Tensor]:
        given = taken.answers((crop * 255).round().to(torch.uint8))
        return [torch.from_numpy(given[number].copy()) for number in answered.order]

    return _OwnReader(
        litert.network(fetched, "finder.tflite"), reader, sha256,
        f"{network.path.name} (blazepose, {MEDIAPIPE_33.name}; people found by blazepose)",
    )  # fmt: skip
