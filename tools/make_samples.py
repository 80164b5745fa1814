"""Writes the full-body motion of `data/samples/`: made by the generator, nobody's recording.

    python tools/make_samples.py

motion.bvh             six seconds of a synthetic person (S9, Walking) at 25 frames/s
motion_alphapose.json  the same, as a detector would see it in COCO-17: AlphaPose's format, with
                       jitter, missing joints and a swap or two
"""

import json
from dataclasses import replace

import torch

from posebook import paths
from posebook.datasets import detector_errors, layouts
from posebook.datasets.people import synthetic
from posebook.export.bvh import bvh_text
from posebook.export.rigid_body import rig
from posebook.export.upright import camera_around
from posebook.skeletons import COCO_17

FOLDER = paths.DATA / "samples"


def main() -> None:
    motions = synthetic.motions("synthetic", subjects=["S9"], frames=300)
    motion = next(m for m in motions if m.action == "Walking")
    motion = replace(motion, world_mm=motion.world_mm[::2], frames_per_second=25.0)
    body = rig(motion.world_mm)
    text = bvh_text(body, motion.frames_per_second)
    print(paths.shown(paths.write_text(FOLDER / "motion.bvh", text)), len(motion), "frames")

    camera, _ = camera_around(motion)
    clip = layouts.in_layout(motion.seen_by(camera), COCO_17)
    clip = detector_errors.detect(clip, torch.Generator().manual_seed(0))
    people = []
    for frame, (points, trust) in enumerate(zip(clip.keypoints_px, clip.confidence, strict=True)):
        rows = torch.cat([points, trust.unsqueeze(-1)], -1).nan_to_num(0.0)
        rows = [round(value, 2) for value in rows.flatten().tolist()]
        score = round(float(3 * trust.mean()), 3)
        name = f"{frame:05d}.jpg"
        people.append({"image_id": name, "category_id": 1, "keypoints": rows, "score": score})
    text = "[\n" + ",\n".join(json.dumps(person) for person in people) + "\n]\n"
    print(paths.shown(paths.write_text(FOLDER / "motion_alphapose.json", text)))


if __name__ == "__main__":
    main()
