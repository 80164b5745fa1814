"""pandas reads poses.csv, and pivots it: a column for each joint and axis.

    python pandas_csv.py FOLDER        in an environment with the package pandas

Prints a line of JSON: the most that a joint is off `world_mm` of poses.npz, mm.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas


def main() -> None:
    folder = Path(sys.argv[1])
    held = np.load(folder / "poses.npz")
    table = pandas.read_csv(folder / "poses.csv")
    names = {"person", "joint", "origin"}
    assert all(pandas.api.types.is_numeric_dtype(table[c]) for c in set(table.columns) - names)
    most = 0.0
    for axis, column in enumerate(("x_mm", "y_mm", "z_mm")):
        wide = table.pivot(index="frame", columns="joint", values=column)[list(held["joints"])]
        expected = held["world_mm"][..., axis]
        assert wide.shape == expected.shape
        assert (wide.isna().to_numpy() == np.isnan(expected)).all(), "other joints are missing"
        most = max(most, float(np.nanmax(np.abs(wide.to_numpy() - expected))))
    print(json.dumps(dict(program=f"pandas {pandas.__version__}", file="poses.csv", off_mm=most)))


if __name__ == "__main__":
    main()
