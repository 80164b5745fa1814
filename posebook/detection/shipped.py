"""Detectors by their name, or by their file."""

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from posebook import paths
from posebook.detection import (
    blazepose,
    brought,
    detector_files,
    litert,
    movenet,
    openpose,
    weights,
)
from posebook.detection.detector import Detector
from posebook.detection.found import AnyDetector
from posebook.errors import InputError
from posebook.methods import network_files

#: The detector that comes with posebook; it is taken where `BEST` is not there.
DEFAULT = "stacked_hourglass"
#: The detector that is taken where none is named, if its weights have been fetched.
BEST = "blazepose"
#: Detectors that come with posebook: their name, which is their chapter's, and their file.
SHIPPED: dict[str, Path] = {
    name: paths.DATA / "detectors" / f"{name}.safetensors" for name in (DEFAULT,)
}
#: Chapters that train a detector of which none is shipped.
TRAINED = ("pose_resnet", "weak_supervision")
#: Detectors of others, made of their files and the hash of these; see `weights`.
OTHERS: dict[str, Callable[[Mapping[str, bytes], str], AnyDetector]] = {
    "blazepose": blazepose.of_files,
    "movenet": movenet.of_files,
}
#: What `posebook detectors list` says of files that users bring.
OF_YOUR_OWN = """your own, with --detector:
  FILE.onnx        RTMPose, HRNet, ViTPose, YOLO-pose, RTMO, MoveNet; FILE.onnx:WORDS says what the
                   file does not tell (data/detectors/onnx.md)
  FILE.tflite      MoveNet, PoseNet, BlazePose's second network, maps as HRNet's
  FILE.prototxt    OpenPose, with its .caffemodel beside it (data/detectors/openpose.md)
  FILE.safetensors what a chapter of this book trained"""
#: Files that hold networks too, which nobody but their own project runs.
_NOT_RUN = (".pt", ".pth", ".ckpt", ".pb", ".h5", ".keras", ".engine", ".trt", ".ort", ".task",
            ".mlmodel", ".mlpackage", ".pdmodel", ".xml")  # fmt: skip


def load(name: str | Path) -> AnyDetector:
    """A detector by its name, shipped or fetched, or the one in a file: one of ours, or a network
    of others' (see `brought` and `openpose`).

    Raises InputError, one line, for a name that is not known, for weights that have not been
    fetched, and for any file that is not a whole detector.
    """
    if (made := OTHERS.get(str(name))) is not None:
        return made(weights.read(str(name)), weights.of(str(name)).sha256)
    if brought.is_one(name):
        return brought.load(name)
    if openpose.is_one(name):
        return openpose.load(name)
    if str(name) in TRAINED and not Path(name).exists():
        raise InputError(
            f"no detector called {name} is shipped; `posebook run {name}` trains one: give its "
            f"file, runs/{name}/TIME/{name}.safetensors"
        )
    if Path(name).suffix.lower() in _NOT_RUN:
        raise InputError(
            f"{name}: networks in this format are not run here; have its own project export it as "
            "FILE.onnx or FILE.tflite"
        )
    path = network_files.file_of(name, detector_files.KIND, SHIPPED, OTHERS)
    header, network = detector_files.read(path)
    return Detector(header, network, hashlib.sha256(path.read_bytes()).hexdigest())


@cache
def default() -> AnyDetector:
    """The detector that is taken where none is named, once: the best one, if its weights have been
    fetched and the package is there that runs them; else the one that is shipped. InputError where
    neither is there."""
    if _best_is_here():
        return load(BEST)
    if not SHIPPED[DEFAULT].exists():
        raise InputError(
            f"a picture needs a detector, and none is here; {_how_to_get_it()} fetches one, or "
            f"give one with --detector FILE: `posebook run {DEFAULT}` trains one"
        )
    return load(DEFAULT)


def about_default() -> str:
    """What to say where `default` is not the best one; empty where it is."""
    if _best_is_here():
        return ""
    return (
        f"{DEFAULT}, which expects one person in the middle. {BEST} finds everybody, and far more "
        f"of the joints: {_how_to_get_it()} once."
    )


def _best_is_here() -> bool:
    return weights.are_here(BEST) and litert.there()


def _how_to_get_it() -> str:
    return f"`posebook detectors get {BEST}`" + (
        "" if litert.there() else f" and `{litert.INSTALL}`"
    )
