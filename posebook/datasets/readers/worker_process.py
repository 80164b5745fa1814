"""Starts a script that reads what may ask for any time and memory, in a process of its own.

The scripts import nothing of posebook's, so that they start in half a second; each sets its own
limits.
"""

import os
import subprocess
import sys
from pathlib import Path


def start(script: Path) -> subprocess.Popen:
    """The process, with pipes to its input and from its output."""
    # With options of its own, malloc might keep the memory of one file while it reads the next.
    kept = {name: text for name, text in os.environ.items() if not name.startswith("MALLOC_")}
    return subprocess.Popen(
        # -P: the folder of the script is not searched for modules
        [sys.executable, "-P", str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,  # Ctrl-C is not for it
    )
