"""Arrays that published code computed, copied into tests/golden so that the tests need no more."""

from pathlib import Path

import numpy as np
import torch

FOLDER = Path(__file__).parent / "golden"


def golden(name: str) -> dict[str, torch.Tensor]:
    """All arrays of tests/golden/<name>.npz, texts left out."""
    with np.load(FOLDER / f"{name}.npz") as arrays:
        return {k: torch.tensor(arrays[k]) for k in arrays if arrays[k].dtype.kind not in "US"}


def largest(difference: torch.Tensor) -> float:
    """The largest absolute number; NaN stays NaN, so that a comparison with it fails."""
    return difference.abs().max().item()
