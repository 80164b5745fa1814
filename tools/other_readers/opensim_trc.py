"""OpenSim reads poses.trc, in both ways that it has: as a table (inverse kinematics takes this) and
as MarkerData (scaling takes this).

    python opensim_trc.py FOLDER       in an environment with the package opensim

Prints a line of JSON for each: the most that a marker is off `world_mm` of poses.npz, mm.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import opensim


def table_m(path: Path) -> tuple[np.ndarray, list[float]]:
    table = opensim.TimeSeriesTableVec3(str(path))
    rows = range(table.getNumRows())
    columns = range(table.getNumColumns())
    values = [[table.getRowAtIndex(row)[c].to_numpy() for c in columns] for row in rows]
    return np.array(values), list(table.getIndependentColumn())


def marker_data_m(path: Path) -> tuple[np.ndarray, list[float]]:
    data = opensim.MarkerData(str(path))
    assert data.getUnits().getLabel() == "meters"
    frames = [data.getFrame(row) for row in range(data.getNumFrames())]
    markers = range(data.getNumMarkers())
    values = [[frame.getMarker(m).to_numpy() for m in markers] for frame in frames]
    return np.array(values), [frame.getFrameTime() for frame in frames]


def off_mm(found_m: np.ndarray, times: list[float], held) -> float:
    x, y, z = np.moveaxis(held["world_mm"].astype(float), -1, 0)
    expected = np.stack([x, z, -y], -1)
    assert found_m.shape == expected.shape, (found_m.shape, expected.shape)
    assert (np.isnan(found_m) == np.isnan(expected)).all(), "other joints are missing"
    assert np.allclose(times, np.arange(len(times)) / held["frames_per_second"], atol=1e-6)
    return float(np.nanmax(np.abs(1000 * found_m - expected)))


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    held = np.load(folder / "poses.npz")
    os.chdir(folder.parent)  # it leaves a log where it is
    version = opensim.GetVersion()
    for how, read in (("table", table_m), ("MarkerData", marker_data_m)):
        program = f"OpenSim {version}, {how}"
        most = off_mm(*read(folder / "poses.trc"), held)
        print(json.dumps(dict(program=program, file="poses.trc", off_mm=most)))


if __name__ == "__main__":
    main()
