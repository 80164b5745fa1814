"""Numbers with a unit on README and cards that nobody measured: what is chosen, given or published.

Where the code has the value, the text is made from it, so that the two cannot part.
"""

from typing import NamedTuple

from posebook.datasets.people import pose_samples, synthetic
from posebook.datasets.published import human36m_fetched, mpii


class Constant(NamedTuple):
    """A number as the page has it, and why it is not in the ledger."""

    page: str
    text: str
    reason: str


#: Names of data as marks have them, and in full.
SHORT = {"cmu17": "CMU motion capture (17 joints) in Human3.6M archive format"}

_FITTED, _POSES = (f"{100 * s:.0f} %" for s in (synthetic.FITTED_SHARE, pose_samples.FROM_PRIOR))

CONSTANTS = (
    Constant("benchmarks/README.md", "5 %", "what has to hold"),
    Constant("benchmarks/README.md", "15 %", "what has to hold"),
    Constant("benchmarks/README.md", "0.535 s", "of published code: repnet.PUBLISHED_SECONDS"),
    Constant("data/cmu.md", "117 mm", "the bone that the collection lacks, the same in all of it"),
    Constant("data/human36m.md", f"{human36m_fetched.MOST_MM:.0f} mm", "a limit of the reader"),
    Constant("data/human36m.md", f"{human36m_fetched.MOST_PX:.0f} px", "a limit of the reader"),
    Constant("data/human36m.md", "40 mm", "h36m-fetch's rule"),
    Constant("data/lifters/simple_baseline.md", "0.5 mm", "a bound, on a file that is no more"),
    Constant("data/lifters/temporal_convolutions.md", "15 %", "report_shipped_lifter.MISSING"),
    Constant("data/mpii.md", f"{100 * mpii.TRAINING_SHARE:.0f} %", "the training half"),
    Constant("data/prior/README.md", _POSES, "how the sampler draws poses"),
    Constant("data/prior/README.md", _FITTED, "how the generator draws clips"),
    Constant("data/prior/README.md", "1.3 s", "a window of the prior"),
)
