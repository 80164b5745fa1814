"""Small archives in the form of HumanEva's, as numpy itself writes them.

The true key points are made by cameras of our own with lenses of our own: the reader must find
them out. Places are HumanEva's, since the reader takes those as known.
"""

from pathlib import Path

import h36m_writer
import numpy as np

from posebook.datasets.published.humaneva_cameras import placed
from posebook.skeletons import HOUSE, HUMANEVA_15

#: focal length, principal point, k1 k2 p1 p2 of the three cameras that the writer makes.
LENSES = (
    ((760.0, 758.0), (301.0, 231.0), (-0.28, 0.10, -0.0013, 0.0011)),
    ((690.0, 688.0), (275.0, 223.0), (-0.25, 0.09, 0.0005, -0.0007)),
    ((725.0, 724.0), (303.0, 206.0), (-0.27, 0.12, 0.0009, 0.0004)),
)
SUBJECTS = ("Train/S1", "Train/S2", "Validate/S1", "Validate/S2")
TAKES = ("Walking 1 chunk0", "Walking 1 chunk2", "ThrowCatch 1 chunk0")


def person(frames: int, seed: int = 0) -> np.ndarray:
    """(frames, 15, 3) metres: somebody who walks about the room, in HumanEva's joints."""
    house = h36m_writer.person(frames, seed)[:, HOUSE.indices(*HUMANEVA_15.joints)]
    rng = np.random.default_rng(seed + 100)
    turn = rng.uniform(0, 2 * np.pi, (frames, 1))
    across, along = house[..., 0], house[..., 1]
    turned_x = across * np.cos(turn) - along * np.sin(turn)
    turned_y = across * np.sin(turn) + along * np.cos(turn)
    turned = np.stack([turned_x, turned_y, house[..., 2]], -1)
    walk = rng.uniform((-1.2, -1.0, 0), (1.2, 1.0, 0), (frames, 1, 3))
    return (turned + walk).astype(np.float32)


def bent(ray: np.ndarray, lens: tuple) -> np.ndarray:
    """Where a lens puts rays (..., 2), px, by OpenCV's formula."""
    focal, centre, (k1, k2, p1, p2) = lens
    x, y = ray[..., 0], ray[..., 1]
    r2 = x * x + y * y
    growth = 1 + k1 * r2 + k2 * r2 * r2
    moved = np.stack([x * growth + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
                      y * growth + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y], -1)  # fmt: skip
    return np.array(focal) * moved + np.array(centre)


def seen(metres: np.ndarray, subject: str) -> list[np.ndarray]:
    """Pixels in the three cameras, computed here by hand."""
    pictures = []
    for camera, lens in zip(placed(subject), LENSES, strict=True):
        at = (1000 * metres - camera.position_mm.numpy()) @ camera.rotation.numpy().T
        pictures.append(bent(at[..., :2] / at[..., 2:], lens).astype(np.float32))
    return pictures


def write(
    folder: Path,
    *,
    subjects=SUBJECTS,
    takes=TAKES,
    detectors=("gt",),
    frames: int = 12,
    layout: str | None = "humaneva15",
    off_px: float = 0.0,
) -> dict:
    """The archives; returns {subject: {take: metres (frames, 15, 3)}}.

    off_px  how far the key points of other detectors than gt are moved to the right
    """
    folder.mkdir(parents=True, exist_ok=True)
    truth = {
        subject: {take: person(frames + i, 10 * i + j) for j, take in enumerate(takes)}
        for i, subject in enumerate(subjects)
    }
    metadata = {
        "num_joints": 15,
        "keypoints_symmetry": [[2, 3, 4, 8, 9, 10], [5, 6, 7, 11, 12, 13]],
    }
    if layout:
        metadata["layout_name"] = layout
    save(folder / "data_3d_humaneva15.npz", positions_3d=truth)
    for detector in detectors:
        right = np.array((0.0 if detector == "gt" else off_px, 0.0), np.float32)
        points = {s: {t: [picture + right for picture in seen(m, s.rpartition("/")[2])]
                      for t, m in takes.items()} for s, takes in truth.items()}  # fmt: skip
        if detector != "gt":  # detections without motion, as between the chunks
            points["Unlabeled/Train/S1"] = {
                "Walking 1 chunk1": [np.ones((3, 15, 2), np.float32)] * 3
            }
        save(folder / f"data_2d_humaneva15_{detector}.npz", positions_2d=points, metadata=metadata)
    return truth


def save(path: Path, **things) -> None:
    np.savez_compressed(path, **{key: np.array(value, dtype=object)
                                 for key, value in things.items()})  # fmt: skip
