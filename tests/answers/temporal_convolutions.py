"""Answers to chapter 7's exercises."""

from types import SimpleNamespace

import torch

MOVING = torch.randn(6, 17, 3, generator=torch.Generator().manual_seed(0)).cumsum(0) * 100
MOVING = MOVING - MOVING[:, :1]  # about the hip
OFFSET = MOVING + 100
OFFSET[:, 0] = 0


def around(frames, before, after):
    return torch.arange(frames)[:, None] + torch.arange(-before, after + 1)


#: What the chapter itself gives to the checks.
GIVEN = dict(
    test=SimpleNamespace(pose_mm=MOVING),
    test_people=SimpleNamespace(clip_of_frame=torch.tensor([0, 0, 0, 1, 1, 1])),
)
ROWS = [
    ("7.1", dict(frames_seen=None), "not attempted"),
    ("7.1", dict(frames_seen=15), "right"),
    ("7.1", dict(frames_seen=27), "the pose stays the same"),
    ("7.1", dict(frames_seen=7), "still changes the pose"),
    ("7.1", dict(frames_seen=8), "a middle frame"),
    ("7.1", dict(frames_seen="many"), "`frames_seen` is text; something else"),
    ("7.2", dict(symmetric_ms=None, causal_ms=None), "not attempted"),
    ("7.2", dict(symmetric_ms=260, causal_ms=0), "right"),
    ("7.2", dict(symmetric_ms=540, causal_ms=0), "Symmetric: in 540 ms, 27 frames"),
    ("7.2", dict(symmetric_ms=260.0, causal_ms=520.0), "Causal: in 520 ms, 26 frames"),
    ("7.2", dict(symmetric_ms=13, causal_ms=0), "0.65 frames"),
    ("7.3", dict(steady_mm=None), "not attempted"),
    ("7.3", dict(steady_mm=OFFSET), "right"),
    ("7.3", dict(steady_mm=MOVING + 100), "put the hips together"),
    ("7.3", dict(steady_mm=MOVING.clone()), "put the hips together"),
    ("7.3", dict(steady_mm=MOVING.mean(0).expand_as(MOVING)), "another step"),
    ("7.3", dict(steady_mm=OFFSET[:3]), "The shape is"),
    ("7.3", dict(steady_mm=torch.nan * OFFSET), "not numbers"),
    ("7.4", dict(window_frames=lambda n, b, a: torch.full((n, b + 1 + a), -1)), "not attempted"),
    ("7.4", dict(window_frames=lambda n, b, a: around(n, b, a).clamp(0, n - 1)), "right"),
    ("7.4", dict(window_frames=lambda n, b, a: around(n, b, a) / 1), "whole numbers"),
    ("7.4", dict(window_frames=around), "beyond an end of the clip"),
    (
        "7.4",
        dict(window_frames=lambda n, b, a: around(n, b, a) % n),
        "frame 0 is [17, 18, 19, 0, 1",
    ),
    (
        "7.4",
        dict(window_frames=lambda n, b, a: around(n, a, b).clamp(0, n - 1)),
        "not the frames around it",
    ),
    ("7.4", dict(window_frames=lambda n, b, a: around(n, b, a)[:, :-1]), "the shape is"),
]
