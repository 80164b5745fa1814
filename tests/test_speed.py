"""Speed that the book promises, measured against the other route in the same run."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))


@pytest.mark.slow
def test_p_mpjpe_takes_at_most_a_third_of_numpys_svd():
    import torch
    from p_mpjpe import compare

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        theirs, ours, difference = compare(poses=50_000, runs=5)
    finally:
        torch.set_num_threads(threads)
    assert difference < 1e-9
    assert ours < theirs / 3, f"{1e3 * ours:.0f} ms against {1e3 * theirs:.0f} ms"
