"""The wires between the parts of a neuron cell, as signatures and layouts."""

from amaranth.hdl import Cat, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out

from ceprop.hdl.lanes.messages import COPIED, Messages
from ceprop.hdl.typing import Fields
from ceprop.specification import Edge, Geometry, address_bits, memory_depth


def neuron_address(geometry: Geometry, edge: Edge) -> data.StructLayout:
    """Address of a neuron in the memories of its lane: its slot, and above it the number of its layer on the edge.

    The layer has as many bits as the depth of the memories leaves to it."""
    slot_bits = geometry.slot_bits(edge)
    bits = address_bits(memory_depth(geometry.neuron_words(edge)))
    return data.StructLayout({"slot": unsigned(slot_bits), "layer": unsigned(max(0, bits - slot_bits))})


def state_words(geometry: Geometry) -> data.StructLayout:
    """Current and previous state of a neuron, one word of memory."""
    bits = unsigned(geometry.specification.formats.state_bits)
    return data.StructLayout({"current": bits, "previous": bits})


def stored_words(geometry: Geometry) -> data.StructLayout:
    """The same as it is stored: with a centred nudge, the state at the end of the free phase beside it."""
    bits = unsigned(geometry.specification.formats.state_bits)
    saved = {"saved": bits} if geometry.specification.centred else {}
    return data.StructLayout({"current": bits, "previous": bits, **saved})


WalkFields = data.StructLayout(dict.fromkeys(COPIED, 1))
"""Fields of a `step` message that are the same for all messages of a walk."""


class SteppedNeuron(wiring.Signature):
    """Neuron cell to event lists: a neuron after its step. `valid`; its `layer` and slot `index`; whether it is the
    `first` one of its layer; and on which lists it belongs."""

    def __init__(self, geometry: Geometry, edge: Edge):
        super().__init__(
            {
                "valid": Out(1),
                "first": Out(1),
                "changed": Out(1),
                "active": Out(1),
                "index": Out(geometry.slot_bits(edge)),
                "layer": Out(Messages(geometry).layer_bits(edge)),
            }
        )


class LaneLengths(wiring.Signature):
    """Event lists to step status: lengths of a layer's lists in this lane, with the neuron of the cycle before."""

    def __init__(self, geometry: Geometry, edge: Edge):
        bits = Messages(geometry).list_bits(edge)
        super().__init__({"changed": Out(bits), "active": Out(bits)})


class StepOutcome(wiring.Signature):
    """Neuron cell to step status: a neuron with a new state is `valid`. `last`, `layer_last`, `layer` and `remaining`
    are fields of its `step` message, `new` is the new state; it `competes` if it is one of the output layer; it differs
    from the state before (`changed`), and from the one before that (`aperiodic`)."""

    def __init__(self, geometry: Geometry, edge: Edge):
        messages = Messages(geometry)
        super().__init__(
            {
                "valid": Out(1),
                "last": Out(1),
                "layer_last": Out(1),
                "layer": Out(messages.layer_bits(edge)),
                "competes": Out(1),
                "remaining": Out(messages.countdown_bits(edge)),
                "new": Out(geometry.specification.formats.state_bits),
                "changed": Out(1),
                "aperiodic": Out(1),
            }
        )


def address_of(geometry: Geometry, edge: Edge, index: Value, layer: Value) -> Fields:
    """The address of the neuron that a message names by `index` and `layer`."""
    layout = neuron_address(geometry, edge)
    return layout(Cat(index[: geometry.slot_bits(edge)], layer)[: layout.size])
