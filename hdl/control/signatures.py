"""The wires between the parts of the control, as signatures.

Every direction is that of the part which is named first in the docstring; the other part takes the signature flipped.
"""

from collections.abc import Mapping

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.control.sweeps import Pass
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.messages import Messages, bits_for
from ceprop.specification import REGISTER_BITS, Geometry, registers


class SweepCommand(wiring.Signature):
    """Sequencer to sweep walker: `start` a pass of a `kind`; with `anew` its sums are started anew. The walker is
    `done` in the cycle of the last slot. The pass is `released` in that cycle, or before, in that of the last slot on
    which the next step depends. The walker is `busy` from the start of a pass to its end."""

    def __init__(self) -> None:
        super().__init__(
            {"start": Out(1), "kind": Out(Pass), "anew": Out(1), "released": In(1), "done": In(1), "busy": In(1)}
        )


class ListLengths(wiring.Signature):
    """Sequencer to sweep walker: lengths of the longest list of inputs (`events`), and of the longest lists of changed
    and of active units, layers 1..L. They are there from the cycle before the start of a pass on."""

    def __init__(self, geometry: Geometry):
        messages, layers = Messages(geometry), len(geometry.connections)
        length = max(messages.list_bits("row"), messages.list_bits("column"))
        super().__init__(
            {
                "events": Out(messages.event_count_bits),
                "changed": Out(length).array(layers),
                "active": Out(length).array(layers),
            }
        )


class StepCommand(wiring.Signature):
    """Sequencer to step walker and status collector: `start` the step messages of all layers, or in alternating order
    of the layers on one edge, which is the column edge with `columns`. `first`, `nudged`, `keep`, `save` and `restore`
    are fields of every message. With `learn` the messages ask for updates of biases and no state changes. A step with
    `learn` or `restore` has all layers. The walker is `done` in the cycle of the last message."""

    def __init__(self) -> None:
        sent = ("start", "columns", "first", "nudged", "keep", "learn", "save", "restore")
        super().__init__({**{name: Out(1) for name in sent}, "done": In(1)})


class Banks(wiring.Signature):
    """Sequencer to walkers and message selector: whether current and previous states are exchanged (`swap`), and the
    bank of the generators that is in use (`bank`)."""

    def __init__(self) -> None:
        super().__init__({"swap": Out(1), "bank": Out(1)})


class NudgeSign(wiring.Signature):
    """Sequencer to settings: the nudge, and the updates, have the opposite sign (`opposite`), in the second phase of a
    centred nudge."""

    def __init__(self) -> None:
        super().__init__({"opposite": Out(1)})


class UpdateSettings(wiring.Signature):
    """Settings to sweep walker: sign of the nudge, and for each connection the left shift of a difference of states."""

    def __init__(self, geometry: Geometry):
        shift = bits_for(geometry.widths.rate_room)
        super().__init__({"negative": Out(1), "preshifts": Out(shift).array(len(geometry.connections))})


class EdgeSettings(wiring.Signature):
    """Settings to message selector: what the neurons of both edges need to know of a sample."""

    def __init__(self, geometry: Geometry):
        messages = Messages(geometry)
        super().__init__({"row": Out(messages.settings("row")), "column": Out(messages.settings("column"))})


class SlotMessages(wiring.Signature):
    """Sweep walker, or drive prefetch, to message selector: the messages of a slot. In the cycle before them, `walking`
    tells that a slot of a sweep is sent, and `issued` that a slot uses the multipliers."""

    def __init__(self, geometry: Geometry):
        messages = Messages(geometry)
        super().__init__(
            {
                "row_source": Out(messages.source("row")),
                "column_source": Out(messages.source("column")),
                "row_sum": Out(messages.sum("row")),
                "column_sum": Out(messages.sum("column")),
                "tile": Out(messages.tile),
                "walking": Out(1),
                "issued": Out(1),
            }
        )


class StepMessages(wiring.Signature):
    """Step walker to message selector: the step message of a slot, on one of the edges."""

    def __init__(self, geometry: Geometry):
        messages = Messages(geometry)
        super().__init__({"row": Out(messages.step("row")), "column": Out(messages.step("column"))})


class CommandMessages(wiring.Signature):
    """Command port to message selector: while it is `busy`, the messages that read and write weights (`tile`,
    `row_source`, `row_sum`) and neurons (`row_step`, `column_step`)."""

    def __init__(self, geometry: Geometry):
        messages = Messages(geometry)
        super().__init__(
            {
                "busy": Out(1),
                "tile": Out(messages.tile),
                "row_source": Out(messages.source("row")),
                "row_sum": Out(messages.sum("row")),
                "row_step": Out(messages.step("row")),
                "column_step": Out(messages.step("column")),
            }
        )


class CommandTurn(wiring.Signature):
    """Command port to arbiter: a command is `offered` on the port; the command port is `idle`. The arbiter tells
    whether a command is `allowed` to begin."""

    def __init__(self) -> None:
        super().__init__({"offered": Out(1), "idle": Out(1), "allowed": In(1)})


class DriveTurn(wiring.Signature):
    """Drive prefetch, or drive start, to sequencer: the drive of the next sample.

    `listed`: the lists of its inputs are complete. `ready`: work may go on with the sample; `events` is the length of
    its longest list. The sequencer answers `take` when work goes on, and `open` while slots of the drive may be
    sent."""

    def __init__(self, geometry: Geometry):
        super().__init__(
            {
                "listed": Out(1),
                "ready": Out(1),
                "events": Out(Messages(geometry).event_count_bits),
                "take": In(1),
                "open": In(1),
            }
        )


class SampleProgress(wiring.Signature):
    """Sequencer to counters: in a cycle that counts, a sample is at work (`working`); a step of the free or of the
    nudged phase was executed; a sample is `finished`, its prediction with a `tie`."""

    def __init__(self) -> None:
        super().__init__(
            {"working": Out(1), "finished_step": Out(1), "nudged": Out(1), "finished": Out(1), "tie": Out(1)}
        )


class RegisterAccess(wiring.Signature):
    """Command port to register bank: an address, a word to be written, which is held one cycle longer than `write`, and
    the value at the address, `RegisterBank.latency` cycles later."""

    def __init__(self, geometry: Geometry):
        super().__init__(
            {
                "address": Out(Ports(geometry).address_bits),
                "write": Out(1),
                "word": Out(REGISTER_BITS),
                "value": In(REGISTER_BITS),
            }
        )


class RegisterValues(wiring.Signature):
    """Register bank to settings: the values of the registers that the host writes, by name."""

    def __init__(self, geometry: Geometry):
        super().__init__({r.name: Out(bits_for(r.most)) for r in registers(geometry.specification) if r.writable})


class Counts(wiring.Signature):
    """Counted events to register bank: what is added to each counter in this cycle; `widths` gives the bits of each
    increment by the name of the counter."""

    def __init__(self, widths: Mapping[str, int]):
        super().__init__({name: Out(bits) for name, bits in widths.items()})
