"""MoveNet without its weights: graphs made here, run and compared; crops; made-up networks."""

import base64
import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from posebook.detection import tfjs
from posebook.detection.movenet import MoveNet, next_squares
from posebook.errors import InputError
from posebook.skeletons import COCO_17

RANDOM = np.random.default_rng(0)


def node(name: str, op: str, taken=(), **attributes) -> dict:
    """A node as the converter writes it: each attribute under the name of its kind."""

    def kind(value):
        if isinstance(value, list):
            inner = [kind(item) for item in value]
            return {"list": {next(iter(inner[0])): [next(iter(i.values())) for i in inner]}}
        if isinstance(value, bool):
            return {"b": value}
        if isinstance(value, int):
            return {"i": str(value)}
        if value.startswith("DT_"):
            return {"type": value}
        return {"s": base64.b64encode(value.encode()).decode()}

    made = {key: kind(value) for key, value in attributes.items()}
    return {"name": name, "op": op, "input": list(taken), "attr": made}


def graph(nodes: list[dict], constants: dict[str, np.ndarray]) -> tuple[bytes, bytes]:
    """A model's two files; float constants are stored as float16."""
    weights, content = [], b""
    for name, values in constants.items():
        whole = values.dtype.kind == "i"
        entry = dict(name=name, shape=list(values.shape), dtype="int32" if whole else "float32")
        if not whole:
            entry["quantization"] = dict(dtype="float16", original_dtype="float32")
        weights.append(entry)
        content += values.astype(np.int32 if whole else np.float16).tobytes()
        nodes = [*nodes, node(name, "Const")]
    manifest = [dict(paths=["a.bin"], weights=weights)]
    # The order of nodes in a file is any; `Identity` is the answer.
    record = dict(modelTopology=dict(node=nodes[::-1]), weightsManifest=manifest)
    return json.dumps(record).encode(), content


def answer(nodes, constants, x, last="y") -> torch.Tensor:
    nodes = [node("x", "Placeholder"), *nodes, node("Identity", "Identity", [last])]
    return tfjs.network(*graph(nodes, constants), "trial")(x)


def half(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float16).astype(np.float32)


X = torch.from_numpy(half(1, 9, 8, 3))
ONE, TWO = [1, 1, 1, 1], [1, 2, 2, 1]


@pytest.mark.parametrize(
    ("strides", "padding", "around"),
    # SAME: 9 rows at step 2 need one row on each side; 8 columns one, which comes last.
    [(ONE, "SAME", (1, 1, 1, 1)), (TWO, "SAME", (0, 1, 1, 1)), (ONE, "VALID", (0, 0, 0, 0))],
)
def test_convolutions(strides, padding, around):
    kernel, bias, deep = half(3, 3, 3, 5), half(5), half(3, 3, 3, 1)
    conv = node("y", "_FusedConv2D", ["x", "k", "b"], strides=strides, padding=padding,
                fused_ops=["BiasAdd", "Relu6"])  # fmt: skip
    found = answer([conv], dict(k=kernel, b=bias), X)
    padded = functional.pad(X.permute(0, 3, 1, 2), around)
    step = strides[1]
    wanted = functional.conv2d(padded, torch.from_numpy(kernel).permute(3, 2, 0, 1),
                               torch.from_numpy(bias), step).clamp(0, 6)  # fmt: skip
    assert torch.allclose(found, wanted.permute(0, 2, 3, 1), atol=1e-5)
    conv = node("y", "DepthwiseConv2dNative", ["x", "k"], strides=strides, padding=padding)
    found = answer([conv], dict(k=deep), X)
    wanted = functional.conv2d(padded, torch.from_numpy(deep).permute(2, 3, 0, 1), None, step,
                               groups=3)  # fmt: skip
    assert torch.allclose(found, wanted.permute(0, 2, 3, 1), atol=1e-5)


INTS = np.array


def slicing(begin, end, **masks):
    every = dict(begin_mask=0, end_mask=0, new_axis_mask=0, shrink_axis_mask=0) | masks
    constants = dict(b=INTS(begin), e=INTS(end), s=INTS([1] * len(begin)))
    return [node("y", "StridedSlice", ["x", "b", "e", "s"], **every)], constants


@pytest.mark.parametrize(
    ("nodes", "constants", "wanted"),
    [
        (*slicing([0, 2], [1, 5], end_mask=1), X[:, 2:5]),
        (*slicing([0, 2, 0], [0, 0, 4], begin_mask=1, end_mask=1, shrink_axis_mask=2),
         X[:, 2, 0:4]),
        (*slicing([0, 0], [0, 0], begin_mask=1, end_mask=1, new_axis_mask=2), X[:, None]),
        ([node("y", "MaxPool", ["x"], ksize=[1, 5, 5, 1], strides=ONE, padding="SAME")], {},
         functional.max_pool2d(X.permute(0, 3, 1, 2), 5, 1, 2).permute(0, 2, 3, 1)),
        ([node("y", "ResizeBilinear", ["x", "n"], half_pixel_centers=True, align_corners=False)],
         dict(n=INTS([18, 16])), functional.interpolate(
             X.permute(0, 3, 1, 2), (18, 16), mode="bilinear").permute(0, 2, 3, 1)),
        ([node("u", "Unpack", ["x"], axis=3, num=3),
          node("y", "Pack", ["u:2", "u", "u:1"], axis=0, N=3)], {},
         torch.stack([X[..., 2], X[..., 0], X[..., 1]])),
        ([node("r", "Reshape", ["x", "n"]), node("t", "TopKV2", ["r", "k"], sorted=True),
          node("c", "Cast", ["t:1"], DstT="DT_FLOAT"),
          node("y", "ConcatV2", ["t", "c", "a"], N=2)],
         dict(n=INTS([-1]), k=INTS(4), a=INTS(0)),
         torch.cat([X.flatten().topk(4).values, X.flatten().topk(4).indices.float()])),
        ([node("y", "GatherNd", ["x", "i"])], dict(i=INTS([[0, 1, 2], [0, 8, 7]])),
         torch.stack([X[0, 1, 2], X[0, 8, 7]])),
        ([node("l", "Less", ["x", "z"]), node("y", "Select", ["l", "z", "x"])],
         dict(z=np.zeros((1, 9, 8, 3), np.float32)), X.clamp(min=0)),
        ([node("y", "Sum", ["x", "a"], keep_dims=True)], dict(a=INTS([1, 2])),
         X.sum((1, 2), keepdim=True)),
        ([node("q", "Split", ["a", "x"], num_split=3), node("y", "AddN", ["q", "q:1", "q:2"])],
         dict(a=INTS(3)), X.sum(3, keepdim=True)),
        ([node("g", "ArgMax", ["x", "a"]), node("f", "FloorDiv", ["g", "b"]),
          node("y", "Cast", ["f"], DstT="DT_FLOAT")], dict(a=INTS(1), b=INTS(4)),
         (X.argmax(1) // 4).float()),
        ([node("s", "Shape", ["x"]), node("f", "Fill", ["s", "v"]), node("y", "Mul", ["x", "f"])],
         dict(v=np.array(2.0, np.float32)), 2 * X),
    ],
)  # fmt: skip
def test_operations(nodes, constants, wanted):
    assert torch.allclose(answer(nodes, constants, X), wanted, atol=1e-5)


def test_what_is_no_graph_is_named_in_one_line():
    good = graph([node("x", "Placeholder"), node("Identity", "Identity", ["x"])], dict(k=half(3)))
    circle = [node("a", "Abs", ["b"]), node("b", "Abs", ["a"]), node("Identity", "Identity", ["a"])]
    unknown = [node("x", "Placeholder"), node("y", "PyFunc", ["x"]), node("Identity", "Identity",
                                                                          ["y"])]  # fmt: skip
    for model, weights, said in (
        (b"{", good[1], "trial"),
        (b"{}", good[1], "no whole TensorFlow.js graph model"),
        (good[0], good[1][:-1], "cut short"),
        (good[0], good[1] + b"..", "more weights than the graph has"),
        (*graph(circle, {}), "waits for itself"),
        (*graph(unknown, {}), "operations ['PyFunc'] are not known here"),
    ):
        with pytest.raises(InputError) as caught:
            tfjs.network(model, weights, "trial")
        assert said in str(caught.value) and "\n" not in str(caught.value)


def test_where_to_look_next():
    points, scores = torch.zeros(3, 17, 2), torch.zeros(3, 17)
    for joint, place in dict(left_hip=(110, 200), right_hip=(90, 200), left_shoulder=(110, 120),
                             right_shoulder=(90, 120), left_wrist=(300, 200)).items():  # fmt: skip
        points[:, COCO_17.index(joint)] = torch.tensor(place, dtype=torch.float32)
        scores[0, COCO_17.index(joint)] = 0.9
    scores[1] = scores[0]
    scores[1, COCO_17.index("left_wrist")] = 0.1
    scores[2, COCO_17.indices("left_shoulder", "left_wrist")] = 0.9
    squares = next_squares(points, scores)
    assert squares.centre_px[:2].tolist() == [[100, 200]] * 2
    assert squares.centre_px[2].tolist() == [205, 160], "no hip: the middle of the box"
    assert squares.side_px.tolist() == pytest.approx([2 * 1.2 * 200, 2 * 1.9 * 80, 1.25 * 190])
    assert next_squares(points[:0], scores[:0]).centre_px.shape == (0, 2)


def test_everybody_in_a_picture():
    """Networks that find white pixels: a square of joints around each, 20 px to a side."""

    def around(hip) -> torch.Tensor:
        joints = torch.full((17, 3), 0.9)
        joints[:, 0] = (hip[0] + torch.linspace(-10, 10, 17)) / 256
        joints[:, 1] = (hip[1] + torch.linspace(-10, 10, 17)) / 256
        return joints

    def whites(crop):
        return (crop[0].sum(-1) > 300).nonzero().float() + 0.5

    def finder(crop):
        six = torch.zeros(1, 6, 56)
        for row, hip in enumerate(whites(crop)[:6]):
            six[0, row, :51] = around(hip).flatten()
            six[0, row, 55] = 0.8
        return six

    def reader(crop):
        hips = whites(crop)
        middle = hips.mean(0) if len(hips) else torch.tensor([128.0, 128.0])
        return around(middle)[None, None]

    picture = torch.zeros(256, 256, 3, dtype=torch.uint8)
    assert MoveNet(finder, reader).detect(picture).keypoints_px.shape == (0, 17, 2)
    picture[60, 50] = picture[200, 180] = 255
    found = MoveNet(finder, reader).detect(picture)
    middles = sorted(found.keypoints_px.mean(1).tolist())
    assert len(middles) == 2 and found.skeleton is COCO_17
    for middle, wanted in zip(middles, ([50.5, 60.5], [180.5, 200.5]), strict=True):
        assert middle == pytest.approx(wanted, abs=4)
    assert found.scores.min() > 0.8
