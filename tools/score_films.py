"""Rendered films with known truth through all that `posebook lift film.mp4` does, stage by stage.

    python tools/score_films.py                            # validation films, a table
    python tools/score_films.py --split test --keep        # and the numbers into data/ledger.jsonl

Each film is drawn, written as an MP4, read again; people are found, followed, their sides put
right, lifted, smoothed and stood upright. Then each stage is left out in turn, or known. People are
matched to the truth by their numbers: a true person is the one whose key points lie nearest over
the whole film, and nobody is two. 17 joints, the mean over frames, people and films:

MPJPE       hips together, camera axes            P-MPJPE  turned and scaled onto the truth
upright     MPJPE in world axes, z up, as the camera heads: the tilt counts
root        how far the hip is off, camera axes   velocity, acceleration  of joints about the hip
tilt        how far what is up is off             found    frames with a pose

The first run draws the films, some minutes on one core, and keeps them in --films.
"""

import argparse
import math
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import imageio_ffmpeg
import numpy
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from posebook import lifting, metrics, paths, results
from posebook.cameras import Camera
from posebook.datasets.clips import Clip
from posebook.datasets.people import synthetic
from posebook.datasets.pictures.rendered_films import RenderedFilm, film_of
from posebook.export import films, upright
from posebook.lifting.continuity import sides_mended
from posebook.lifting.placing import LEVEL, height_of, stand_up
from posebook.lifting.poses import Poses
from posebook.skeletons import HOUSE
from posebook.tables import Table

RATE, SECONDS, SIZE = 25.0, 2.4, 384
#: What people do, how far the camera looks down (degrees), and how high it is turned (degrees).
SCENES: tuple[tuple[tuple[str, ...], float, float], ...] = (
    (("Walking",), 0, 0), (("Discussion",), 4, 1), (("Greeting",), 12, 0), (("Photo",), 25, -2),
    (("Purchases",), 8, 0), (("Reaching",), 3, 2), (("Jumping",), 6, 0), (("SittingDown",), 10, 0),
    (("Walking", "Waiting"), 5, 0), (("Directions", "Greeting"), 20, 1),
)  # fmt: skip
SEEDS = {"val": 100, "test": 200}
UNITS = {"MPJPE": "mm", "P-MPJPE": "mm", "upright": "mm", "root": "mm", "velocity": "mm/s",
         "acceleration": "m/s²", "tilt": "degrees", "found": "%"}  # fmt: skip
#: What is done otherwise than by default.
WAYS: dict[str, dict] = {
    "as it comes": {},
    "without swap repair": dict(swaps=False),
    "--smooth none": dict(smooth="none"),
    "--smooth strong": dict(smooth="strong"),
    "camera taken as level": dict(tilt="level"),
    "tilt known": dict(tilt="known"),
    "tilt of each alone": dict(tilt="alone"),
    "height given": dict(height=True),
    "intrinsics given": dict(camera=True),
    "true key points": dict(true=True),
    "true key points, all known": dict(true=True, height=True, camera=True, tilt="known"),
}


@dataclass(frozen=True)
class Drawn:
    """A film's truth. px (frames, people, 17, 2), pose_mm (frames, people, 17, 3) camera axes."""

    name: str
    path: Path
    px: Tensor
    pose_mm: Tensor
    camera: Camera

    def clips(self) -> list[Clip]:
        """True key points as a reader gives them."""
        several = self.px.shape[1] > 1
        return [
            Clip(f"{self.name}/person {k + 1}" if several else self.name, HOUSE, RATE,
                 self.px[:, k], torch.ones(self.px.shape[0], len(HOUSE)), size_px=(SIZE, SIZE))
            for k in range(self.px.shape[1])
        ]  # fmt: skip


def scene(number: int, split: str) -> tuple[Tensor, Camera]:
    """(people, frames, 17, 3) mm, z up, and a camera that sees all of them."""
    actions, down, roll = SCENES[number]
    seed = SEEDS[split] + number
    random = numpy.random.Generator(numpy.random.PCG64(seed))
    frames = int(RATE * SECONDS)
    people = [
        synthetic.Person(f"{split} {seed} {k}", f"{split}{k}", action, 1000 * seed + k)
        for k, action in enumerate(actions)
    ]
    step = round(synthetic.FRAMES_PER_SECOND / RATE)
    world = synthetic.world_of(people, frames * step)[:, ::step]
    for k in range(len(world)):  # beside each other, one further away
        way = world[k, :, :1] * torch.tensor([1.0, 1.0, 0.0])
        place = torch.tensor([(2 * k - len(world) + 1) * 600.0, 800.0 * k, 0.0])
        world[k] += place - (way.amin(0) + way.amax(0)) / 2
    points = world.flatten(0, 2)
    middle = (points.amin(0) + points.amax(0)) / 2
    azimuth, a, b = random.uniform(-0.5, 0.5), math.radians(down), math.radians(roll)
    forward = numpy.array(
        [math.sin(azimuth) * math.cos(a), math.cos(azimuth) * math.cos(a), -math.sin(a)]
    )
    right = numpy.cross(forward, [0, 0, 1]) / math.cos(a)
    below = numpy.cross(forward, right)
    rows = [math.cos(b) * right + math.sin(b) * below, math.cos(b) * below - math.sin(b) * right]
    rotation = torch.from_numpy(numpy.stack([*rows, forward]))
    focal = SIZE * random.uniform(1.0, 1.5)
    seen = (points - middle) @ rotation.T
    away = float((seen[:, :2].abs().amax(-1) * focal / (0.45 * SIZE) - seen[:, 2]).max())
    return world, Camera(
        torch.tensor([focal, focal]), torch.tensor([SIZE / 2, SIZE / 2]), (SIZE, SIZE),
        rotation=rotation, position_mm=middle - away * rotation[2],
    )  # fmt: skip


def drawn(number: int, split: str, folder: Path) -> Drawn:
    """A film and its truth, from the folder where it is kept, or drawn into it."""
    actions = SCENES[number][0]
    name = f"{split}{number}_{'_'.join(actions)}"
    path, truth = folder / f"{name}.mp4", folder / f"{name}.npz"
    world, camera = scene(number, split)
    if not truth.exists():
        film = film_of(world, camera, SIZE, SEEDS[split] + number, RATE)
        folder.mkdir(parents=True, exist_ok=True)
        write(path, film)
        joints = slice(len(HOUSE))
        numpy.savez(truth, px=film.keypoints_px[:, :, joints], pose_mm=film.pose_mm[:, :, joints])
        print(f"drawn: {path}", flush=True)
    held = numpy.load(truth)
    return Drawn(name, path, *(torch.from_numpy(held[k]) for k in ("px", "pose_mm")), camera)


def write(path: Path, film: RenderedFilm) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt",
               "rgb24", "-s", f"{SIZE}x{SIZE}", "-r", f"{film.frames_per_second}", "-i", "-",
               "-pix_fmt", "yuv420p", "-crf", "20", str(path)]  # fmt: skip
    subprocess.run(command, input=film.pictures.tobytes(), check=True)


def lifted(clips: Sequence[Clip], film: Drawn, tall_mm: Sequence[float], way: dict) -> list[Poses]:
    """What `posebook lift` makes of these clips, but for `way`."""
    found = []
    eye = film.camera if way.get("camera") else None
    level = None if eye is None else replace(eye, rotation=torch.eye(3), position_mm=torch.zeros(3))
    for clip, height_mm in zip(clips, tall_mm, strict=True):
        if way.get("swaps", True):
            clip, _ = sides_mended(clip, 0.3)
        poses = upright.lift_upright(
            clip, lifting.default_for(clip), camera=level, smooth=way.get("smooth", "light"),
            height_mm=height_mm if way.get("height") else None, detected=True,
        )  # fmt: skip
        found.append(replace(poses, clip=clip.name))
    if way.get("tilt") == "alone":
        return found
    if "tilt" in way:
        level = way["tilt"] == "level"
        rotation = torch.tensor(LEVEL) if level else gravity(film.camera)
        return [turned(poses, rotation) for poses in found]
    return upright.stand_together(found)


def turned(poses: Poses, rotation: Tensor) -> Poses:
    world, rotation, place = stand_up(poses.pose_mm + poses.root_mm.unsqueeze(1), rotation)
    return replace(poses, world_mm=world, camera_rotation=rotation, camera_place_mm=place)


def gravity(camera: Camera) -> Tensor:
    """Camera axes to world axes, z up, y as the camera heads."""
    up = camera.rotation[:, 2]
    ahead = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    ahead = torch.nn.functional.normalize(ahead - (ahead @ up) * up, dim=0)
    return torch.stack([torch.linalg.cross(ahead, up), ahead, up])


def matched(clips: Sequence[Clip], film: Drawn) -> list[int | None]:
    """Which clip is which true person, by key points over the whole film."""
    cost = torch.full((film.px.shape[1], len(clips)), 1e6)
    for column, clip in enumerate(clips):
        joints = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
        ours = clip.keypoints_px[:, clip.skeleton.indices(*joints)].double()
        theirs = film.px[: len(ours), :, HOUSE.indices(*joints)].double()
        apart = (ours.unsqueeze(1) - theirs).norm(dim=-1).nanmean(-1)  # (frames, people)
        there = torch.isfinite(apart)
        cost[:, column] = apart.nan_to_num(0).sum(0) / there.sum(0).clamp_min(1) + 20.0 * (
            1 - there.double().mean(0)
        )
    rows, columns = linear_sum_assignment(cost.numpy())
    pairs = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    return [pairs.get(person) for person in range(film.px.shape[1])]


def scored(poses: Poses, truth_mm: Tensor, camera: Camera) -> dict[str, float]:
    """truth_mm (frames, 17, 3) camera axes. Velocities are of frames that follow each other."""
    truth_mm = truth_mm[: len(poses)].double()
    there = torch.isfinite(poses.pose_mm).flatten(1).all(-1)
    about = truth_mm - truth_mm[:, :1]
    pose = torch.where(there[:, None, None], poses.pose_mm.double(), torch.nan)
    world = poses.world_mm.double()
    upright_mm = about @ gravity(camera).T
    up = poses.camera_rotation[2].double() @ camera.rotation[:, 2]

    def steps(order: int) -> float:
        off = (pose - about).diff(n=order, dim=0).norm(dim=-1) * RATE**order
        return float(off.nanmean())

    return {
        "MPJPE": float((pose - about).norm(dim=-1).nanmean()),
        "P-MPJPE": float(metrics.p_mpjpe(pose[there], about[there]).mean()),
        "upright": float((world - world[:, :1] - upright_mm).norm(dim=-1)[there].mean()),
        "root": float((poses.root_mm.double() - truth_mm[:, 0]).norm(dim=-1)[there].mean()),
        "velocity": steps(1),
        "acceleration": steps(2) / 1000,
        "tilt": math.degrees(math.acos(min(1.0, float(up)))),
        "found": 100 * float(there.double().sum()) / len(truth_mm),
    }


def rows_of(film: Drawn, found: Sequence[Clip]) -> Iterator[tuple[str, dict[str, float]]]:
    """(way, scores) of each true person."""
    tall = [height_of(film.pose_mm[:, k].double()) for k in range(film.px.shape[1])]
    who = matched(found, film)
    for way, how in WAYS.items():
        people = film.clips() if how.get("true") else [found[k] for k in who if k is not None]
        truths = [p for p, k in enumerate(who) if how.get("true") or k is not None]
        for poses, person in zip(
            lifted(people, film, [tall[p] for p in truths], how), truths, strict=True
        ):
            yield way, scored(poses, film.pose_mm[:, person], film.camera)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--split", choices=list(SEEDS), default="val")
    parser.add_argument("--films", type=Path, default=paths.runs() / "score_films")
    parser.add_argument("--detector", help="as `posebook lift` takes it")
    parser.add_argument("--keep", action="store_true", help="numbers into data/ledger.jsonl")
    options = parser.parse_args()
    scores: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for number in range(len(SCENES)):
        film = drawn(number, options.split, options.films)
        folder = options.films / film.path.stem
        clips, *_ = films.found(film.path, options.detector, folder)
        for way, values in rows_of(film, clips):
            scores[way].append(values)
        print(film.name, {m: round(v, 1) for m, v in scores["as it comes"][-1].items()}, flush=True)
    means = {
        way: {metric: float(numpy.mean([row[metric] for row in rows])) for metric in UNITS}
        for way, rows in scores.items()
    }
    headers = ["way", *(f"{metric} ({unit})" for metric, unit in UNITS.items())]
    print(Table(headers, [[way, *values.values()] for way, values in means.items()]).markdown())
    if options.keep:
        results.keep(
            results.Number(
                metric,
                value,
                UNITS[metric],
                f"17 joints, mean of {len(SCENES)} films at 25 frames/s",
                data="rendered films",
                split=options.split,
                method=way,
                chapter="in_the_wild",
                profile=results.OF_A_FILE,
                versions=results.versions(),
                code=results.code(),
                frames=int(RATE * SECONDS * sum(len(actions) for actions, *_ in SCENES)),
            )  # fmt: skip
            for way, values in means.items()
            for metric, value in values.items()
        )


if __name__ == "__main__":
    main()
