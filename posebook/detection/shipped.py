"""Detectors by their name, or by their file."""

from functools import cache
from pathlib import Path

from posebook import paths
from posebook.detection import detector_files
from posebook.detection.detector import Detector
from posebook.errors import InputError
from posebook.methods import network_files

#: The detector that is taken where none is named.
DEFAULT = "stacked_hourglass"
#: Detectors that come with posebook: their name, which is their chapter's, and their file.
SHIPPED: dict[str, Path] = {
    name: paths.DATA / "detectors" / f"{name}.safetensors" for name in (DEFAULT,)
}


def load(name: str | Path) -> Detector:
    """A shipped detector by its name, or a detector file by its path.

    Raises InputError, one line, for a name that is not shipped and for any file that is not a
    whole detector.
    """
    path = network_files.file_of(name, detector_files.KIND, SHIPPED)
    return Detector(*detector_files.read(path))


@cache
def default() -> Detector:
    """The detector that is taken where none is named, once; InputError where it is not there."""
    if not SHIPPED[DEFAULT].exists():
        raise InputError(
            f"a picture needs a detector, and none is in {paths.shown(SHIPPED[DEFAULT].parent)}; "
            f"give one with --detector FILE: `posebook run {DEFAULT}` trains one"
        )
    return load(DEFAULT)
