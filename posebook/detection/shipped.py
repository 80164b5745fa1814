"""Detectors by their name, or by their file."""

from functools import cache
from pathlib import Path

from posebook import paths
from posebook.detection import detector_files
from posebook.detection.detector import Detector
from posebook.errors import InputError

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
    path = SHIPPED.get(str(name))
    if path is None:
        path = Path(name)
        try:
            there = path.exists()
        except (OSError, ValueError) as error:  # too long, in a folder that may not be entered
            raise InputError(f"{path}: {error!s:.80}") from None
        if not path.suffix and not there:
            raise InputError(
                f"no detector is called '{name}'; shipped are {', '.join(SHIPPED)}; or name a file"
            )
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
