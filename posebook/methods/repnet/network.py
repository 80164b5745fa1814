"""RepNet: a generator of a 3D pose and its camera from one 2D pose, and a critic of poses.

Sources: B. Wandt, B. Rosenhahn, "RepNet: Weakly Supervised Training of an Adversarial Reprojection
Network for 3D Human Pose Estimation", CVPR 2019, arXiv:1902.09868, and its code (Keras), here "the
original"; and a system built on it, "bzhao96" (github.com/bzhao96/3d-human-pose). Taught in
13_repnet. `ORIGINAL` and `BZHAO96` are the arguments that build the two. They differ in:

    slope of the leaky ReLU             0.3        0.01
    first weights                       Glorot     PyTorch's own
    after the critic's last chain sum   nothing    an activation
    joint between the hips              hip        spine in its place (`ORIGINAL_JOINTS`, `JOINTS`)
    hip-to-hip bone                     right      a sign is wrong: hip *plus* hip (`released_sign`)
    vectors                             x's first  joint by joint

Here every vector is ordered joint by joint. This renames inputs and does not change the network.
In both published codes, pose and camera share the first block; in the paper they do not.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from posebook.shapes import Pose3D, Rotation
from posebook.skeletons import HOUSE

#: The sixteen joints of bzhao96: the house's without the hip, which is the origin.
JOINTS = tuple(joint for joint in HOUSE.joints if joint != "hip")
#: The original's: the hip itself, where bzhao96 has the spine; the origin is the joints' mean.
ORIGINAL_JOINTS = tuple("hip" if joint == "spine" else joint for joint in JOINTS)
#: Bones of the kinematic chain, start to end; the last two join joints that no bone joins.
BONES = (
    ("right_hip", "right_knee"), ("right_knee", "right_foot"),
    ("left_hip", "left_knee"), ("left_knee", "left_foot"),
    ("spine", "thorax"), ("thorax", "neck_nose"), ("neck_nose", "head"),
    ("thorax", "left_shoulder"), ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
    ("thorax", "right_shoulder"), ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"), ("right_hip", "left_hip"), ("right_hip", "spine"),
)  # fmt: skip
#: Arguments of the generator and of the critic in the two published forms.
ORIGINAL = dict(slope=0.3, glorot=True)
BZHAO96 = dict(slope=0.01, glorot=False)

Joints2D = Float[Tensor, "batch 16 2"]
Joints3D = Float[Tensor, "batch 16 3"]
Camera = Float[Tensor, "*batch 2 3"]


class RepNetGenerator(nn.Module):
    """Lifts a 2D pose, and predicts the far camera that sees the pose as the given picture.

    In:   (batch, 16, 2)  `JOINTS`, normalised as in `inputs`
    Out:  (batch, 16, 3)  the pose, metres, relative to the hip, in axes that the network chooses;
          (batch, 2, 3)   the camera: the picture is pose @ camera.mT

    width  units of a hidden layer; published 1000 (11,098,054 weights)
    """

    def __init__(self, width: int = 1000, slope: float | int = 0.01, glorot: bool = False):
        super().__init__()
        self.slope = slope
        self.first = nn.Linear(2 * len(JOINTS), width)
        self.shared = _Block(width, slope)
        self.pose_blocks = nn.Sequential(_Block(width, slope), _Block(width, slope))
        self.pose_hidden = nn.Linear(width, width)
        self.pose_last = nn.Linear(width, 3 * len(JOINTS))
        self.camera_blocks = nn.Sequential(_Block(width, slope), _Block(width, slope))
        self.camera_last = nn.Linear(width, 6)
        if glorot:
            _glorot(self)

    def forward(self, keypoints: Joints2D) -> tuple[Joints3D, Camera]:
        hidden = self._hidden(keypoints)
        camera = self.camera_last(self.camera_blocks(hidden)).unflatten(1, (2, 3))
        return self._pose(hidden), camera

    def pose(self, keypoints: Joints2D) -> Joints3D:
        """The pose without the camera: two thirds of the work."""
        return self._pose(self._hidden(keypoints))

    def lift(self, keypoints: Float[Tensor, "batch 17 2"]) -> Float[Tensor, "batch 17 3"]:
        """House joints about the hip in; poses about the hip out, in metres, in the camera's axes.

        The predicted camera is completed to a rotation, and the pose is turned by it. So the axes
        that the generator chose do not matter.
        """
        pose, camera = self(keypoints[:, HOUSE.indices(*JOINTS)])
        rotation, _ = complete_camera(camera)
        return with_hip(pose @ rotation.mT)

    def _hidden(self, keypoints: Tensor) -> Tensor:
        return self.shared(functional.leaky_relu(self.first(keypoints.flatten(1)), self.slope))

    def _pose(self, hidden: Tensor) -> Tensor:
        hidden = functional.leaky_relu(self.pose_hidden(self.pose_blocks(hidden)), self.slope)
        return self.pose_last(hidden).unflatten(1, (-1, 3))


class RepNetCritic(nn.Module):
    """How real a pose looks: (batch, 16, 3), metres -> (batch,), unbounded; high is real.

    One path sees the coordinates of the pose. The other sees its kinematic chain (`chain_space`):
    bone lengths and angles between bones, but neither place nor direction.

    width            units of the chain's path; published 1000, with 100 elsewhere (2,373,401
                     weights)
    chain            False: only the path of the coordinates
    last_activation  whether the chain's block ends with an activation, as bzhao96's does
    released_sign    True: the hip-to-hip bone is hip plus hip, as in bzhao96's code
    """

    def __init__(
        self,
        width: int = 1000,
        slope: float | int = 0.01,
        glorot: bool = False,
        chain: bool = True,
        last_activation: bool = True,
        released_sign: bool = False,
    ):
        super().__init__()
        self.slope, self.last_activation = slope, last_activation
        narrow = 100
        self.pose_first = nn.Linear(3 * len(JOINTS), narrow)
        self.pose_block = _Block(narrow, slope, twice=True)
        self.pose_last = nn.Linear(narrow, narrow)
        self.chain_first = nn.Linear(len(BONES) ** 2, width) if chain else None
        self.chain_block = _Block(width, slope, twice=True) if chain else None
        self.head = nn.Linear(narrow + (width if chain else 0), narrow)
        self.last = nn.Linear(narrow, 1)
        self.register_buffer("bones", chain_matrix(released_sign), persistent=False)
        if glorot:
            _glorot(self)

    def forward(self, pose: Joints3D) -> Float[Tensor, " batch"]:
        hidden = self.pose_block(leaky(self.pose_first(pose.flatten(1)), self.slope))
        hidden = self.pose_last(hidden)
        if self.chain_first is not None:
            chain = self.chain_first(chain_space(pose, self.bones).flatten(1))
            chain = self.chain_block(leaky(chain, self.slope), self.last_activation)
            hidden = torch.cat([hidden, chain], -1)
        return self.last(leaky(self.head(hidden), self.slope)).squeeze(-1)


class _Block(nn.Module):
    """f(x + W2 f(W1 x)) with f a leaky ReLU.

    twice  use `leaky`: the block will be differentiated twice
    """

    def __init__(self, width: int, slope: float | int, twice: bool = False):
        super().__init__()
        self.one, self.two = nn.Linear(width, width), nn.Linear(width, width)
        self.slope = slope
        self.activation = leaky if twice else functional.leaky_relu

    def forward(self, values: Tensor, last_activation: bool = True) -> Tensor:
        summed = values + self.two(self.activation(self.one(values), self.slope))
        return self.activation(summed, self.slope) if last_activation else summed


def leaky(values: Float[Tensor, "*shape"], slope: float | int = 0.01) -> Float[Tensor, "*shape"]:
    """A leaky ReLU written as a product with a constant factor: same values, same gradients.

    A gradient penalty differentiates a gradient. The slope of a leaky ReLU has the derivative 0.
    PyTorch's own sends these zeros back through all matrices of the forward pass, which is a third
    of the penalty's work. With a constant factor there is nothing to send back.
    """
    return values * torch.full_like(values, slope, requires_grad=False).masked_fill_(values > 0, 1)


def chain_matrix(released_sign: bool = False) -> Float[Tensor, "15 16"]:
    """The matrix that turns joints into bones: +1 at a bone's start, -1 at its end.

    released_sign  True: +1 also at the end of the hip-to-hip bone, as in bzhao96's code. In a pose
                   about the hip, this sum of both hips is near 0 and carries little information.
    """
    matrix = torch.zeros(len(BONES), len(JOINTS))
    for row, (start, end) in zip(matrix, BONES, strict=True):
        row[JOINTS.index(start)] = 1
        row[JOINTS.index(end)] = 1 if released_sign and end == "left_hip" else -1
    return matrix


def chain_space(
    pose: Float[Tensor, "*batch 16 3"], bones: Float[Tensor, "15 16"]
) -> Float[Tensor, "*batch 15 15"]:
    r"""Kinematic chain space: the dot products of bones, each with each, :math:`\Psi=B^\top B`.

    Same values as `geometry.kinematic_chain`, but by one matrix product instead of two look-ups.
    Its gradient, and the gradient of that, are single products too.
    """
    vectors = bones.to(pose) @ pose
    return vectors @ vectors.mT


def complete_camera(camera: Camera) -> tuple[Rotation, Float[Tensor, "*batch"]]:
    r"""The rotation (..., 3, 3) and the scale (...,) nearest to a camera (..., 2, 3).

    The rows of :math:`G^{-1/2}K`, with :math:`G=KK^\top`, are the orthonormal rows nearest to K,
    and the mean of K's singular values is the best scale. The third row, the depth axis, is their
    cross product, so the result is never a reflection. A camera of rank below 2 gives NaN.
    """
    gram = camera @ camera.mT
    a, b, d = gram[..., 0, 0], gram[..., 0, 1], gram[..., 1, 1]
    root_of_det = (a * d - b * b).clamp_min(0).sqrt()
    total = (a + d + 2 * root_of_det).sqrt()  # the sum of the singular values
    # Of a 2 x 2 matrix: G^(1/2) = (G + sqrt(det G) I) / total, and its determinant is sqrt(det G).
    inverse = torch.stack([d + root_of_det, -b, -b, a + root_of_det], -1).unflatten(-1, (2, 2))
    rows = inverse @ camera / (total * root_of_det)[..., None, None]
    third = torch.linalg.cross(rows[..., 0, :], rows[..., 1, :])
    return torch.cat([rows, third.unsqueeze(-2)], -2), total / 2


def with_hip(pose: Float[Tensor, "*batch 16 3"]) -> Pose3D:
    """(..., 17, 3): the sixteen `JOINTS` and the hip, at the origin, in house order."""
    whole = pose.new_zeros(*pose.shape[:-2], len(HOUSE), 3)
    whole[..., HOUSE.indices(*JOINTS), :] = pose
    return whole


def _glorot(network: nn.Module) -> None:
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
