"""Sphinx configuration. `sphinx-build -W docs build/docs` makes the pages and treats every warning as an error."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "extensions"))

project = "ceprop"
copyright = "the ceprop authors"  # noqa: A001 (Sphinx's own name)
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_click",
    "api_pages",
    "component_signatures",
    "docstring_markdown",
    "exported_names",
    "register_table",
    "short_names",
]
html_theme = "alabaster"
html_theme_options = {"page_width": "1100px", "sidebar_width": "230px", "description": "FPGA hardware that learns"}
myst_heading_anchors = 3

# Single backticks in docstrings are code.
default_role = "code"
autosummary_generate = False
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
# scikit-learn adds the excluded methods to a class; their docstrings refer to its own documents.
autodoc_default_options = {
    "members": True,
    "show-inheritance": True,
    "ignore-module-all": True,
    "exclude-members": "set_fit_request, set_partial_fit_request, set_score_request",
}
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_custom_sections = [("Members", "params_style"), ("Fields", "params_style")]
