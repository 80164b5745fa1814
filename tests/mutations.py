"""Ways to break a file: bytes, lines, numbers, brackets, the structure of JSON, arrays, archives.

Each takes a good file and a random generator and gives a worse one. They are meant to get past the
first check: a number becomes another number, a list a shorter one, an archive is packed again so
that its checksums are right.
"""

import contextlib
import io
import json
import random
import re
import zipfile
from typing import Any

import h5py
import numpy as np
import scipy.io

NUMBERS = [
    "nan", "inf", "-inf", "1e308", "-1e308", "1e999", "0", "-1", "1e-320", "9" * 400, "0x10", "1_0",
    "1,5", "x", "", "٣", "1e", "--1", "99999999999999999999", "2147483648", "-0.0", "true",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, "", "x", [], {}, [[]], [[[[]]]], {"a": {}}, 0, -1, 1e308, -1e308, 10**400, 2**63,
    float("nan"), float("inf"), [1], ["x"], [None] * 75, [0] * 51, {"0": "nose"}, "1", 1.5,
    "../../etc/passwd", "\x00", "é" * 50, "\x1b[2J", "a\nb", "\ud800", "\u202e", 1e-30, -1e-30,
]  # fmt: skip
_NUMBER = re.compile(rb"-?\d+\.?\d*(?:[eE][-+]?\d+)?")


def mutate_text(content: bytes, rng: random.Random) -> bytes:
    """One to four changes to a file of text."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        content = rng.choice(_TEXT_CHANGES)(content, rng)
    return content


def _truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _flip(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 3, 20))):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _lines(content: bytes, rng: random.Random) -> bytes:
    """Delete, double, swap or empty lines."""
    lines = content.splitlines(keepends=True) or [b""]
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(5)
    if kind == 0:
        del lines[one]
    elif kind == 1:
        lines.insert(other, lines[one])
    elif kind == 2:
        lines[one], lines[other] = lines[other], lines[one]
    elif kind == 3:
        lines[one] = b"\n"
    else:
        del lines[min(one, other) : max(one, other)]
    return b"".join(lines)


def _number(content: bytes, rng: random.Random) -> bytes:
    """Other numbers, or none, in place of a few."""
    places = list(_NUMBER.finditer(content))
    for place in sorted(rng.sample(places, min(len(places), rng.choice((1, 1, 3)))),
                        key=lambda place: -place.start()):  # fmt: skip
        other = rng.choice(NUMBERS).encode()
        content = content[: place.start()] + other + content[place.end() :]
    return content


def _insert(content: bytes, rng: random.Random) -> bytes:
    """Brackets, marks of other formats, binary."""
    piece = rng.choice([
        b"{", b"}", b"[", b"]", b"[" * 20_000, b"{" * 3000, b'{"a":' * 20_000, b"\x00", b"\xff\xfe",
        b"\xef\xbb\xbf", b"\n", b",", b'"', b"}" * 50, b"JOINT x {\n" * 1500, b"begin\n" * 1500,
        b"version https://git-lfs.github.com/spec/v1\n", b"%" * 70_000, b"\r", b":", b"#",
    ])  # fmt: skip
    place = rng.choice((0, rng.randrange(len(content) + 1), len(content)))
    return content[:place] + piece + content[place:]


def _cut(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content) + 1)
    return content[:start] + content[start + rng.choice((1, 2, 10, 200)) :]


def _words(content: bytes, rng: random.Random) -> bytes:
    """Swap, double or drop words."""
    words = re.split(rb"(\s+)", content)
    one, other = rng.randrange(len(words)), rng.randrange(len(words))
    kind = rng.randrange(3)
    if kind == 0:
        words[one], words[other] = words[other], words[one]
    elif kind == 1:
        words[one] = words[one] + b" " + words[one]
    else:
        words[one] = b""
    return b"".join(words)


def _case(content: bytes, rng: random.Random) -> bytes:
    return rng.choice((content.upper(), content.lower(), content.replace(b" ", b"\t")))


_TEXT_CHANGES = [_truncate, _flip, _lines, _lines, _number, _number, _number, _insert, _cut, _words,
                 _case]  # fmt: skip


def mutate_json(content: bytes, rng: random.Random) -> bytes:
    """The same as text, or with another value, key or length somewhere inside."""
    if rng.random() < 0.3:
        return mutate_text(content, rng)
    tree = json.loads(content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        tree = mutate_tree(tree, rng)
    return json.dumps(tree).encode("utf-8", "surrogatepass")


def mutate_tree(tree: Any, rng: random.Random) -> Any:
    """Walk down a random way and change what is there."""
    if rng.random() < 0.02 or not isinstance(tree, list | dict) or not tree:
        return rng.choice(VALUES)
    keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
    key = rng.choice(keys)
    kind = rng.random()
    changed = tree.copy()
    if kind < 0.75:
        changed[key] = mutate_tree(tree[key], rng)
    elif kind < 0.83:
        del changed[key]
    elif kind < 0.91:
        changed[key] = rng.choice(VALUES)
    elif isinstance(tree, list):
        changed = rng.choice((tree + tree[:1], tree[: key + 1], [tree], tree * 3, tree[::-1]))
    else:
        changed[rng.choice(["id", "x", "keypoints", "image_id", "people"])] = tree[key]
    return changed


def mutate_npy(content: bytes, rng: random.Random) -> bytes:
    """A .npy file with a changed header, changed data, another length, or another array."""
    kind = rng.random()
    if kind < 0.4:
        return _number(content[:128], rng) + content[128:] if rng.random() < 0.5 else _flip(
            content[:128], rng) + content[128:]  # fmt: skip
    if kind < 0.7:
        return rng.choice((_flip, _truncate, _cut, _insert))(content, rng)
    array = np.load(io.BytesIO(content))
    if array.dtype.kind not in "fiu" or array.ndim == 0:
        return npy_of(rng.choice((array.reshape(-1)[:1], np.array(rng.choice(VALUES[:4])), -1e9)))
    return npy_of(mutate_array(array.astype(np.float64), rng))


def mutate_array(array: np.ndarray, rng: random.Random) -> np.ndarray:
    """Other shapes, types and numbers."""
    array = array.copy()
    kind = rng.randrange(8)
    with np.errstate(all="ignore"):
        if kind == 0:
            array = array[..., : rng.randrange(array.shape[-1] + 1)]
        elif kind == 1 and array.ndim > 1:
            array = array[:, : rng.randrange(array.shape[1] + 1)]
        elif kind == 2:
            array = array.astype(rng.choice(["<i1", ">f8", "<f2", "<u4", "?", "<c16", "S3", "O"]))
        elif kind == 3:
            array = rng.choice((array[None], array[0], array.reshape(-1), array.T))
        elif kind == 4:
            array[rng.randrange(len(array))] = rng.choice([np.nan, np.inf, 1e38, -1e38, 0, 1])
        elif kind == 5:
            array = array * np.float64(rng.choice([0, 1e-300, 1e300, -1, np.nan, 1e-3]))
        elif kind == 6:
            array = np.concatenate([array] * rng.choice((2, 3)), axis=rng.randrange(array.ndim))
        else:
            flat = array.reshape(-1)
            for _ in range(5):
                flat[rng.randrange(len(flat))] = rng.choice([np.nan, np.inf, 1e38, -1, 0])
    return array


def npy_of(array: Any) -> bytes:
    held = io.BytesIO()
    np.save(held, np.asanyarray(array), allow_pickle=True)
    return held.getvalue()


def mutate_npz(content: bytes, rng: random.Random) -> bytes:
    """An archive with damaged bytes, or packed again with changed, doubled or missing members."""
    if rng.random() < 0.25:
        return rng.choice((_flip, _truncate, _cut))(content, rng)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = rng.choice(list(members))
    kind = rng.random()
    if kind < 0.5:
        pickled = b"|O" in members[name][:80]
        change = mutate_pickle if pickled else mutate_npy
        members[name] = change(members[name], rng)
    elif kind < 0.6:
        del members[name]
    elif kind < 0.7:
        members[rng.choice([".npy", "x", "a/b.npy", "keypoints.npy", "\udce9"])] = members[name]
    elif kind < 0.8:
        members[name] = b"".join(rng.sample(list(members.values()), 1))
    else:
        for other in members:
            members[other] = mutate_pickle(members[other], rng)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for key, value in members.items():
            archive.writestr(key.encode("utf-8", "replace").decode(), value)
    return held.getvalue()


def mutate_members(content: bytes, rng: random.Random) -> bytes:
    """A zip archive packed again, with one member of other bytes, gone, or deflated."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = rng.choice([name for name in members if name.endswith(".pkl")] + list(members))
    if rng.random() < 0.1:
        del members[name]
    elif name.endswith(".pkl"):
        members[name] = mutate_pickle(b"\n" + members[name], rng)[1:]
    else:
        members[name] = rng.choice((_flip, _truncate, _cut))(members[name], rng)
    held = io.BytesIO()
    packed = zipfile.ZIP_DEFLATED if rng.random() < 0.1 else zipfile.ZIP_STORED
    with zipfile.ZipFile(held, "w", packed) as archive:
        for key, value in members.items():
            archive.writestr(key, value)
    return held.getvalue()


def mutate_pickle(content: bytes, rng: random.Random) -> bytes:
    """An object array whose pickle has other bytes, or which holds other things."""
    start = content.find(b"\n") + 1
    head, program = content[:start], content[start:]
    if rng.random() < 0.6 or b"|O" not in head:
        changed = bytearray(program)
        for _ in range(rng.choice((1, 1, 2, 8))):
            place = rng.choice((rng.randrange(len(changed)), rng.randrange(min(400, len(changed)))))
            changed[place] = rng.choice((rng.randrange(256), rng.choice(b"cRbi(}]\x94\x93u.0qrhj")))
        return head + bytes(changed)
    tree = np.load(io.BytesIO(content), allow_pickle=True).tolist()
    return npy_of(np.array(_mutate_things(tree, rng), dtype=object))


def _mutate_things(tree: Any, rng: random.Random) -> Any:
    if isinstance(tree, np.ndarray):
        return mutate_array(tree, rng) if tree.size and tree.ndim else rng.choice(VALUES)
    if not isinstance(tree, dict | list) or not tree or rng.random() < 0.05:
        return rng.choice(VALUES)
    key = rng.choice(list(tree) if isinstance(tree, dict) else range(len(tree)))
    changed = tree.copy()
    if rng.random() < 0.1:
        del changed[key]
    else:
        changed[key] = _mutate_things(tree[key], rng)
    return changed


def mutate_mat(content: bytes, rng: random.Random) -> bytes:
    """A .mat file of version 5 with damaged bytes; or written again with other variables in it,
    packed or not, so that the damage gets past the checksum of the packing."""
    kind = rng.random()
    if kind < 0.15:
        return rng.choice((_flip, _truncate, _cut, _insert))(content, rng)
    variables = {
        key: value
        for key, value in scipy.io.loadmat(io.BytesIO(content)).items()
        if not key.startswith("__")
    }
    if kind > 0.4:
        variables = _other_variables(variables, rng)
    held = io.BytesIO()
    scipy.io.savemat(held, variables, do_compression=rng.random() < 0.5)
    if kind > 0.4:
        return held.getvalue()
    head = held.getvalue()[: 128 + rng.choice((64, 300))]  # tags and sizes
    return _flip(head, rng) + held.getvalue()[len(head) :]


def mutate_hdf5(content: bytes, rng: random.Random) -> bytes:
    """An HDF5 file with damaged bytes, or with other datasets in it; a head of MATLAB's is kept."""
    if rng.random() < 0.4:
        return rng.choice((_flip, _flip, _flip, _truncate, _cut, _insert))(content, rng)
    start = content.find(b"\x89HDF")
    held = io.BytesIO(content[start:])
    with h5py.File(held, "r") as file:
        variables = {key: value[()] for key, value in file.items() if hasattr(value, "shape")}
    held = io.BytesIO()
    packing = rng.choice((None, "gzip", "lzf"))
    with h5py.File(held, "w") as file:
        for key, value in _other_variables(variables, rng).items():
            with contextlib.suppress(TypeError, ValueError):  # what HDF5 has no type for
                packed = packing if np.ndim(value) and np.size(value) else None
                file.create_dataset(key, data=value, compression=packed)
    return content[:start] + held.getvalue()


def _other_variables(variables: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """One or two variables changed, gone, or under another name."""
    changed = dict(variables)
    for _ in range(rng.choice((1, 1, 2))):
        key = rng.choice(sorted(changed) or ["x"])
        value = changed.get(key)
        kind = rng.random()
        if kind < 0.1:
            changed.pop(key, None)
        elif kind < 0.2:
            changed[rng.choice(["joints", "annot2", "annot3", "poses", "valid_frame"])] = value
        elif kind < 0.3:
            changed[key] = rng.choice(["text", 1.5, {"a": 1}, np.zeros((0, 3)), np.array([1j])])
        elif isinstance(value, np.ndarray) and value.dtype.kind == "O" and value.size:
            changed[key] = cells = value.copy()
            place = rng.randrange(cells.size)
            cells.reshape(-1)[place] = _other_array(cells.reshape(-1)[place], rng)
            if rng.random() < 0.2:
                changed[key] = rng.choice((cells[:place], cells.T, cells[::-1], cells[:1] * 1))
        else:
            changed[key] = _other_array(value, rng)
    return {key: value for key, value in changed.items() if value is not None}


def _other_array(value: Any, rng: random.Random) -> Any:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu" or not value.size:
        return rng.choice([value, 0.0, "x", np.ones((3, 14, 2))])
    if rng.random() < 0.3:  # a single number
        changed = value.astype(np.float64)
        changed.reshape(-1)[rng.randrange(changed.size)] = rng.choice(
            [np.nan, np.inf, 1e300, -1, 0, 2]
        )
        return changed
    changed = mutate_array(value.astype(np.float64), rng)
    return changed if changed.dtype.kind in "fiub" else np.ones(changed.shape)
