"""Sphinx: `sphinx-build -W docs build/docs`."""

project = "ceprop"
copyright = "the ceprop authors"  # noqa: A001 (Sphinx's own name)
extensions = ["myst_parser"]
html_theme = "alabaster"
myst_heading_anchors = 3
