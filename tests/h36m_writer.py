"""Small archives in the format of VideoPose3D, as numpy itself writes them."""

from pathlib import Path

import numpy as np

from posebook.cameras import human36m_rig
from posebook.skeletons import HOUSE, HUMAN36M_KEPT_OF_32

# A standing person in house order, metres, z up.
HOUSE_M = np.array([
    (0, 0, .95), (-.13, 0, .95), (-.13, 0, .5), (-.13, 0, .06), (.13, 0, .95), (.13, 0, .5),
    (.13, 0, .06), (0, 0, 1.2), (0, 0, 1.45), (0, -.06, 1.55), (0, 0, 1.66), (.15, 0, 1.43),
    (.2, 0, 1.15), (.22, -.05, .9), (-.15, 0, 1.43), (-.2, 0, 1.15), (-.22, -.05, .9),
])  # fmt: skip


def person(frames: int, seed: int = 0) -> np.ndarray:
    """(frames, 17, 3) metres: somebody who drifts about."""
    rng = np.random.default_rng(seed)
    path = np.cumsum(rng.normal(0, 0.02, (frames, 1, 3)), 0) * (1, 1, 0)
    return (HOUSE_M + path + rng.normal(0, 0.005, (frames, 17, 3))).astype(np.float32)


def of_32(metres: np.ndarray) -> np.ndarray:
    """As in the genuine archives: 17 of 32 joints are used."""
    whole = np.full((len(metres), 32, 3), 7.0, dtype=np.float32)
    whole[:, list(HUMAN36M_KEPT_OF_32)] = metres
    return whole


def seen(metres: np.ndarray, subject: str) -> list[np.ndarray]:
    """Pixels in the subject's four cameras, computed here by hand."""
    pictures = []
    for camera in human36m_rig(subject):
        at = (1000 * metres - camera.position_mm.numpy()) @ camera.rotation.numpy().T
        ray = at[..., :2] / at[..., 2:]
        r2 = (ray**2).sum(-1, keepdims=True)
        k, p = camera.radial.numpy(), camera.tangential.numpy()
        growth = 1 + k[0] * r2 + k[1] * r2**2 + k[2] * r2**3 + (p * ray).sum(-1, keepdims=True)
        pixels = camera.focal_px.numpy() * (ray * growth + p * r2) + camera.centre_px.numpy()
        pictures.append(pixels.astype(np.float32))
    return pictures


def write(
    folder: Path,
    *,
    joints: int = 17,
    subjects=("S1", "S9", "S11"),
    takes=("Walking 1", "Directions", "Directions 1"),
    detector: str = "gt",
    extra: int = 0,
    layout: str | None = "h36m",
    keep: list[int] | None = None,
) -> dict:
    """Both archives; returns {subject: {take: metres (frames, 17, 3)}}.

    extra   frames by which key points are longer than the motion
    keep    the key points kept, by index, for archives with fewer joints
    """
    folder.mkdir(parents=True, exist_ok=True)
    truth = {
        subject: {take: person(5 + i + j + extra) for j, take in enumerate(takes)}
        for i, subject in enumerate(subjects)
    }
    whole = {s: {t: of_32(m) if joints == 32 else m for t, m in v.items()}
             for s, v in truth.items()}  # fmt: skip
    pictures = {s: {t: seen(m, s) for t, m in v.items()} for s, v in truth.items()}
    if keep is not None:
        pictures = {s: {t: [p[:, keep] for p in ps] for t, ps in v.items()}
                    for s, v in pictures.items()}  # fmt: skip
    cut = {s: {t: m[: len(m) - extra] for t, m in v.items()} for s, v in whole.items()}
    kept = [HOUSE.joints[joint] for joint in keep] if keep else HOUSE.joints
    sides = [[i for i, joint in enumerate(kept) if HOUSE.side(joint) == side]
             for side in ("left", "right")]  # fmt: skip
    metadata = {"num_joints": len(kept), "keypoints_symmetry": sides}
    if layout:
        metadata["layout_name"] = layout
    np.savez_compressed(folder / "data_3d_h36m.npz", positions_3d=np.array(cut, dtype=object))
    np.savez_compressed(
        folder / f"data_2d_h36m_{detector}.npz",
        positions_2d=np.array(pictures, dtype=object),
        metadata=np.array(metadata, dtype=object),
    )
    return {s: {t: m[: len(m) - extra] for t, m in v.items()} for s, v in truth.items()}
