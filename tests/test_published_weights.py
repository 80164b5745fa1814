"""Weights that others published: names mapped, forward as theirs, nothing executed."""

import json
import pickle
import zipfile

import numpy as np
import pytest
import torch
import weights_writer
from golden_arrays import golden, largest
from torch.nn import functional

from posebook import lifting
from posebook.datasets.people import synthetic
from posebook.errors import InputError
from posebook.lifting import lifter_files, published_weights
from posebook.methods.adversarial_lifting.network import KudoCritic
from posebook.skeletons import HOUSE, YU_17

KUDO, PAVLLO, YU = golden("kudo2018"), golden("videopose3d"), golden("yu2021")


@pytest.fixture(scope="module")
def clip():
    return synthetic.make("synthetic", "test", size=30).clips[0]


def network_of(path):
    header, tensors = lifter_files.read(path)
    return lifter_files.build_network(path, header, tensors)


# ------------------------------------------------------------------------------- Kudo et al. 2018


@pytest.mark.parametrize("snapshot", (False, True))
def test_chainer_generator(tmp_path, snapshot):
    file = weights_writer.kudo(tmp_path / "gen_epoch_6.npz", KUDO, "d_gen", snapshot)
    found = network_of(file)(KUDO["d_x"].unflatten(1, (17, 2)))
    assert largest(found - KUDO["d_gen_out"]) < 1e-5
    assert lifting.load(file).name.startswith("gen_epoch_6: 3dpose_gan's generator")
    assert "leaky ReLU assumed" in lifting.load(file).name


def test_chainer_generator_with_batch_norm(tmp_path):
    file = weights_writer.kudo(tmp_path / "gen_epoch_1.npz", KUDO, "d_genbn")
    found = network_of(file)(KUDO["d_x"].unflatten(1, (17, 2)))
    assert largest(found - KUDO["d_genbn_out_eval"]) < 1e-5


def test_options_beside_the_weights_say_the_activation(tmp_path):
    file = weights_writer.kudo(tmp_path / "gen_epoch_1.npz", KUDO, "d_genbn")
    options = tmp_path / "options.json"
    options.write_text(json.dumps(dict(activate_func="leaky_relu", use_bn=True, dataset="h36m")))
    found = network_of(file)(KUDO["d_x"].unflatten(1, (17, 2)))
    assert largest(found - KUDO["d_genbn_out_eval"]) > 1e-3
    assert "h36m" in lifting.load(file).header["data"]
    options.write_text(json.dumps(dict(activate_func="tanh")))
    with pytest.raises(InputError, match="activate_func is 'tanh'; expected relu or leaky_relu"):
        lifting.load(file)


def test_chainer_discriminator_is_read_but_lifts_nothing(tmp_path):
    file = weights_writer.kudo(tmp_path / "dis.npz", KUDO, "d_dis")
    weights = published_weights.read(file)
    critic = KudoCritic(**weights.arguments)
    critic.load_state_dict(weights.state)
    found = critic(KUDO["d_x"].unflatten(1, (17, 2)))
    assert largest(found - KUDO["d_dis_out"].squeeze(-1)) < 1e-5
    with pytest.raises(InputError, match="discriminator .* is no lifter"):
        lifting.load(file)


# ----------------------------------------------------------------------------- Pavllo et al. 2019


@pytest.mark.parametrize("old", (False, True))
def test_videopose3d(tmp_path, old):
    state = {k.removeprefix("tm_w/"): v for k, v in PAVLLO.items() if k.startswith("tm_w/")}
    file = weights_writer.videopose3d(tmp_path / "pretrained_h36m_cpn.bin", state, old)
    found_m = network_of(file)(PAVLLO["tm_in"].float()) / 1000
    assert largest(found_m - PAVLLO["tm_out"]) < 1e-5
    assert "VideoPose3D (Pavllo et al. 2019), 27 frames" in lifting.load(file).name


def videopose3d_state(kernels, joints=17, channels=4):
    draw = torch.Generator().manual_seed(1)
    state = {"expand_conv.weight": torch.randn(channels, 2 * joints, kernels[0], generator=draw)}
    shapes = {f"layers_conv.{2 * i}.weight": taps for i, taps in enumerate(kernels[1:])}
    shapes |= {f"layers_conv.{2 * i + 1}.weight": 1 for i in range(len(kernels) - 1)}
    for name, taps in shapes.items():
        state[name] = torch.randn(channels, channels, taps, generator=draw)
    for name in ["expand_bn"] + [f"layers_bn.{i}" for i in range(2 * len(kernels) - 2)]:
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{name}.{part}"] = torch.ones(channels)
    state["shrink.weight"] = 0.01 * torch.randn(3 * joints, channels, 1, generator=draw)
    return state | {"shrink.bias": torch.zeros(3 * joints)}


@pytest.mark.parametrize(
    ("kernels", "widths", "dense"),
    [
        ((1, 1, 1), [1, 1, 1], False), ((3, 3, 3, 3, 3), [3] * 5, False), ((3, 5), [3, 5], False),
        ((3, 7, 19), [3, 3, 3], True),
    ],
)  # fmt: skip
def test_videopose3d_of_other_depths(tmp_path, kernels, widths, dense):
    file = weights_writer.videopose3d(tmp_path / "epoch_80.bin", videopose3d_state(kernels))
    arguments = lifter_files.read(file)[0]["network"]["arguments"]
    assert (arguments["filter_widths"], arguments["dense"]) == (widths, dense)


@pytest.mark.parametrize(
    ("name", "joints", "says"),
    [
        ("pretrained_humaneva15_detectron.bin", 15, "VideoPose3D for 15 joints in and 15 out"),
        ("pretrained_h36m_detectron_coco.bin", 17, "by its name VideoPose3D for COCO's joints"),
    ],
)
def test_videopose3d_of_other_joints(tmp_path, name, joints, says):
    file = weights_writer.videopose3d(tmp_path / name, videopose3d_state((3, 3), joints))
    with pytest.raises(InputError, match=says):
        lifting.load(file)


# --------------------------------------------------------------------------------- Yu et al. 2021


def linear(state, name, values):
    return functional.linear(values, state[f"{name}.weight"], state[f"{name}.bias"])


def normed(state, name, values):
    mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    scale = state[f"{name}.weight"] / (var + 1e-5).sqrt()
    return (values - mean) * scale + state[f"{name}.bias"]


def block(state, name, features, raw):
    main = features
    for number in (0, 4):
        main = linear(state, f"{name}.main.{number}", main)
        main = normed(state, f"{name}.main.{number + 1}", main).relu()
    return main + linear(state, f"{name}.sc", torch.cat([features, raw], -1))


def reference_pose(state, keypoints):
    """The released forward pass in evaluation mode: joints in its own order."""
    raw = keypoints.flatten(1)
    if "scaler.pre.weight" in state:
        middle = block(state, "scaler.blocks.0", linear(state, "scaler.pre", raw), raw)
        middle = linear(state, "scaler.out", middle)
        extents = keypoints.amax(1) - keypoints.amin(1)
        keypoints = keypoints * (2 * middle - extents.mean(-1, keepdim=True)).unsqueeze(-1)
        raw = keypoints.flatten(1)
    first = linear(state, "lifter_before.pre.0", raw)
    features = normed(state, "lifter_before.pre.1", first).relu()
    for number in (0, 1):
        features = block(state, f"lifter_before.blocks.{number}", features, raw)
    depth = linear(state, "lifter_after.out", block(state, "lifter_after", features, raw))
    depth = (depth + 10).clamp_min(1).unsqueeze(-1)
    return torch.cat([depth * keypoints, depth], -1)


def test_the_reference_is_the_released_block():
    state = {k.replace("__", "."): v for k, v in YU.items() if k[:4] in ("rb__", "br__")}
    features, raw = YU["rb_x"], YU["rb_j"]
    assert largest(block(state, "rb", features, raw) - YU["rb_out"]) < 1e-9
    found = linear(state, "br.out", block(state, "br", features, raw))
    assert largest(found - YU["br_out"]) < 1e-9


@pytest.mark.parametrize("scale", (False, True))
@pytest.mark.parametrize("several", (False, True))
def test_ambiguity_aware(tmp_path, scale, several):
    file = tmp_path / "tmc_klbone.pth.tar"
    state = weights_writer.yu(file, scale, several, old=several)
    theirs = YU["kp2d_norm"].float()
    expected = reference_pose(state, theirs)
    order = YU_17.indices(*HOUSE.joints)
    found = network_of(file)(theirs[:, order])
    assert largest(found - expected[:, order]) < 1e-5
    assert largest(expected[:, 0] - expected[:, 1]) > 1e-3, (
        "joints must differ for the order to show"
    )


# ------------------------------------------------------------------------- as one of our own files


def kudo_file(folder):
    return weights_writer.kudo(folder / "gen_epoch_6.npz", KUDO, "d_gen")


def videopose3d_file(folder):
    return weights_writer.videopose3d(folder / "epoch_80.bin", videopose3d_state((3, 3, 3)))


def yu_file(folder):
    weights_writer.yu(folder / "adv.pth.tar")
    return folder / "adv.pth.tar"


@pytest.mark.parametrize("write", (kudo_file, videopose3d_file, yu_file))
def test_it_lifts_and_is_saved_as_a_lifter_file(tmp_path, clip, write):
    lifter = lifting.load(write(tmp_path))
    lifted = lifter.lift(clip)
    assert not lifted.empty.any()
    again = lifting.load(lifter.save(tmp_path / "mine.safetensors"))
    assert (again.name, again.header["network"]) == (lifter.name, lifter.header["network"])
    assert torch.equal(again.lift(clip).pose_mm, lifted.pose_mm)


# ------------------------------------------------------------------------------- what is refused


class Runs:
    """Says hello when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def hostile(folder, old):
    held = dict(model_pos=videopose3d_state((3, 3)), epoch=Runs(folder / "ran"))
    torch.save(held, folder / "evil.bin", _use_new_zipfile_serialization=not old)
    return folder / "evil.bin"


@pytest.mark.parametrize("old", (False, True))
def test_nothing_is_executed(tmp_path, old):
    with pytest.raises(InputError, match=r"refused, asks for '(_?io|builtins)\.open'"):
        lifting.load(hostile(tmp_path, old))
    assert not (tmp_path / "ran").exists()


def many_calls(folder):
    """A string that is asked for again and again: a little file that would fill memory."""
    text = "x" * 60_000
    program = b"\x80\x02]" + b"(" + b"c_codecs\nencode\nq\x00"
    program += b"X" + len(text).to_bytes(4, "little") + text.encode() + b"q\x01"
    program += b"X\x06\x00\x00\x00latin1q\x02000" + b"h\x00h\x01h\x02\x87R" * 20_000 + b"e."
    with zipfile.ZipFile(folder / "many.pth", "w") as archive:
        archive.writestr("many/data.pkl", program)
    return folder / "many.pth"


def deflated(folder):
    torch.save(dict(model_pos={"expand_conv.weight": torch.zeros(4, 34, 3)}), folder / "a.bin")
    with zipfile.ZipFile(folder / "a.bin") as there:
        held = {name: there.read(name) for name in there.namelist()}
    with zipfile.ZipFile(folder / "b.bin", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in held.items():
            archive.writestr(name, content)
    return folder / "b.bin"


def expanded(folder):
    state = videopose3d_state((3, 3))
    state["expand_conv.weight"] = torch.zeros(1).expand(16_000, 34, 9_000)
    return weights_writer.videopose3d(folder / "wide.bin", state)


def cut(folder):
    whole = yu_file(folder).read_bytes()
    (folder / "cut.pth.tar").write_bytes(whole[: len(whole) // 2])
    return folder / "cut.pth.tar"


def cut_old(folder):
    state = videopose3d_state((3, 3, 3))
    whole = weights_writer.videopose3d(folder / "old.bin", state, old=True).read_bytes()
    (folder / "cut.bin").write_bytes(whole[: len(whole) - 300])
    return folder / "cut.bin"


def saved(name, held):
    def write(folder):
        torch.save(held, folder / name)
        return folder / name

    return write


def archive(**arrays):
    def write(folder):
        np.savez(folder / "held.npz", **arrays)
        return folder / "held.npz"

    return write


def content(name, held):
    def write(folder):
        (folder / name).write_bytes(held)
        return folder / name

    return write


def yu_with(**changed):
    held = weights_writer.yu_state(True) | changed
    return saved("changed.pth.tar", dict(pose_model_state_dict=held))


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 8612345\n"


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (many_calls, "more steps than a checkpoint needs"),
        (deflated, "packed as torch packs nothing"),
        (expanded, "tensors of more numbers than the file has"),
        (cut, "not a whole NumPy archive|not a whole archive"),
        (cut_old, "damaged or cut short"),
        (saved("x.pth", dict(state_dict={"conv1.weight": torch.zeros(3)})),
         "a checkpoint of state_dict; expected a lifter file"),
        (saved("x.pth", torch.zeros(3)), "expected a lifter file"),
        (saved("x.bin", dict(model_pos={"expand_conv.weight": torch.zeros(3)})), "do not fit"),
        (yu_with(**{"rotater.out.weight": torch.zeros(3)}), "with rotater, which is not in the"),
        (yu_with(**{"scaler.pre.weight": torch.zeros(12, 37)}), "scale network of 37 numbers in"),
        (archive(keypoints_px=np.zeros((4, 17, 2))), "an archive of keypoints_px; expected a"),
        (archive(**{f"l{i}/W": np.zeros((4, 4)) for i in (1, 2, 3, 4)}), "perceptron of 4 numbers"),
        (archive(**{f"l{i}/W": np.zeros(4) for i in (1, 2, 3, 4)}), "perceptron of 0 numbers"),
        (content("weights.h5", b"\x89HDF\r\n\x1a\n" + bytes(99)), "such as Keras writes"),
        (content("gen_epoch_500.npz", LFS), "is a Git-LFS pointer"),
        (content("a.pkl", pickle.dumps([1, 2])), "a bare pickle, not weights"),
        (content("empty.bin", b""), "file is empty"),
    ],
)  # fmt: skip
def test_one_line_says_what_a_file_seems_to_be(tmp_path, write, says):
    with pytest.raises(InputError, match=says) as error:
        lifting.load(write(tmp_path))
    assert "\n" not in str(error.value)


def test_any_damage_gets_one_line(tmp_path):
    """Bytes changed and bytes left out, all over small files of each kind."""
    random = np.random.default_rng(3)
    for write in (kudo_file, yu_file, videopose3d_file):
        whole = write(tmp_path).read_bytes()
        for trial in range(60):
            damaged = bytearray(whole)
            for place in random.integers(0, len(whole), 8):
                damaged[place] = random.integers(256)
            if trial % 3 == 0:
                del damaged[int(random.integers(len(whole))) :]
            path = tmp_path / "damaged.bin"
            path.write_bytes(damaged)
            try:
                lifting.load(path)
            except InputError as error:
                assert "\n" not in str(error)
