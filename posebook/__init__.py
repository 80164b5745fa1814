"""posebook: a book that runs, on lifting human poses from 2D to 3D."""

__version__ = "0.1.0"
