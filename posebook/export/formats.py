"""The files that a lift writes: their names, and what is in each.

Four are always written. `--write` asks for more: a file in a format of other programs each.
"""

#: {name: what is in it}; pages list them in this order.
ABOUT = {
    "poses.npz": "arrays in mm, for Python: numpy.load; keys are documented in poses.json under "
    "'about'",
    "poses.json": "the same as text, and these notes",
    "poses.bvh": "the motion for Blender and other animation programs (Y up, cm)",
    "poses.html": "this page",
    "poses.trc": "the joints as markers, for OpenSim and Pose2Sim (Y up, m)",
    "poses.glb": "the motion as binary glTF, a figure with a skeleton, for viewers, Blender, game "
    "engines and web pages (Y up, m)",
    "poses.csv": "a table for spreadsheets and pandas, a row for each joint in each frame (z up, "
    "mm)",
    "poses.mp4": "a film: the picture with the key points, beside the person who turns",
}
#: Written on request: {what --write calls it: the file}.
ON_REQUEST = {"trc": "poses.trc", "gltf": "poses.glb", "csv": "poses.csv",
              "mp4": "poses.mp4"}  # fmt: skip
#: Always written.
NAMES = tuple(name for name in ABOUT if name not in ON_REQUEST.values())
