"""Archives of strangers: numpy's own are read as numpy reads them, nothing in them is run."""

import io
import os
import pickle
import resource
import struct
import tracemalloc
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from posebook.datasets.readers import pickle_machine, safe_pickle
from posebook.errors import InputError

THINGS = {
    "floats": np.arange(6, dtype=np.float32).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "swapped": np.arange(4, dtype=">i4"),
    "strings": np.array(["left", "right"]),
    "flags": np.array([True, False]),
    "number": np.float64(2.5),
    "list": [np.ones((2, 2)), (1, 2.5, "x", None)],
    "nested": {"S1": {"Walking": [np.zeros((1, 3), np.float16)]}},
    "objects": np.array([np.arange(2), {"a": 1}], dtype=object),
    7: b"bytes",
}


def same(found, expected) -> bool:
    if isinstance(expected, np.ndarray) and expected.dtype != object:
        return bool(np.array_equal(found, expected)) and found.dtype == expected.dtype
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            same(found[key], value) for key, value in expected.items()
        )
    if isinstance(expected, list | tuple | np.ndarray):
        return len(found) == len(expected) and all(map(same, found, expected))
    return found == expected


def archive(payload: bytes, shape: str = "()") -> bytes:
    """An .npz with one object array, whose pickle is `payload`."""
    header = f"{{'descr': '|O', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + payload
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("things.npy", npy)
    return held.getvalue()


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_dicts_lists_strings_and_numbers_come_through(tmp_path, protocol):
    payload = pickle.dumps(np.array(THINGS, dtype=object), protocol=protocol)
    path = tmp_path / "a.npz"
    path.write_bytes(archive(payload))
    assert same(safe_pickle.read_npz(path)["things"], THINGS)


def test_as_numpy_writes_them(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", things=np.array(THINGS, dtype=object), plain=np.eye(3))
    found = safe_pickle.read_npz(tmp_path / "a.npz")
    assert same(found["things"], THINGS) and np.array_equal(found["plain"], np.eye(3))
    np.save(tmp_path / "a.npy", THINGS["fortran"])
    assert same(safe_pickle.read_npy(tmp_path / "a.npy"), THINGS["fortran"])


class Runs:
    def __init__(self, function, *arguments):
        self.what = function, arguments

    def __reduce__(self):
        return self.what


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "hostile",
    [
        lambda trace: Runs(os.system, f"touch {trace}"),
        lambda trace: Runs(eval, f"open({str(trace)!r}, 'w')"),
        lambda trace: Runs(Path.touch, trace),
        lambda trace: Runs(getattr, "x", "upper"),
        lambda trace: {"a": [Runs(exec, f"open({str(trace)!r}, 'w')")]},
        lambda trace: np.array([Runs(os.system, f"touch {trace}")], dtype=object),
        lambda trace: np.random.default_rng(0),
        lambda trace: Exception("x"),
        lambda trace: os.getcwd,
        lambda trace: {1, 2},
        lambda trace: 1 + 2j,
        lambda trace: np.array([1 + 2j]),
        lambda trace: np.zeros(2, dtype=[("a", "f4")]),
        lambda trace: np.datetime64("2020-01-01"),
    ],
)
def test_anything_else_is_refused_and_nothing_runs(tmp_path, protocol, hostile):
    trace = tmp_path / "ran"
    path = tmp_path / "a.npz"
    path.write_bytes(archive(pickle.dumps(hostile(trace), protocol=protocol)))
    with pytest.raises(InputError, match="a.npz: 'things': (refused|damaged)"):
        safe_pickle.read_npz(path)
    assert not trace.exists()


@contextmanager
def megabytes(most: int):
    """At no time does Python hold so much more memory."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most << 20
    finally:
        tracemalloc.stop()


def _global(module: str, name: str) -> bytes:
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


@pytest.mark.parametrize(
    "payload",
    [
        _global("builtins", "eval") + b"(X\x03\x00\x00\x001+1tR.",
        _global("numpy", "load") + b"(X\x01\x00\x00\x00atR.",
        _global("numpy.core.multiarray", "_reconstruct") + b"}X\x01\x00\x00\x00xK\x01sb.",
        b"(i__main__\nX\n.",  # INST
        b"\x82\x01.",  # EXT1
        b"Pid\n.",  # a persistent id
        b"}(K\x01\x85\x85K\x02s.",  # a tuple as key
        b"\x80\x04" + b"(" * 100_000 + b"t" * 100_000 + b".",  # nested tuples
        b"]\x94h\x00a.",  # a list that holds itself
        b"r\xff\xff\xff\xff.",  # memo index 4294967295
        b"\x80\x04]r\xff\xff\xff\x7f.",
        b"\x8e\xff\xff\xff\xff\xff\x00\x00\x00abc.",  # a terabyte of bytes
        b"\x96\xff\xff\xff\xff\xff\x00\x00\x00abc.",  # a terabyte of bytearray
        b"\x8b\xff\xff\xff\x7f1.",  # a long of 2 GB
        b"I" + b"9" * 10_000 + b"\n.",
        b"",
        b".",
        b"K\x01",
    ],
)
def test_hand_made_pickles_are_refused_within_little_memory(tmp_path, payload):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path = tmp_path / "a.npz"
    path.write_bytes(archive(payload))
    try:
        found = safe_pickle.read_npz(path)["things"]
        assert isinstance(found, list | dict | str | int | float | bytes | None)
    except InputError as error:
        assert "\n" not in str(error)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


_RECONSTRUCT = _global("numpy.core.multiarray", "_reconstruct")
_SCALAR = _global("numpy.core.multiarray", "scalar")
_BUFFER = _global("numpy._core.numeric", "_frombuffer")
_DTYPE = _global("numpy", "dtype")
_ENCODE = _global("_codecs", "encode")
_DICT = _global("collections", "OrderedDict")
_F8 = _DTYPE + b"(X\x02\x00\x00\x00f8K\x00K\x01tR"
_ARRAY = _RECONSTRUCT + b"(tR"


@pytest.mark.parametrize(
    "payload",
    [
        # Each name that is known, called with what it does not expect.
        *(
            name + arguments + b"R."
            for name in (_RECONSTRUCT, _SCALAR, _BUFFER, _DTYPE, _ENCODE, _DICT)
            for arguments in (b"N", b"K\x01", b"(NNNNNNNt", b"(}}t", b"](]a", b"X\x01\0\0\0a")
        ),
        _RECONSTRUCT + _global("numpy", "ndarray") + b"K\x05\x85\x85R.",
        _DTYPE + _DTYPE + b"\x85R.",  # a name given to a name
        _DTYPE + b"(X\x01\x00\x00\x00OK\x00K\x01tR.",  # objects
        _DTYPE + b"(X\x05\x00\x00\x00f8,O8tR.",
        _SCALAR + _F8 + b"C\x08abcdefgh\x86R0" + _SCALAR + b".",  # the name itself is the answer
        _DTYPE + b".",
        _F8 + b".",
        # The state of a stand-in, set to what it is not.
        *(
            made + state + b"b."
            for made in (_ARRAY, _F8)
            for state in (
                b"N", b"}", b"}X\x04\x00\x00\x00kindK\x01s", b"(K\x01K\x02t", b"(NNNNNt",
                b"}X\x09\x00\x00\x00__class__K\x01s", b"N}X\x05\x00\x00\x00shapeK\x01s\x86",
                b"(K\x01(K\xfft" + _F8 + b"\x89C\x01at",  # too few bytes for its shape
                b"(K\x01(J\xff\xff\xff\xfft" + _F8 + b"\x89C\x08abcdefght",  # -1 as a side
                b"(K\x01(\x88t" + _F8 + b"\x89C\x08abcdefght",  # True as a side
                b"(K\x01)K\x05\x89C\x08abcdefght",
                b"(K\x03X\x01\x00\x00\x00<(X\x01\x00\x00\x00at}NK\x00K\x00K\x00t",  # fields
            )
        ),
        b"]N}b.",  # state for a list
        b"K\x01K\x02b.",
        b"K\x01)R.",  # a number called
        _RECONSTRUCT + b"(tR)R.",  # what was made is called
        _global("posebook.datasets.readers.pickle_stand_ins", "Array") + b"(tR.",
        _global("numpy", "ndarray.__reduce__") + b"(tR.",
        b"\x80\x04\x8c\x05numpy\x8c\x04load\x93.",
        b"\x80\x04K\x01K\x02\x93.",  # STACK_GLOBAL of numbers
        # What reaches for classes, for copyreg's registry or outside of the file.
        b"\x82\x01.", b"\x83\x01\x00.", b"\x84\x01\x00\x00\x00.",
        b"K\x01Q.", b"Pos.system\n.", b"\x97.", b"\x98.",
        b"(i__builtin__\neval\n.", b"(" + _global("os", "system") + b"X\x01\0\0\0ao.",
        _global("numpy", "ndarray") + b")\x81.", _global("numpy", "ndarray") + b")}\x92.",
        # Frames that are longer than the file, and frames in frames.
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f" + _F8 + b".",
        b"\x80\x04" + b"\x95\x09\x00\x00\x00\x00\x00\x00\x00" * 1000,
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7fa.",  # BINUNICODE8
        b"T\xff\xff\xff\xffa.", b"X\xff\xff\xff\xffa.", b"B\xff\xff\xff\xffa.",
    ],
)  # fmt: skip
def test_every_name_and_instruction_is_used_wrongly(tmp_path, payload):
    """Refused with one line, whatever the file says; never another error."""
    path = tmp_path / "a.npz"
    path.write_bytes(archive(payload))
    refused = pytest.raises(InputError, match="a.npz: 'things': (refused|damaged)")
    with megabytes(10), refused as found:
        safe_pickle.read_npz(path)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("one", [b"N", b"]"])
def test_a_small_file_may_not_take_many_steps(tmp_path, monkeypatch, one):
    """Deflated, a million instructions are a kilobyte; what lies open on the disk is paid for."""
    monkeypatch.setattr(pickle_machine, "_MOST_ITEMS", (100_000, 1_000_000))
    plain, deflated = tmp_path / "plain.npz", tmp_path / "deflated.npz"
    plain.write_bytes(archive(b"(" + one * 300_000 + b"l."))
    with zipfile.ZipFile(deflated, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("things.npy", zipfile.ZipFile(plain).read("things.npy"))
    assert len(safe_pickle.read_npz(plain)["things"]) == 300_000
    with pytest.raises(InputError, match="too many steps for a file of its size"):
        safe_pickle.read_npz(deflated)


def test_members_of_one_archive_share_their_steps(tmp_path, monkeypatch):
    """Each by itself would be admitted."""
    monkeypatch.setattr(pickle_machine, "_MOST_ITEMS", (100_000, 100_000))
    one = zipfile.ZipFile(io.BytesIO(archive(b"(" + b"N" * 40_000 + b"l."))).read("things.npy")
    path = tmp_path / "a.npz"
    for members in (2, 3):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for number in range(members):
                file.writestr(f"{number}.npy", one)
        if members == 2:
            assert len(safe_pickle.read_npz(path)) == 2
    with pytest.raises(InputError, match="'2': refused .too many steps"):
        safe_pickle.read_npz(path)


def test_an_archive_of_very_many_members_is_refused_before_they_are_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(safe_pickle, "MOST_MEMBERS", 50)
    path = tmp_path / "a.npz"
    np.savez(path, **{f"a{number}": np.zeros(1) for number in range(50)})
    assert len(safe_pickle.read_npz(path)) == 50
    np.savez(path, **{f"a{number}": np.zeros(1) for number in range(51)})
    with pytest.raises(InputError, match="has more than 50 arrays"):
        safe_pickle.read_npz(path)


def test_a_string_is_encoded_once_however_often_it_is_asked_for(tmp_path):
    """Encoded a thousand times, the megabyte would be a gigabyte before anything is counted."""
    text = b"X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20) + b"q\x00" + b"0"
    latin = b"X\x06\x00\x00\x00latin1q\x010"
    again = _ENCODE + b"(h\x00h\x01tR"
    path = tmp_path / "a.npz"
    path.write_bytes(archive(text + latin + b"(" + again * 1000 + b"l."))
    with megabytes(20):
        found = safe_pickle.read_npz(path)["things"]
    assert len(found) == 1000 and all(one is found[0] for one in found)
    assert found[0] == b"a" * (1 << 20)


@pytest.mark.parametrize("packed", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_an_archive_packed_as_numpy_packs_none_is_refused(tmp_path, packed):
    """These unfold as far as they please, whatever size the archive declares."""
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", packed) as file:
        file.writestr("a.npy", b"\x00" * 1000)
    with pytest.raises(InputError, match="as NumPy packs nothing"):
        safe_pickle.read_npz(path)


def test_a_member_unfolds_no_further_than_it_declares(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros.npy", b"\x00" * (40 << 20))
    size = struct.pack("<I", 40 << 20)
    assert path.read_bytes().count(size) == 2  # before the member, and in the list of members
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<I", 100)))
    with megabytes(10), pytest.raises(InputError, match="a.npz"):
        safe_pickle.read_npz(path)


def test_strings_without_letters_ask_for_no_memory(tmp_path):
    text = b"{'descr': '<U0', 'fortran_order': False, 'shape': (1000, 2147483648), }\n"
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text)
    with pytest.raises(InputError, match="strings without letters"):
        safe_pickle.read_npy(path)


@pytest.mark.parametrize(
    ("leaf", "depth", "times"), [("x", 25, 10), (1.0, 9, 10), (np.zeros(10_000), 2, 300)]
)
def test_references_that_would_multiply_are_refused(tmp_path, leaf, depth, times):
    """Not unfolded here, they would be by whoever makes an array of them."""
    held: list = [leaf]
    for _ in range(depth):
        held = [held] * times
    path = tmp_path / "a.npz"
    path.write_bytes(archive(pickle.dumps(held)))
    with pytest.raises(InputError, match="more than 1500000 things"):
        safe_pickle.read_npz(path)


def test_references_of_sane_number_stay_one_thing(tmp_path):
    row = [1.0, 2.0]
    path = tmp_path / "a.npz"
    path.write_bytes(archive(pickle.dumps([row] * 1000)))
    found = safe_pickle.read_npz(path)["things"]
    assert found[0] is found[999] and found[0] == row


@pytest.mark.parametrize(
    "held",
    [10**5000, {10**5000: 1}, {"a": [10**5000]}, [-(2**70)]],
    ids=["alone", "a key", "a value", "negative"],
)
def test_integers_beyond_64_bits_are_refused(tmp_path, held):
    path = tmp_path / "a.npz"
    path.write_bytes(archive(pickle.dumps(held)))
    with pytest.raises(InputError, match="an integer of .* bits"):
        safe_pickle.read_npz(path)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }", ""),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (4000000000000,), }", "32000000000000"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (5,), }", "needs 40 bytes"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (0,), }", "needs 0 bytes"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-4,), }", "header"),
        ("{'descr': '|V8', 'fortran_order': False, 'shape': (4,), }", "V8"),
        ("{'descr': '<c16', 'fortran_order': False, 'shape': (2,), }", "c16"),
        ("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (4,), }", "header"),
        ("__import__('os').system('true')", "header"),
        ("{'descr': " + "[" * 5000, "header"),
    ],
)
def test_a_header_cannot_ask_for_more_than_there_is(tmp_path, header, says):
    path = tmp_path / "a.npy"
    text = header.encode() + b"\n"
    path.write_bytes(
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + np.arange(4.0).tobytes()
    )
    if not says:
        assert np.array_equal(safe_pickle.read_npy(path), np.arange(4.0))
        return
    with pytest.raises(InputError, match=says):
        safe_pickle.read_npy(path)


def test_a_zip_bomb_is_not_unfolded(tmp_path, monkeypatch):
    monkeypatch.setattr(safe_pickle, "SUSPICIOUS_BYTES", 1 << 20)  # 256 times as much otherwise
    path = tmp_path / "bomb.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file,
        file.open("zeros.npy", "w") as member,
    ):
        for _ in range(8):
            member.write(b"\x00" * (1 << 20))
    with pytest.raises(InputError, match="would unfold to 8388608 bytes"):
        safe_pickle.read_npz(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"PK\x03\x04", "not a whole NumPy archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git-LFS"),
        (b"\x93NUMPY", "not a whole NumPy archive"),
    ],
)
def test_one_line_says_what_is_wrong(tmp_path, content, says):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says):
        safe_pickle.read_npz(path)
    with pytest.raises(InputError, match="is a folder"):
        safe_pickle.read_npz(tmp_path)


def test_one_list_does_not_fill_many_dicts(tmp_path, monkeypatch):
    """200 calls, each for 2,000 pairs that the file holds once."""
    monkeypatch.setattr(pickle_machine, "_MOST_ITEMS", (50_000, 50_000))
    pairs = pickle.dumps([(str(i), None) for i in range(2000)], protocol=2)[2:-1]
    payload = b"\x80\x02" + pairs + b"q\xff0]("
    payload += 200 * (_global("collections", "OrderedDict") + b"h\xff\x85R") + b"e."
    path = tmp_path / "a.npz"
    path.write_bytes(archive(payload))
    with pytest.raises(InputError, match="too many steps"):
        safe_pickle.read_npz(path)


def test_a_shape_of_many_sides_is_refused_before_it_is_multiplied(tmp_path):
    shape = (2**62,) * 200
    array = _global("numpy", "ndarray") + b")R(K\x01" + pickle.dumps(shape, protocol=2)[2:-1]
    array += _global("numpy", "dtype") + b"(X\x02\x00\x00\x00f8K\x00K\x01tR\x89U\x01xtb"
    path = tmp_path / "a.npz"
    path.write_bytes(archive(b"\x80\x02" + array + b"."))
    with pytest.raises(InputError, match="impossible shape"):
        safe_pickle.read_npz(path)
