"""VideoPose3D (Pavllo et al. 2019): a training step, a whole clip, a stream, against the floor.

    python benchmarks/temporal_convolutions.py [--frames 1 27 243] [--channels 256 1024] \
        [--threads 2]
    python benchmarks/temporal_convolutions.py --device cuda --frames 243 --channels 1024 [--tf32]

A step trains 1,024 output frames: forward, backward, Adam with AMSGrad. It is measured on windows
of one output frame each, as published, and on windows whose outputs lie some frames apart, which
share what they have in common: as many poses, less work. The floor of each is its matrix products
alone. Times are medians, turn by turn: CPU seconds of this process with one thread, else seconds by
the clock, for which nothing else may run. On a GPU the floor of its memory is shown, too: what the
layers between the products must read and write, over what a plain copy moves in a second. With two
threads the exit status is 1 where the published code was faster (`PUBLISHED_STEP`).
"""

import argparse
import statistics
import sys
import time

import epochs  # first: it sets the threads that torch sees
import torch

from posebook.methods.supervised_losses import mpjpe_loss
from posebook.methods.temporal_convolutions.network import FILTER_WIDTHS, Stream, VideoPose3D

BATCH = 1024
#: Receptive field -> outputs of one window, and frames between them: what overlaps is shared.
SHARED = {1: (1, 1), 9: (14, 3), 27: (14, 9), 81: (9, 9), 243: (9, 27)}

#: (channels, receptive field) -> seconds of a step that the published code took, as it comes, on
#: two cores of the kind that ours was measured on. On another machine measure both.
PUBLISHED_STEP = {
    (256, 1): 0.053, (256, 27): 0.182, (256, 243): 1.48,
    (1024, 1): 0.44, (1024, 27): 1.46, (1024, 243): 12.5,
}  # fmt: skip
#: The same of frames in a second, forward.
PUBLISHED_FORWARD = {(256, 27): 115_000}


def products(network: VideoPose3D, items: int, outputs: int, step: int, train: bool = True):
    """Sizes of the matrix products of a step, (rows, inner, columns): three for each filter.

    Forward, slope of the weights, slope of the input; nobody asks for that of the keypoints.
    """
    positions = network.receptive_field + (outputs - 1) * step
    apart_now, sizes = 1, []
    for layer, (taps, apart) in zip(
        [network.expand, *network.blocks], network.filters, strict=True
    ):
        dilation = apart // apart_now
        stride = taps if dilation == 1 and step % (apart_now * taps) == 0 else 1
        positions = (positions - (taps - 1) * dilation - 1) // stride + 1
        apart_now *= stride
        filters = [layer] if layer is network.expand else [layer.wide, layer.narrow]
        for each in filters:
            channels, inputs, width = each.convolution.weight.shape
            sizes.append((items * positions, inputs * width, channels))
    sizes.append((items * outputs, *network.shrink.weight.T.shape))
    if not train:
        return sizes
    back = [(m, rows, n) for rows, m, n in sizes] + [(rows, n, m) for rows, m, n in sizes[1:]]
    return sizes + back


def step_of(network: VideoPose3D, outputs: int, step: int):
    """One training step on a batch that lies in memory, and its matrix products."""
    items, device = max(1, BATCH // outputs), network.shrink.weight.device
    frames = network.receptive_field + (outputs - 1) * step
    seen = torch.randn(items, frames, 17, 2, device=device)
    true_mm = 300 * torch.randn(items, outputs, 17, 3, device=device)
    optimiser = torch.optim.Adam(network.parameters(), amsgrad=True, fused=True)

    def work() -> None:
        loss = mpjpe_loss(network.train()(seen, step=step), true_mm) / 1000
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return work, epochs.product_of(products(network, items, outputs, step), device)


def bytes_of(network: VideoPose3D, items: int, outputs: int, step: int) -> int:
    """Least that a training step must move between its products, in bytes.

    Each filter's rows, (positions, channels), in float32: forward, batch norm reads them twice (its
    statistics, then the rows) and writes once, with ReLU and dropout on the way; backward, it reads
    the rows and the slopes twice and writes once. Residual sums, the products' own reading and
    the optimiser come on top and are left out.
    """
    rows = [n for n, _, channels in products(network, items, outputs, step, train=False)[:-1]]
    return 4 * network.shrink.in_features * sum(rows) * (3 + 5)


def copied_in_a_second(device: torch.device) -> float:
    """Bytes read and written by a plain copy of half a gigabyte."""
    source = torch.randn(2**27, device=device)
    target = torch.empty_like(source)
    (seconds,) = medians((lambda: target.copy_(source),), 9, device)
    return 2 * 4 * source.numel() / seconds


def medians(works, repeats: int, device: torch.device) -> list[float]:
    """Seconds of each piece of work, all in turn."""
    taken = [[] for _ in works]
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    clock = time.process_time if alone else time.perf_counter
    wait = (lambda: None) if device.type == "cpu" else torch.cuda.synchronize
    for turn in range(repeats + 2):
        for work, its in zip(works, taken, strict=True):
            wait()
            started = clock()
            work()
            wait()
            if turn > 1:  # the first two warm up
                its.append(clock() - started)
    return [statistics.median(its) for its in taken]


def report(frames: int, channels: int, options: argparse.Namespace) -> bool:
    """Measure and print; whether the published code was slower, where that is known."""
    device, slower = options.device, []  # the published code, each time
    as_published = device.type == "cpu" and options.threads == 2
    network = VideoPose3D(FILTER_WIDTHS[frames], channels).to(device)
    outputs, apart = SHARED[frames]
    kinds = {"windows of one frame": (1, frames)}
    if outputs > 1:
        kinds[f"{outputs} frames, {apart} apart"] = (outputs, apart)
    print(f"{frames} frames, {channels} channels")
    for name, (count, step) in kinds.items():
        work, floor = step_of(network, count, step)
        whole, least = medians((work, floor), options.repeats, device)
        line = f"floor {least:.4f} s, {100 * least / whole:.0f} %"
        if as_published and (channels, frames) in PUBLISHED_STEP:
            line += f"; published {PUBLISHED_STEP[channels, frames]:.3f} s"
            slower.append(PUBLISHED_STEP[channels, frames] >= whole)
        if device.type == "cuda":
            items = max(1, BATCH // count)
            moved = bytes_of(network, items, count, step) / copied_in_a_second(device)
            line += (
                f"; with its memory {least + moved:.4f} s, {100 * (least + moved) / whole:.0f} %"
            )
        print(f"  step, {name:24}{whole:8.4f} s  {line}")
    length = 20_000 if channels <= 256 and device.type == "cpu" else 4_000
    clip = torch.randn(length, 17, 2, device=device)
    network.eval()
    with torch.no_grad():
        floor = epochs.product_of(products(network, 1, length, 1, train=False), device)
        works = (lambda: network.lift(clip), floor)
        whole, least = medians(works, options.repeats, device)
        line = f"{length / whole:8.0f} frames/s, floor {length / least:.0f}"
        line += f", {100 * least / whole:.0f} %"
        if as_published and (channels, frames) in PUBLISHED_FORWARD:
            line += f"; published {PUBLISHED_FORWARD[channels, frames]}"
            slower.append(PUBLISHED_FORWARD[channels, frames] <= length / whole)
        print(f"  {'whole clip, lifted':30}{line}")
        causal = VideoPose3D(FILTER_WIDTHS[frames], channels, causal=True)
        stream = Stream(causal.to(device).eval())
        frame = torch.randn(1, 17, 2, device=device)
        pushes = (lambda: [stream.push(frame) for _ in range(50)],)
        (each,) = medians(pushes, options.repeats, device)
        print(f"  {'stream, causal':30}{20 * each:8.2f} ms a frame")
    return all(slower)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, nargs="+", default=[1, 27, 243], choices=SHARED)
    parser.add_argument("--channels", type=int, nargs="+", default=[256, 1024])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", type=torch.device, default="cpu")
    parser.add_argument("--tf32", action="store_true", help="matrix products of a GPU in TF32")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_float32_matmul_precision("high" if options.tf32 else "highest")
    where = f"{options.threads} thread"
    if options.device.type == "cuda":
        where = f"{torch.cuda.get_device_name()}, {'TF32' if options.tf32 else 'float32'}"
    print(f"medians of {options.repeats}, {where}, torch {torch.__version__}")
    held = [report(f, channels, options) for channels in options.channels for f in options.frames]
    return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())
