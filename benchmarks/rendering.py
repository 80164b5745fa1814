"""Rendered people: pictures that one core draws in a second, and where its time goes.

    python benchmarks/rendering.py [--pictures 96]

CPU seconds of this process, on one thread. The exit status is 1 where a rate is under what was
promised.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from posebook.datasets.pictures import dressing, film, rendered, scene, shading

#: Domain, size in px, and pictures/s that are promised.
PROMISED = (("rendered_plain", 64, 40), ("rendered_wild", 64, 15), ("rendered_wild", 128, 10))
#: Stage: where its function is looked up, and under which name. `draw_place` has no other in it.
STAGES = {
    "bodies posed, a crowd at once": (rendered, "crowd"),
    "clothes": (rendered, "dressed"),
    "rasterised for the camera": (scene, "rasterise"),
    "rasterised for the light": (shading, "rasterise"),
    "people and furniture shaded": (scene, "_shaded"),
    "walls, floor and sky": (scene, "draw_place"),
    "exposure, blur, noise": (film, "develop"),
    "JPEG": (film, "encode"),
}


def timed(function: Callable, stage: str, spent: dict[str, float]) -> Callable:
    """The function, with its CPU seconds added up under the name of its stage."""

    def run(*given: Any, **named: Any) -> Any:
        start = time.process_time()
        try:
            return function(*given, **named)
        finally:
            spent[stage] += time.process_time() - start

    return run


def measure(domain: str, size: int, pictures: int) -> tuple[float, dict[str, float]]:
    """Pictures/s, and CPU milliseconds a picture by stage."""
    for index in range(4):
        rendered.rendered_picture(domain, index, size)
    dressing.crowd.cache_clear()
    spent = dict.fromkeys(STAGES, 0.0)
    plain = {stage: getattr(module, name) for stage, (module, name) in STAGES.items()}
    for stage, (module, name) in STAGES.items():
        setattr(module, name, timed(plain[stage], stage, spent))
    start = time.process_time()
    try:
        for index in range(pictures):
            rendered.rendered_picture(domain, index, size)
    finally:
        whole = time.process_time() - start
        for stage, (module, name) in STAGES.items():
            setattr(module, name, plain[stage])
    spent["all else: scene, truth"] = whole - sum(spent.values())
    return pictures / whole, {stage: 1000 * each / pictures for stage, each in spent.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=96)
    pictures = parser.parse_args().pictures
    torch.set_num_threads(1)
    print(f"{platform.machine()}, one thread, torch {torch.__version__}; CPU time")
    slow = []
    for domain, size, promised in PROMISED:
        found, stages = measure(domain, size, pictures)
        print(f"\n{domain}, {size} px: {found:.1f} pictures/s (promised {promised})")
        for stage, spent in stages.items():
            print(f"  {stage:32s} {spent:6.2f} ms")
        if found < promised:
            slow.append(f"{domain} at {size} px")
    sys.exit(f"too slow: {', '.join(slow)}" if slow else 0)
