"""The ports of a component as a simulator has them. They are plain integers, which are packed from fields and unpacked
into fields."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

Value = int | Enum | Mapping[str, Any]
"""The value of a port: a number, or the fields of its message. Fields that are left out are zero."""


class Port:
    """One port with its layout, taken from the signature of the component."""

    def __init__(self, name: str, shape: Any):
        self.name = name
        self._fields = (
            {key: (shape[key].offset, Shape.cast(shape[key].shape)) for key in shape.members}
            if isinstance(shape, data.StructLayout)
            else None
        )
        self._shape = Shape.cast(shape)

    @property
    def width(self) -> int:
        """The number of bits. A port without bits does not exist in Verilog."""
        return self._shape.width

    def pack(self, value: Value) -> int:
        """Return the bits of a value. Raises `ValueError` if the value does not fit."""
        if self._fields is None:
            assert not isinstance(value, Mapping)
            return self._bits(self.name, self._shape, value)
        assert isinstance(value, Mapping)
        packed = 0
        for key, inner in value.items():
            offset, shape = self._fields[key]
            packed |= self._bits(f"{self.name}.{key}", shape, inner) << offset
        return packed

    def unpack(self, bits: int) -> Any:
        """Return the value as a number, or as all fields by name."""
        if self._fields is None:
            return self._number(self._shape, bits)
        return {key: self._number(shape, bits >> offset) for key, (offset, shape) in self._fields.items()}

    @staticmethod
    def _bits(name: str, shape: Shape, value: int | Enum) -> int:
        """Return the bits of a number. Raises `ValueError` if it does not fit `shape`."""
        number = int(value.value if isinstance(value, Enum) else value)
        low = -(1 << shape.width >> 1) if shape.signed else 0
        if not low <= number < low + (1 << shape.width):
            raise ValueError(f"{name} = {number}: does not fit {shape}")
        return number & ((1 << shape.width) - 1)

    @staticmethod
    def _number(shape: Shape, bits: int) -> int:
        """Return the number of this `shape` in the lowest bits."""
        number = bits & ((1 << shape.width) - 1)
        return number - (1 << shape.width) if shape.signed and number >> (shape.width - 1) else number


def ports(component: wiring.Component) -> tuple[dict[str, Port], dict[str, Port]]:
    """Return inputs and outputs by name. The elements of an array are the ports `name__0`, `name__1` and so on."""
    found: tuple[dict[str, Port], dict[str, Port]] = ({}, {})
    for path, member, _ in component.signature.flatten(component):
        name = "__".join(str(part) for part in path)
        found[0 if member.flow == In else 1][name] = Port(name, member.shape)
    return found
