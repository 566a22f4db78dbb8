"""The parts that differ from device to device: multipliers and memories, portable or made of cells of iCE40 or ECP5.

In come widths and depths. Out go components of equal latency, bundled as :class:`Primitives`, so that the timing of a
core does not depend on the device.
"""

from ceprop.hdl.devices.memory import WeightMemory
from ceprop.hdl.devices.multiplier import Multiplier
from ceprop.hdl.devices.primitives import PORTABLE, Primitives, primitives_named

__all__ = ["PORTABLE", "Multiplier", "Primitives", "WeightMemory", "primitives_named"]
