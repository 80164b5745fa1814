"""Key points in, poses out: `lifter` is the one pipeline, `lifter_files` its files,
`normalisations` what a network's numbers mean, `placing` where the person stands."""

from posebook.lifting.lifter import (
    FOR_A_CLIP,
    FOR_EXACT,
    SHIPPED,
    Lifted,
    Lifter,
    default_for,
    load,
)

__all__ = ["FOR_A_CLIP", "FOR_EXACT", "SHIPPED", "Lifted", "Lifter", "default_for", "load"]
