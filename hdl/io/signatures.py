"""The wires between the ports of a core and its control, as signatures.

Every direction is that of the part which is named first in the docstring; the other part takes the signature flipped.
"""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.io.result import STEP_BITS
from ceprop.hdl.lanes.messages import Messages, bits_for
from ceprop.specification import Geometry


class SampleStart(wiring.Signature):
    """Sample loader to arbiter, and arbiter to sequencer: the start of a sample.

    A sample `waits`; behind the arbiter, only if no command does. Work on it begins in the cycle `begin`; `idle` tells
    that no sample is at work."""

    def __init__(self) -> None:
        super().__init__({"waits": Out(1), "begin": In(1), "idle": In(1)})


class WorkingSample(wiring.Signature):
    """Sample loader to the walkers and the settings: the sample at work. `bank` is the one of its lists of inputs and
    of its drive; `target` is its labelled unit, counted down from the size of the layer as `remaining` is."""

    def __init__(self, geometry: Geometry):
        super().__init__({"bank": Out(1), "target": Out(Messages(geometry).remaining_bits)})


class PhaseSettings(wiring.Signature):
    """Settings to all parts that lead a sample through its phases: the largest numbers of steps, whether the network
    learns, and whether `everything` is done, also what changes nothing."""

    def __init__(self) -> None:
        super().__init__(
            {
                "free_steps": Out(STEP_BITS),
                "nudged_steps": Out(STEP_BITS),
                "learn": Out(1),
                "everything": Out(1),
            }
        )


class StepPosition(wiring.Signature):
    """Step walker to trace port: the layer and slot whose step message is sent in a cycle with `stepping`, in a nudged
    step or not; `layer` is zero while the walker rests. Without `room` the walker waits."""

    def __init__(self, geometry: Geometry):
        layers = range(1, len(geometry.specification.layers))
        super().__init__(
            {
                "layer": Out(bits_for(layers[-1])),
                "slot": Out(range(max(geometry.slots(layer) for layer in layers))),
                "nudged": Out(1),
                "stepping": Out(1),
                "room": In(1, init=1),
            }
        )
