"""What becomes of MakeHuman's mesh: bones, points to read off, the triangles of each garment."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import ConvexHull, cKDTree

#: Our bones and which of the rig's bones are added to each. What names no bone here is the head's.
SIDED = {
    "clavicle": ("clavicle",), "shoulder": ("shoulder01",),
    "upper_arm_near": ("upperarm01",), "upper_arm": ("upperarm02",),
    "fore_arm": ("lowerarm01", "lowerarm02"), "hand": ("wrist", "metacarpal", "finger"),
    "thigh_near": ("upperleg01",), "thigh": ("upperleg02",),
    "shin": ("lowerleg01", "lowerleg02"), "foot": ("foot", "toe"),
}  # fmt: skip
MIDDLE = {
    "pelvis": ("root", "pelvis."), "spine_low": ("spine05", "spine04"), "spine_mid": ("spine03",),
    "spine_high": ("spine02", "breast"), "chest": ("spine01",), "neck": ("neck",), "head": (),
}  # fmt: skip
BONES = (*MIDDLE, *(f"{side}_{bone}" for side in ("left", "right") for bone in SIDED))
REGIONS = (
    "skin", "eyes", "shirt", "trousers", "skirt", "skirt_long", "hair_short", "hair_long", "shoes",
)  # fmt: skip
#: Points read off the body: the bone that carries each, and the joint cubes it lies between.
CUBES = {
    "pelvis": ("pelvis", "joint-pelvis"), "spine_4": ("pelvis", "joint-spine-4"),
    "spine_3": ("spine_low", "joint-spine-3"), "spine_2": ("spine_mid", "joint-spine-2"),
    "spine_1": ("spine_high", "joint-spine-1"), "neck": ("chest", "joint-neck"),
    "head_base": ("neck", "joint-head"),
    "SIDE_clavicle": ("chest", "joint-S-clavicle"),
    "SIDE_scapula": ("SIDE_clavicle", "joint-S-scapula"),
    "SIDE_shoulder": ("SIDE_clavicle", "joint-S-shoulder"),
    "SIDE_elbow": ("SIDE_upper_arm", "joint-S-elbow"),
    "SIDE_wrist": ("SIDE_fore_arm", "joint-S-hand"),
    "SIDE_hand": ("SIDE_hand", "joint-S-hand-2"),
    "SIDE_hip": ("pelvis", "joint-S-upper-leg"), "SIDE_knee": ("SIDE_thigh", "joint-S-knee"),
    "SIDE_foot": ("SIDE_shin", "joint-S-ankle"), "SIDE_toe_base": ("SIDE_foot", "joint-S-foot-1"),
    "SIDE_eye": ("head", "joint-S-eye"),
}  # fmt: skip


def merged_bones(names: list[str]) -> dict[str, int]:
    """Rig bone -> place of ours."""
    result = {}
    for name in names:
        side = {".L": "left_", ".R": "right_"}.get(name[-2:], "")
        table = [(f"{side}{bone}", parts) for bone, parts in SIDED.items() if side]
        table += list(MIDDLE.items())
        found = [bone for bone, parts in table if parts and name.startswith(parts)]
        result[name] = BONES.index(found[0] if found else "head")
    return result


def point_regressor(points: np.ndarray, cubes: dict[str, np.ndarray], body: np.ndarray):
    """Named points as averages of vertices: {name: (bone, vertex numbers)}."""
    rows = {}
    for name, (bone, cube) in CUBES.items():
        for side in ("left", "right") if "SIDE" in name + bone else ("",):
            vertices = cubes[cube.replace("S", side[:1])]
            rows[name.replace("SIDE", side)] = (bone.replace("SIDE", side), vertices)
    head = body[points[body, 1] > cubes_mean(points, cubes, "joint-head")[1]]
    x, y, z = points[head].T
    middle = head[np.abs(x) < 2]
    rows["nose"] = ("head", middle[[points[middle, 2].argmax()]])
    rows["head_top"] = ("head", middle[[points[middle, 1].argmax()]])
    for side, sign in (("left", 1), ("right", -1)):
        rows[f"{side}_ear"] = ("head", head[(-sign * x).argsort()[:12]])
        foot = body[(points[body, 1] < points[body, 1].min() + 25) & (sign * points[body, 0] > 0)]
        rows[f"{side}_heel"] = (f"{side}_foot", foot[points[foot, 2].argsort()[:6]])
        front = foot[(-points[foot, 2]).argsort()]
        rows[f"{side}_big_toe"] = (f"{side}_foot", front[:6])
        outer = front[points[front, 2] > points[foot, 2].max() - 75]
        rows[f"{side}_small_toe"] = (
            f"{side}_foot",
            outer[(-sign * points[outer, 0]).argsort()[:6]],
        )
    return rows


def cubes_mean(points: np.ndarray, cubes: dict[str, np.ndarray], name: str) -> np.ndarray:
    return points[cubes[name]].mean(0)


def triangles(quads: np.ndarray) -> np.ndarray:
    """Quads (n, 4) -> triangles (2 n, 3)."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]], 1).reshape(-1, 3)


def normals(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (vertices, 3), outward, each face by its area; zero where there is no face."""
    corner = points[faces]
    face = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    result = np.zeros_like(points)
    for place in range(3):
        np.add.at(result, faces[:, place], face)
    return result / np.maximum(np.linalg.norm(result, axis=1, keepdims=True), 1e-9)


def boundary(faces: np.ndarray) -> np.ndarray:
    """Vertices on an edge that only one triangle has."""
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    return np.unique(unique[count == 1])


def along_limbs(points: np.ndarray, main_bone: np.ndarray, at: dict[str, np.ndarray]):
    """Part of each vertex (0 trunk and head, 1 arm, 2 leg, 3 hand, 4 foot), and how far along.

    Along an arm from shoulder 0 to wrist 1, a leg from hip 0 to ankle 1, by lengths of bones.
    """
    part, along = np.zeros(len(points), int), np.zeros(len(points))
    limbs = {1: ("shoulder", "elbow", "wrist", ("upper_arm", "fore_arm")),
             2: ("hip", "knee", "foot", ("thigh", "shin"))}  # fmt: skip
    for index, bone in enumerate(BONES):
        mine = main_bone == index
        side = bone.split("_")[0]
        for number, (first, middle, last, names) in limbs.items():
            if not bone.startswith(tuple(f"{side}_{name}" for name in names)):
                continue
            a, b, c = (at[f"{side}_{name}"] for name in (first, middle, last))
            near, far = np.linalg.norm(b - a), np.linalg.norm(c - b)
            part[mine] = number
            if names[0] in bone:
                way = (points[mine] - a) @ (b - a) / near
            else:
                way = near + (points[mine] - b) @ (c - b) / far
            along[mine] = way / (near + far)
        if bone.endswith(("_hand", "_foot")):
            part[mine], along[mine] = (3 if bone.endswith("hand") else 4), 1.0
    return part, along.clip(0, 1)


def uncovered_skin(points, body, tights, part, along, above):
    """Body triangles that can ever be seen: none of trunk and hips, which are always dressed.

    What lies under the suit, further than 35 mm from its edges, on trunk, seat or the upper third
    of the thigh, is not in the asset at all. `above`: height of each vertex over the neckline.
    """
    centre = points[body].mean(1)
    under = cKDTree(points[np.unique(tights)]).query(centre)[0] < 60
    inside = cKDTree(points[boundary(tights)]).query(centre)[0] > 35
    kept = part[body].min(1)
    upper = (kept == 0) | ((part[body] == 2).all(1) & (along[body].max(1) < 0.25))
    upper |= (part[body] <= 2).all(1) & (along[body].max(1) < 0.1)
    return body[~(under & inside & upper & (above[body].max(1) < -30))]


def scalp(points: np.ndarray, body: np.ndarray, at: dict[str, np.ndarray]) -> np.ndarray:
    """Triangles of the body that short hair grows on."""
    ear = (at["left_ear"] + at["right_ear"]) / 2
    size = at["head_top"][1] - ear[1]
    x, y, z = ((points[body].mean(1) - ear) / size).T
    hairline = np.interp(z, [-1.0, -0.35, 0.05, 0.25, 0.8], [-0.75, -0.55, 0.1, 0.42, 0.62])
    near_ear = (np.abs(x) > 0.5) & (np.abs(z + 0.05) < 0.32) & (y < 0.3)
    return body[(y > hairline) & ~near_ear]


def strands_closed(points: np.ndarray, hair: np.ndarray) -> np.ndarray:
    """Moves (vertices, 3) that close the gaps between neighbouring strips of long hair."""
    used = np.unique(hair)
    edges = hair[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    graph = coo_matrix((np.ones(len(edges)), edges.T), shape=(len(points),) * 2)
    strip = connected_components(graph, directed=False)[1]
    moves = np.zeros_like(points)
    for one in np.unique(strip[used]):
        mine, others = used[strip[used] == one], used[strip[used] != one]
        near, place = cKDTree(points[others]).query(points[mine])
        close = near < 45
        moves[mine[close]] = 0.6 * (points[others[place[close]]] - points[mine[close]])
    return moves


def shoe(points: np.ndarray, foot: np.ndarray) -> np.ndarray:
    """The convex hull of a foot's vertices, its triangles turned outward."""
    hull = ConvexHull(points[foot])
    corner = points[foot][hull.simplices]
    out = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    wrong = (out * hull.equations[:, :3]).sum(1) < 0
    faces = hull.simplices.copy()
    faces[wrong] = faces[wrong][:, [0, 2, 1]]
    return foot[faces]
