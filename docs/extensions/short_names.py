"""Completes references such as :class:`Messages` in docstrings, which name a class of another module without its path.

Sphinx looks for such a name in the module of the docstring only. The docstrings of this project use the name that the
module imports. Among several definitions the one that shares the longest path with the docstring's module is taken.
"""

from itertools import takewhile
from typing import Any

from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform


class CompleteNames(SphinxPostTransform):
    """Runs before Sphinx resolves references."""

    default_priority = 5

    def run(self, **_options: Any) -> None:
        """Give every reference to Python whose target is a short name the full name of its definition."""
        domain = self.env.domains.python_domain
        for node in self.document.findall(pending_xref):
            if node.get("refdomain") != "py" or node["reftarget"] in domain.objects:
                continue
            types = domain.objtypes_for_role(node["reftype"]) or []
            ending = f".{node['reftarget']}"
            matches = [name for name, found in domain.objects.items() if found.objtype in types]
            matches = sorted(name for name in matches if name.endswith(ending))
            if matches:
                module = node.get("py:module") or ""
                node["reftarget"] = max(matches, key=lambda name: _shared(name, module))


def _shared(name: str, module: str) -> int:
    """The number of folders and modules that two names have in common from their beginning."""
    pairs = zip(name.split("."), module.split("."), strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_post_transform(CompleteNames)
    return {"parallel_read_safe": True}
