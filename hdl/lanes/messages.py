"""The messages that hop from lane to lane along the edges: one register per lane, so no command is a global net.

| message | edges | what it asks for, or tells |
|---|---|---|
| `source` | both | operands of a unit, to be sent into the array |
| `sum` | both | a partial sum that comes back, to be added to a running sum |
| `step` | both | the next state of a neuron; or a word of a neuron, to be read or written |
| `status` | both | what a step found in the lanes so far |
| `tile` | column | the address of a weight, and what the cells do with it |
| `event` | column | a group of inputs, to be listed |
"""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import unsigned
from amaranth.lib import data, enum

from ceprop.specification import Edge, Geometry, Specification, address_bits

COPIED = ("first", "nudged", "swap", "bank", "everything", "keep", "save", "restore")
"""Fields of a `step` message that are the same for all messages of a walk of the step walker."""


class Operand(enum.Enum, shape=2):
    """What a neuron sends into the array."""

    ZERO = 0
    STATE = 1
    PREVIOUS = 2
    DIFFERENCE = 3


class Listing(enum.Enum, shape=2):
    """Which units of a layer a lane walks."""

    ALL = 0
    CHANGED = 1
    """Those whose state the last step changed."""
    ACTIVE = 2
    """Those whose state is not zero, or was not before."""


class Operation(enum.Enum, shape=3):
    """What a `step` message asks of a neuron."""

    NONE = 0
    STEP = 1
    READ = 2
    WRITE = 3
    LEARN = 4
    """Update the bias by current and previous state, for rules that learn at the end of the phase."""


class Space(enum.Enum, shape=3):
    """What the core's command port reads and writes."""

    REGISTER = 0
    WEIGHT = 1
    BIAS = 2
    GENERATOR = 3
    STATE = 4


def bits_for(largest: int) -> int:
    """Bits that count from 0 to `largest`."""
    return largest.bit_length()


@dataclass(frozen=True)
class Messages:
    """Layouts of the messages of a geometry."""

    geometry: Geometry

    @property
    def _specification(self) -> Specification:
        return self.geometry.specification

    def _neurons(self, edge: Edge) -> dict[str, Any]:
        """A unit, or its number in a list, of a layer numbered on its edge."""
        return {"index": unsigned(self.geometry.slot_bits(edge)), "layer": unsigned(self.layer_bits(edge))}

    def layer_bits(self, edge: Edge) -> int:
        """Bits that number an edge's layers of neurons."""
        return address_bits(max(1, len(self.geometry.layers(edge))))

    def list_bits(self, edge: Edge) -> int:
        """Bits of the length of a list of units."""
        return self.geometry.slot_bits(edge) + 1

    @property
    def event_index_bits(self) -> int:
        """Bits of an index into a lane's list of inputs."""
        return address_bits(self.geometry.slots(0))

    @property
    def event_count_bits(self) -> int:
        """Bits of the length of a lane's list of inputs."""
        return bits_for(self.geometry.slots(0))

    @property
    def word_bits(self) -> int:
        """A lane's word on the ports for loading and reading back."""
        formats = self._specification.formats
        return max(formats.weight_bits, self._specification.generator_bits, 2 * formats.state_bits)

    @property
    def remaining_bits(self) -> int:
        """Bits that count the units of the output layer down."""
        return bits_for(self._specification.classes)

    def countdown_bits(self, edge: Edge) -> int:
        """Bits that count the units of an edge's largest layer down."""
        return bits_for(max((self._specification.layers[layer] for layer in self.geometry.layers(edge)), default=1))

    @property
    def drive_number_bits(self) -> int:
        """Bits that number the drives of a neuron from 1."""
        return bits_for(self.geometry.drives)

    def source(self, edge: Edge) -> data.StructLayout:
        """Send an operand: for a sum or for an update, which operand of which neuron, with which shift and sign, and
        the shift of the dither beside it."""
        shifts = (self.geometry.widths.dither_shift(c) for c in self._specification.connections)
        return data.StructLayout(
            {
                "sum": unsigned(1),
                "operand": Operand,
                "listing": Listing,
                **self._neurons(edge),
                "preshift": unsigned(bits_for(self.geometry.widths.rate_room)),
                "dither_shift": unsigned(bits_for(max(shifts))),
                "negative": unsigned(1),
                "swap": unsigned(1),
                "bank": unsigned(1),
            }
        )

    @property
    def tile(self) -> data.StructLayout:
        """A slot of the cells below a column lane. With `input`, `index` is a number in the list of inputs in `bank`.
        Column words count from `base`."""
        return data.StructLayout(
            {
                "sum": unsigned(1),
                "row_factor": unsigned(1),
                "accumulate": unsigned(1),
                "write": unsigned(1),
                "load": unsigned(1),
                "read": unsigned(1),
                "input": unsigned(1),
                "bank": unsigned(1),
                "lane": unsigned(address_bits(self.geometry.cols)),
                "base": unsigned(self.geometry.column_word_bits),
                "index": unsigned(self.event_index_bits),
            }
        )

    @property
    def event(self) -> data.StructLayout:
        """A group of inputs that hops along the column edge, into the lists of `bank`. With `everything` zeros are
        listed too. The message that `closes` a sample has no inputs: it gathers the length of the `longest` list."""
        return data.StructLayout(
            {
                "valid": unsigned(1),
                "first": unsigned(1),
                "closes": unsigned(1),
                "everything": unsigned(1),
                "bank": unsigned(1),
                "slot": unsigned(address_bits(self.geometry.slots(0))),
                "longest": unsigned(self.event_count_bits),
            }
        )

    def sum(self, edge: Edge) -> data.StructLayout:
        """A partial sum comes back to a neuron. `drive` is the number of the drive, from 1, that it is added to, or 0
        for the sum. `first` starts that sum anew. With `read` the partial sum is read out instead. The neuron is the
        one that the lane's `source` message meant when the slot left."""
        return data.StructLayout(
            {
                "valid": unsigned(1),
                "drive": unsigned(self.drive_number_bits),
                "first": unsigned(1),
                "read": unsigned(1),
            }
        )

    def step(self, edge: Edge) -> data.StructLayout:
        """Compute the new state of a neuron. `index` is its slot; `remaining` counts the units of its layer down;
        `drive` is the number of the drive that it receives, from 1, or 0. With `everything` units are listed whatever
        happened. With `keep` the previous state stays, which is then that of the free phase. With `save` the state
        before the step is saved; with `restore` the saved state is the new one."""
        return data.StructLayout(
            {
                "operation": Operation,
                "space": Space,
                "last": unsigned(1),
                "layer_last": unsigned(1),
                **self._neurons(edge),
                "everything": unsigned(1),
                "keep": unsigned(1),
                "save": unsigned(1),
                "restore": unsigned(1),
                "drive": unsigned(self.drive_number_bits),
                "output": unsigned(1),
                "first": unsigned(1),
                "nudged": unsigned(1),
                "swap": unsigned(1),
                "bank": unsigned(1),
                "remaining": unsigned(self.countdown_bits(edge)),
            }
        )

    def settings(self, edge: Edge) -> data.StructLayout:
        """What holds for a whole sample, and therefore need not meet a certain message: sign and size of the nudge, the
        labelled unit as `remaining` counts it, and the left shifts of the bias updates of the edge's layers."""
        layers = max(1, len(self.geometry.layers(edge)))
        shift = unsigned(max(1, bits_for(self.geometry.widths.bias_room(edge))))
        return data.StructLayout(
            {
                "negative": unsigned(1),
                "nudge_shift": unsigned(4),
                "target": unsigned(self.countdown_bits(edge)),
                "bias_preshifts": data.ArrayLayout(shift, layers),
            }
        )

    def status(self, edge: Edge) -> data.StructLayout:
        """What a step found in the lanes so far: any change, any difference from the state before the last one, the
        largest output, and the lengths of the longest lists of the layer."""
        return data.StructLayout(
            {
                "valid": unsigned(1),
                "last": unsigned(1),
                "layer_last": unsigned(1),
                "layer": unsigned(self.layer_bits(edge)),
                "changed_most": unsigned(self.list_bits(edge)),
                "active_most": unsigned(self.list_bits(edge)),
                "changed": unsigned(1),
                "aperiodic": unsigned(1),
                "found": unsigned(1),
                "tie": unsigned(1),
                "largest": unsigned(self._specification.formats.state_bits),
                "remaining": unsigned(self.remaining_bits),
            }
        )

    @property
    def trace(self) -> data.StructLayout:
        """One neuron on the trace stream."""
        return data.StructLayout(
            {
                "state": unsigned(self._specification.formats.state_bits),
                "drive": unsigned(self.geometry.widths.drive_bits),
            }
        )
