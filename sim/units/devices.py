"""Multipliers and weight memories of every set of primitives. Their sizes end within, at and after the ends of the
blocks of the device."""

from functools import partial

from ceprop.hdl.devices.primitives import ECP5, ICE40, PORTABLE, Primitives
from ceprop.sim.units import arithmetic, memories
from ceprop.sim.units.registry import UNITS, Unit

_OPERANDS = {
    PORTABLE: [(5, 6), (18, 18)],
    ECP5: [(5, 6), (12, 10), (13, 18), (18, 18)],
    ICE40: [(5, 6), (12, 10), (13, 16), (16, 16)],
}
"""The widths of both operands, in bits."""

_MEMORIES = {
    PORTABLE: [(1, 1, 1), (2, 3, 1), (3, 3, 2), (700, 12, 1), (700, 12, 2)],
    ECP5: [
        (1, 1, 2),
        (3, 3, 2),
        (1024, 18, 2),
        (2048, 12, 2),  # This needs two blocks side by side.
        (500, 24, 2),  # A word takes the data pins of both ports.
        (512, 40, 2),
        (2500, 13, 2),  # This needs two banks beside one block of another shape.
        (5000, 12, 2),  # This needs three banks.
        (8192, 2, 2),
        (16384, 1, 2),
        (1, 1, 1),
        (3, 3, 1),
        (1025, 18, 1),
        (2000, 12, 1),
        (4097, 13, 1),
    ],
    ICE40: [
        (1, 1, 2),
        (3, 3, 2),
        (256, 16, 2),
        (512, 12, 2),
        (1024, 12, 2),
        (2048, 3, 2),
        (700, 12, 2),
        (257, 17, 2),
        (5000, 5, 2),
        (1, 1, 1),
        (3, 3, 1),
        (12544, 12, 1),
        (16385, 12, 1),  # This needs two banks.
        (100, 20, 1),  # A word takes two slices.
        (40000, 17, 1),
    ],
}
"""The numbers of words, bits and ports of the memories."""


def device_units(primitives: Primitives) -> dict[str, Unit]:
    """Return the cells of a set of primitives that are tested, by name."""
    multipliers = {
        f"{primitives.name}_multiplier_{a}x{b}": Unit(
            partial(_multiplier, primitives, a, b), arithmetic.bench_multiplier
        )
        for a, b in _OPERANDS[primitives]
    }
    return multipliers | {
        f"{primitives.name}_memory_{words}x{bits}_{ports}": Unit(
            partial(_memory, primitives, words, bits, ports), memories.bench_memory
        )
        for words, bits, ports in _MEMORIES[primitives]
    }


def find_unit(name: str) -> Unit:
    """Return a cell of the core or of a set of primitives."""
    found = UNITS | device_units(PORTABLE) | device_units(ECP5) | device_units(ICE40)
    return found[name]


def _multiplier(primitives: Primitives, a_bits: int, b_bits: int, _: object):
    """Return a multiplier of a set of primitives."""
    return primitives.multiplier(a_bits, b_bits)


def _memory(primitives: Primitives, words: int, bits: int, ports: int, _: object):
    """Return a weight memory of a set of primitives."""
    return primitives.weight_memory(words, bits, ports)
