"""Paths as a user of the package may give them."""

import os

StrPath = str | os.PathLike[str]
"""A path as text, or as a :class:`pathlib.Path`."""
