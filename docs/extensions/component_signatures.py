"""Shows the parameters of Amaranth components, which autodoc would take from the metaclass as `*args, **kwargs`."""

import inspect
from typing import Any

from amaranth.lib.wiring import Component
from sphinx.application import Sphinx
from sphinx.util.inspect import signature, stringify_signature


def parameters(
    _app: Sphinx, kind: str, _name: str, value: Any, _options: Any, _signature: str | None, returned: str | None
) -> tuple[str, str | None] | None:
    """The signature of the constructor, for classes of components only."""
    if kind == "class" and inspect.isclass(value) and issubclass(value, Component):
        found = signature(value.__init__, bound_method=True)
        return stringify_signature(found, show_return_annotation=False, unqualified_typehints=True), returned
    return None


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-signature", parameters)
    return {"parallel_read_safe": True}
