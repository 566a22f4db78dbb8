"""Sphinx: `sphinx-build -W docs build/docs`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

project = "ceprop"
copyright = "the ceprop authors"  # noqa: A001 (Sphinx's own name)
extensions = ["myst_parser", "register_table"]
html_theme = "alabaster"
myst_heading_anchors = 3
