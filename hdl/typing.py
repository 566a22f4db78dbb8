"""Types of members that Amaranth makes at run time, where a type checker cannot see what they have."""

from typing import Any, TypeAlias

Interface: TypeAlias = Any
"""A member whose shape is a signature, such as a stream: it has the members of the signature."""

Fields: TypeAlias = Any
"""A signal whose shape is a layout: it has the fields of the layout, and the methods of a value."""
