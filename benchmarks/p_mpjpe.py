"""P-MPJPE of 100,000 poses of 17 joints: posebook's closed form against NumPy's batched SVD.

    python benchmarks/p_mpjpe.py [--poses 100000] [--runs 7] [--threads 1]

Both get the same float64 poses and run in turn, in one process, on one thread. The exit status is
1 where ours takes more than a third of the time or differs by more than 1e-9 mm. Times are CPU
seconds of this process, so that other processes on the machine do not count.
"""

import argparse
import os
import platform
import statistics
import sys
import time

# Before NumPy and torch are imported: one thread is what the comparison is about.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402

from posebook.metrics import p_mpjpe  # noqa: E402


def numpy_p_mpjpe(prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The usual route, (n, joints, 3) -> (n,): centre, normalise, one SVD for each 3 x 3 matrix."""
    prediction_mean, truth_mean = prediction.mean(1, keepdims=True), truth.mean(1, keepdims=True)
    a, b = prediction - prediction_mean, truth - truth_mean
    a_norm = np.sqrt((a**2).sum((1, 2), keepdims=True))
    b_norm = np.sqrt((b**2).sum((1, 2), keepdims=True))
    u, singular, vt = np.linalg.svd((b / b_norm).transpose(0, 2, 1) @ (a / a_norm))
    v = vt.transpose(0, 2, 1)
    sign = np.sign(np.linalg.det(v @ u.transpose(0, 2, 1)))
    v[:, :, -1] *= sign[:, None]
    singular[:, -1] *= sign
    turn = v @ u.transpose(0, 2, 1)
    scale = singular.sum(1)[:, None, None] * b_norm / a_norm
    return np.linalg.norm(scale * (a @ turn) - b, axis=-1).mean(-1)


def compare(poses: int, runs: int) -> tuple[float, float, float]:
    """(median seconds of NumPy's route, of ours, largest difference in mm)."""
    generator = torch.Generator().manual_seed(0)
    extent_mm = torch.tensor([150.0, 400.0, 120.0])
    truth = torch.randn(poses, 17, 3, generator=generator, dtype=torch.float64) * extent_mm
    prediction = truth + 50 * torch.randn(truth.shape, generator=generator, dtype=torch.float64)
    prediction_array, truth_array = prediction.numpy(), truth.numpy()

    def timed(function, *arguments):
        start = time.process_time()
        found = function(*arguments)
        return time.process_time() - start, found

    theirs, ours = [], []
    for _ in range(runs + 1):
        seconds, expected = timed(numpy_p_mpjpe, prediction_array, truth_array)
        theirs.append(seconds)
        seconds, found = timed(p_mpjpe, prediction, truth)
        ours.append(seconds)
    # The first turn warms caches and allocators up, for both.
    difference = float(np.abs(expected - found.numpy()).max())
    return statistics.median(theirs[1:]), statistics.median(ours[1:]), difference


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--poses", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    theirs, ours, difference = compare(options.poses, options.runs)
    print(
        f"{options.poses} poses, float64, {options.threads} thread, median of {options.runs} runs"
    )
    print(f"torch {torch.__version__}, NumPy {np.__version__}, {platform.machine()}")
    print(f"NumPy, batched SVD    {1e3 * theirs:8.1f} ms")
    print(f"posebook, closed form {1e3 * ours:8.1f} ms")
    print(f"ratio                 {ours / theirs:8.3f}    (has to be at most 0.333)")
    print(f"largest difference    {difference:8.1e} mm (has to be at most 1e-9)")
    return int(ours > theirs / 3 or difference > 1e-9)


if __name__ == "__main__":
    sys.exit(main())
