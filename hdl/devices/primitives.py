"""The parts that a synapse cell is made of, chosen per device: a multiplier and a weight memory. The timing of the core
does not depend on the choice, because all sets have the same latencies."""

from collections.abc import Callable
from dataclasses import dataclass

from ceprop.common.errors import CepropError
from ceprop.hdl.devices import ecp5, ice40
from ceprop.hdl.devices.memory import PortableMemory, WeightMemory
from ceprop.hdl.devices.multiplier import Multiplier, PortableMultiplier


@dataclass(frozen=True)
class Primitives:
    """A set of parts.

    Fields
    ------
    name : str
        Name of the set.
    multiplier : (a_bits, b_bits) -> Multiplier
        Raises as `check_multiplier` does.
    weight_memory : (words, bits, ports) -> WeightMemory
        See :class:`WeightMemory` for the meaning of one port and two ports.
    check_multiplier : (a_bits, b_bits) -> None
        Raises :class:`CepropError` for operands that the device's multiplier does not take.
    cells : tuple of str
        Cells of the vendor's library that the parts may instantiate; a simulator needs models of them.
    """

    name: str
    multiplier: Callable[[int, int], Multiplier]
    weight_memory: Callable[[int, int, int], WeightMemory]
    check_multiplier: Callable[[int, int], None]
    cells: tuple[str, ...]


PORTABLE = Primitives(
    "portable",
    PortableMultiplier,
    PortableMemory,
    check_multiplier=lambda a_bits, b_bits: None,
    cells=(),
)
"""Everything inferred: for simulation, any other flow, and devices without multipliers."""
ECP5 = Primitives(
    "ecp5",
    ecp5.Ecp5Multiplier,
    ecp5.Ecp5Memory,
    check_multiplier=ecp5.check_multiplier,
    cells=("MULT18X18D", "DP16KD"),
)
"""Lattice ECP5: DSP and block RAM."""
ICE40 = Primitives(
    "ice40",
    ice40.Ice40Multiplier,
    ice40.weight_memory,
    check_multiplier=ice40.check_multiplier,
    cells=("SB_MAC16", "SB_RAM40_4K", "SB_SPRAM256KA"),
)
"""Lattice iCE40 UltraPlus: DSP; block RAM for two ports, SPRAM for one."""

_SETS = {primitives.name: primitives for primitives in (PORTABLE, ECP5, ICE40)}


def primitives_named(name: str) -> Primitives:
    """The set of that name; raises :class:`CepropError` that lists the names."""
    if name not in _SETS:
        raise CepropError(f"primitives {name}: must be one of {', '.join(_SETS)}")
    return _SETS[name]
