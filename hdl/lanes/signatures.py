"""The wires along the edges, as signatures: what enters the first lanes, what hops from lane to lane, what a lane sends
to its cells, and what comes back.

Every direction is that of the part which is named first in the docstring; the other part takes the signature flipped.
"""

from collections.abc import Iterable

from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.signatures import saturation_count_bits
from ceprop.hdl.lanes.messages import Messages, bits_for
from ceprop.hdl.typing import Interface
from ceprop.specification import Edge, Geometry


class NeuronChain(wiring.Signature):
    """Message selector to the first neuron cell of an edge, and from each neuron cell to the next: one message of each
    kind per cycle, and the settings of the edge."""

    def __init__(self, geometry: Geometry, edge: Edge):
        messages = Messages(geometry)
        super().__init__(
            {
                "source": Out(messages.source(edge)),
                "sum": Out(messages.sum(edge)),
                "step": Out(messages.step(edge)),
                "settings": Out(messages.settings(edge)),
                "status": Out(messages.status(edge)),
            }
        )


class EdgeStatus(wiring.Signature):
    """Neuron edge to sequencer and counters: what a step found in all lanes, and how many updates of weights and biases
    saturated in this cycle."""

    def __init__(self, geometry: Geometry, edge: Edge):
        super().__init__(
            {"status": Out(Messages(geometry).status(edge)), "saturated": Out(saturated_bits(geometry, edge))}
        )


class EdgeTrace(wiring.Signature):
    """Neuron edge to trace port: new state and drive of one neuron per lane, all lanes together."""

    def __init__(self, geometry: Geometry, edge: Edge):
        super().__init__({"neurons": Out(Messages(geometry).trace).array(lanes_of(geometry, edge))})


class LaneWords(wiring.Signature):
    """Command port to neuron edge: words to be written, held from their `step` message on until the last lane has taken
    them; and words that were read, all lanes together."""

    def __init__(self, geometry: Geometry, edge: Edge):
        bits, lanes = Messages(geometry).word_bits, lanes_of(geometry, edge)
        super().__init__({"written": Out(bits).array(lanes), "read": In(bits).array(lanes)})


class LaneOperands(wiring.Signature):
    """Neuron cell to the lane that leads its row or column of cells.

    `sums` tells that the `source` message which is now in this lane belongs to a sum. `slot` is the unit that the
    message means, one cycle after it; `present` tells whether there is such a unit, at the lane's stage of that name.
    `operand` and `dither` come `OPERAND_STAGE` and `DITHER_STAGE` cycles after the lane's address. `load_word` is a
    word for the weights of a row."""

    def __init__(self, geometry: Geometry, edge: Edge):
        super().__init__(
            {
                "sums": Out(1),
                "slot": Out(geometry.slot_bits(edge)),
                "present": Out(1),
                "operand": Out(signed(geometry.widths.operand_bits)),
                "dither": Out(geometry.widths.dither_bits),
                "load_word": Out(signed(geometry.widths.partial_sum_bits)),
            }
        )


class ReturnedSum(wiring.Signature):
    """Array to neuron edge, one lane: a partial sum that is back at the edge, and the count of updates that saturated
    in the cells of the row. The count is zero on the column edge."""

    def __init__(self, geometry: Geometry):
        super().__init__(
            {
                "partial_sum": Out(signed(geometry.widths.partial_sum_bits)),
                "saturations": Out(saturation_count_bits(geometry)),
            }
        )


class InputEvents(wiring.Signature):
    """Sample loader to column lanes: the message of a group of inputs, and its inputs one cycle later."""

    def __init__(self, geometry: Geometry):
        bits = geometry.specification.formats.input_bits
        super().__init__({"event": Out(Messages(geometry).event), "values": Out(bits).array(geometry.cols)})


class ColumnChain(wiring.Signature):
    """Message selector and sample loader to the first column lane, and from each column lane to the next."""

    def __init__(self, geometry: Geometry):
        messages = Messages(geometry)
        super().__init__({"tile": Out(messages.tile), "event": Out(messages.event)})


class InputsListed(wiring.Signature):
    """Column lanes to the part that starts drives: in this cycle the lists of a sample's inputs are complete, and the
    length of the longest one."""

    def __init__(self, geometry: Geometry):
        super().__init__({"complete": Out(1), "longest": Out(Messages(geometry).event_count_bits)})


def lanes_of(geometry: Geometry, edge: Edge) -> int:
    """Number of lanes of an edge."""
    return geometry.rows if edge == "row" else geometry.cols


def saturated_bits(geometry: Geometry, edge: Edge) -> int:
    """Bits of the number of updates that saturate in one cycle: one per cell, and one bias per lane."""
    return bits_for(geometry.rows * geometry.cols + lanes_of(geometry, edge))


def connect_lanes(m: Module, ones: Iterable[Interface], others: Iterable[Interface]) -> None:
    """Connect two arrays of interfaces, lane by lane."""
    for one, other in zip(ones, others, strict=True):
        wiring.connect(m, one, other)
