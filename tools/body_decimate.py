"""Fewer triangles: edges collapse onto one of their ends, cheapest first (quadric error).

Garland & Heckbert 1997, "Surface simplification using quadric error metrics". A collapse keeps
one of the two vertices where it is, so that the coarse mesh uses vertices of the fine one, with
their shapes and skin weights.
"""

import heapq

import numpy as np


def decimated(points, faces, regions, part, wanted, names):
    """Coarser triangles and their regions; `wanted` says how many for each region's name."""
    coarse, labels = [], []
    for index, name in enumerate(names):
        piece = faces[regions == index]
        # Fingers, toes and faces hold most triangles, and are small in a picture.
        care = np.where(np.isin(part, (3, 4)), 0.25, 1.0)
        piece = collapse(points, piece, wanted[name], care)
        coarse.append(piece)
        labels.append(np.full(len(piece), index))
    return np.concatenate(coarse), np.concatenate(labels)


def _plane(points, face):
    a, b, c = points[face]
    normal = np.cross(b - a, c - a)
    area = np.linalg.norm(normal)
    if area < 1e-9:
        return np.zeros((4, 4)), normal
    normal = normal / area
    plane = np.append(normal, -normal @ a)
    return np.outer(plane, plane) * area, normal


def collapse(points, faces, wanted, care):
    """Triangles (n, 3) -> about `wanted` of them, on the same vertices."""
    faces = [tuple(map(int, face)) for face in faces]
    alive = [True] * len(faces)
    quadric, around, edges = {}, {}, {}
    for number, face in enumerate(faces):
        plane, _ = _plane(points, list(face))
        for place, vertex in enumerate(face):
            quadric[vertex] = quadric.get(vertex, 0) + plane * care[vertex]
            around.setdefault(vertex, set()).add(number)
            edge = tuple(sorted((vertex, face[(place + 1) % 3])))
            edges.setdefault(edge, []).append(number)
    for (a, b), users in edges.items():
        if len(users) == 1:  # an open edge: a plane that stands on it keeps it in place
            _, normal = _plane(points, list(faces[users[0]]))
            side = np.cross(points[b] - points[a], normal)
            side = side / max(np.linalg.norm(side), 1e-9)
            plane = np.append(side, -side @ points[a])
            stiff = np.outer(plane, plane) * 3 * ((points[b] - points[a]) ** 2).sum()
            quadric[a], quadric[b] = quadric[a] + stiff, quadric[b] + stiff
    version = dict.fromkeys(quadric, 0)
    heap = []

    def offer(a, b):
        total = quadric[a] + quadric[b]
        spot = np.append(points[[a, b]], [[1], [1]], 1)
        costs = np.einsum("ni,ij,nj->n", spot, total, spot)
        keep, gone = (a, b) if costs[0] <= costs[1] else (b, a)
        length = ((points[a] - points[b]) ** 2).sum()
        cost = float(costs.min()) + 1e-4 * length * min(care[a], care[b])
        heapq.heappush(heap, (cost, keep, gone, version[keep], version[gone]))

    for a, b in edges:
        offer(a, b)
    count = len(faces)
    while heap and count > wanted:
        _, keep, gone, of_keep, of_gone = heapq.heappop(heap)
        if version.get(keep) != of_keep or version.get(gone) != of_gone:
            continue
        shared = around[keep] & around[gone]
        moved = around[gone] - shared
        if not shared or _spoils(points, faces, around, keep, gone, shared, moved):
            continue
        for number in shared:
            alive[number] = False
            for vertex in faces[number]:
                around[vertex].discard(number)
        for number in moved:
            faces[number] = tuple(keep if vertex == gone else vertex for vertex in faces[number])
            around[keep].add(number)
        count -= len(shared)
        quadric[keep] = quadric[keep] + quadric.pop(gone)
        del around[gone], version[gone]
        version[keep] += 1
        for vertex in {vertex for number in around[keep] for vertex in faces[number]} - {keep}:
            offer(keep, vertex)
    return np.array([face for face, there in zip(faces, alive, strict=True) if there])


def _spoils(points, faces, around, keep, gone, shared, moved):
    """Whether a collapse would fold a triangle over, or pinch the surface."""
    near = {v for n in around[keep] for v in faces[n]} & {v for n in around[gone] for v in faces[n]}
    if len(near - {keep, gone}) > len(shared):
        return True
    for number in moved:
        old = list(faces[number])
        new = [keep if vertex == gone else vertex for vertex in old]
        before = _plane(points, old)[1]
        after = _plane(points, new)[1]
        if before @ after < 0.25 * max(np.linalg.norm(before), 1e-9) or not after.any():
            return True
    return False
