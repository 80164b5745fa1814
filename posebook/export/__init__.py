"""Poses to files: the command `posebook lift` and every format that it writes."""

from posebook.export.command import lift_file
from posebook.export.formats import NAMES

__all__ = ["NAMES", "lift_file"]
