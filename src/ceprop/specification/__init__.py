"""The one object that makes the golden model, the hardware, the testbench and the host driver.

In come the fields of a TOML file. Out go a validated :class:`Specification`, its :class:`Geometry` (where every unit
lies on the array, and how many bits each number has) and its list of registers. `placement` says which word of which
memory is which weight; it is imported from its own file, because it needs numpy and the hardware does not.
"""

from ceprop.specification.fields import Section
from ceprop.specification.geometry import Connection, Edge, Geometry
from ceprop.specification.registers import LARGEST_NUDGE_SHIFT, REGISTER_BITS, Register, registers
from ceprop.specification.sigmoid_table import sigmoid_address, sigmoid_table
from ceprop.specification.specification import Specification
from ceprop.specification.widths import address_bits, memory_depth, signed_bits

__all__ = [
    "LARGEST_NUDGE_SHIFT",
    "REGISTER_BITS",
    "Connection",
    "Edge",
    "Geometry",
    "Register",
    "Section",
    "Specification",
    "address_bits",
    "memory_depth",
    "registers",
    "sigmoid_address",
    "sigmoid_table",
    "signed_bits",
]
