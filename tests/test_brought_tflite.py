"""Detectors that the user brings, FILE.tflite: networks made here whose answer is known."""

import hashlib

import numpy as np
import pytest
import torch

pytest.importorskip("ai_edge_litert", reason="runs .tflite files")

import tflite_writer as writer
from test_brought import STANDING, Told, greys

from posebook import detection
from posebook.detection.brought import finders, networks
from posebook.detection.brought.finders import Finder
from posebook.errors import InputError
from posebook.skeletons import COCO_17

JOINTS = np.concatenate([STANDING[:, ::-1] / 64, np.full((17, 1), 0.9)], -1)
SIX = np.zeros((1, 6, 56))
SIX[0, 0] = [*JOINTS.reshape(-1), 0.1, 0.3, 0.9, 0.7, 0.8]
MAPS = np.full((1, 16, 12, 17), 0.01)
MAPS[0, 4, 5] = 0.9


@pytest.fixture(autouse=True)
def told(monkeypatch):
    monkeypatch.setattr(finders, "best", lambda: Finder("somebody who knows", Told()))


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int32"])
def test_movenet_for_one_person(dtype, tmp_path):
    path = writer.constant(tmp_path / "net.tflite", {"out": JOINTS[None, None]}, (1, 64, 64, 3),
                           dtype)  # fmt: skip
    seer = detection.load(path)
    assert seer.name == "net.tflite (movenet, coco_17; people found by somebody who knows)"
    assert seer.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    bright = torch.full((1, 64, 64, 3), 200, dtype=torch.uint8)
    assert seer.taken._numbers(bright).max() == 200, "bytes, whatever they are kept as"
    points, scores = seer.reading(seer.taken.answers(bright), (64, 64))
    assert np.allclose(points[0], STANDING, atol=1e-4) and scores.min() > 0.89
    found = seer.detect(greys())
    assert found.skeleton == COCO_17 and len(found.scores) == 1


def test_movenet_for_several_takes_any_size(tmp_path):
    path = writer.constant(tmp_path / "net.tflite", {"out": SIX}, (1, 1, 1, 3), "uint8",
                           signature=(1, -1, -1, 3))  # fmt: skip
    seer = detection.load(path)
    assert seer.name == "net.tflite (multipose, coco_17)" and seer.taken.size == (256, 256)
    assert len(seer.detect(greys()).scores) == 1


@pytest.mark.parametrize(
    ("quantized", "dtype", "bright"),
    [
        ((1 / 255, 0), "uint8", 200),
        ((1 / 255, -128), "int8", 72),
        ((1 / 127.5, 127), "uint8", 200),
        ((0.0187, 114), "uint8", round((200 / 255 - 0.485) / 0.229 / 0.0187 + 114)),
        ((0.0, 0), "float32", (200 / 255 - 0.485) / 0.229),
    ],
)
def test_heat_maps_and_bytes_that_stand_for_numbers(quantized, dtype, bright, tmp_path):
    path = writer.constant(tmp_path / "net.tflite", {"out": MAPS}, (1, 64, 48, 3), dtype,
                           quantized, dtype_out="uint8", scale_out=1 / 256)  # fmt: skip
    seer = detection.load(path)
    assert seer.name.startswith("net.tflite (heatmaps, coco_17;")
    picture = torch.full((1, 64, 48, 3), 200, dtype=torch.uint8)
    assert seer.taken._numbers(picture)[0, 0, 0, 0] == pytest.approx(bright, abs=1e-4)
    points, scores = seer.reading(seer.taken.answers(picture), (48, 64))
    assert points[0, 0].tolist() == pytest.approx([20.5, 16.5])
    assert scores[0, 0] == pytest.approx(0.9, abs=0.01)


def test_posenet(tmp_path):
    maps, offsets = np.full((1, 9, 9, 17), -5.0), np.zeros((1, 9, 9, 34))
    maps[0, 3, 5, :] = 2.0
    offsets[0, 3, 5] = [*(-4.0 * np.ones(17)), *(6.0 * np.ones(17))]
    path = writer.constant(tmp_path / "net.tflite", dict(a=maps, b=offsets), (1, 257, 257, 3))
    seer = detection.load(path)
    picture = torch.full((1, 257, 257, 3), 255, dtype=torch.uint8)
    assert seer.taken._numbers(picture).max() == 1 and "(posenet," in seer.name
    points, _ = seer.reading(seer.taken.answers(picture), (257, 257))
    assert points[0, 0].tolist() == [5 * 32 + 6.5, 3 * 32 - 3.5]


def whole(tmp_path) -> bytes:
    path = writer.constant(tmp_path / "whole.tflite", {"out": JOINTS[None, None]}, (1, 64, 64, 3))
    return path.read_bytes()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda whole: b"", "the file is empty"),
        (lambda whole: b"<html>" * 9, "not a network in the format of TensorFlow Lite"),
        (lambda whole: whole[: len(whole) // 2], "cannot be run"),
        (lambda whole: whole[:8] + np.random.default_rng(1).bytes(800), "cannot be run"),
    ],
)
def test_what_is_no_network_gets_one_line(made, said, tmp_path):
    (tmp_path / "net.tflite").write_bytes(made(whole(tmp_path)))
    with pytest.raises(InputError, match=said):
        detection.load(tmp_path / "net.tflite")


def test_a_classifier_and_a_finder_alone_get_one_line(tmp_path):
    for answers in ({"out": np.zeros((1, 1001))},
                    {"a": np.zeros((1, 2254, 12)), "b": np.zeros((1, 2254, 1))}):  # fmt: skip
        path = writer.constant(tmp_path / "net.tflite", answers, (1, 224, 224, 3))
        with pytest.raises(InputError, match="no pose network that is known here"):
            detection.load(path)


def test_without_the_package_one_line_says_what_to_install(tmp_path, monkeypatch):
    other = tmp_path / "worker.py"
    text = networks.WORKER.read_text()
    other.write_text(text.replace("ai_edge_litert.interpreter", "no_such_package"))
    monkeypatch.setattr(networks, "WORKER", other)
    (tmp_path / "net.tflite").write_bytes(whole(tmp_path))
    with pytest.raises(
        InputError, match="needs a package .*: python -m pip install ai-edge-litert"
    ):
        detection.load(tmp_path / "net.tflite")
