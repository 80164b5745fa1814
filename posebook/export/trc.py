"""Lifted poses as marker positions in a .trc file, which OpenSim and Pose2Sim read.

The file is text with tabs: three lines about the file, a line of marker names, one of axes, then a
row a frame: its number (from 1), its time in seconds, and x, y, z of each marker in metres, Y up.
What a marker is called: `datasets.readers.markers.NAMES`. A joint without a place is `nan`, as
OpenSim writes it: OpenSim refuses rows that end in empty cells.
Axes: x to the right in the picture, y up, z towards the camera. So who walks to the right in the
picture walks along OpenSim's x, and that person's right side is at positive z, as in its models.
Sources: OpenSim's documentation, "Marker (.trc) Files", and its TRCFileAdapter; files of Pose2Sim.
"""

from collections.abc import Iterator
from pathlib import Path

from posebook.datasets.readers.markers import NAMES
from posebook.export.rigid_body import y_up
from posebook.lifting.poses import Poses
from posebook.paths import replacing


def write_trc(path: Path, poses: Poses) -> Path:
    """`poses.trc`: `world_mm` as it is, with bones that breathe."""
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.writelines(_pieces(poses, path.name))
    return path


def _pieces(poses: Poses, name: str) -> Iterator[str]:
    points = y_up(poses.world_mm.double()) / 1000
    count, rate, markers = len(points), f"{poses.rate:.10g}", list(NAMES.values())
    lines = [
        ["PathFileType", "4", "(X/Y/Z)", name],
        ["DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate",
         "OrigDataStartFrame", "OrigNumFrames"],
        [rate, rate, f"{count}", f"{len(markers)}", "m", rate, "1", f"{count}"],
        ["Frame#", "Time", *(cell for marker in markers for cell in (marker, "", ""))],
        ["", "", *(f"{axis}{n}" for n in range(1, len(markers) + 1) for axis in "XYZ")],
        [],
    ]  # fmt: skip
    yield "".join("\t".join(line) + "\n" for line in lines)
    form = "%d\t%.9f" + 3 * len(markers) * "\t%.6f" + "\n"
    for frame, row in enumerate(points.flatten(1).numpy()):
        yield form % (frame + 1, frame / poses.rate, *row.tolist())
