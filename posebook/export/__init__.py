"""Poses to files: the command `posebook lift` and every format that it writes."""

from posebook.export.command import NAMES, lift_file

__all__ = ["NAMES", "lift_file"]
