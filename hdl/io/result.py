"""What the core reports of a finished sample."""

from amaranth.hdl import unsigned
from amaranth.lib import data, enum

from ceprop.hdl.lanes.messages import Messages
from ceprop.specification import Geometry

STEP_BITS = 10
"""Bits that count the steps of a phase."""


class FreeEnd(enum.Enum, shape=2):
    """How a free phase ended."""

    OPEN = 0
    SETTLED = 1
    PERIOD_2 = 2


def result_layout(geometry: Geometry) -> data.StructLayout:
    """What the core reports of a finished sample."""
    return data.StructLayout(
        {
            "prediction": unsigned(Messages(geometry).remaining_bits),
            "tie": unsigned(1),
            "free_end": FreeEnd,
            "free_steps": unsigned(STEP_BITS),
            # The sum over both phases of a centred nudge.
            "nudged_steps": unsigned(STEP_BITS + geometry.specification.centred),
            "nudged_settled": unsigned(1),
        }
    )
