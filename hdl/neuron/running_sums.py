"""The running sums of a lane: which neuron a returning sum belongs to, and when a step reads it."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.checks import check, earlier
from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.messages import Messages, Operation
from ceprop.hdl.lanes.stages import lane_stages, step_beats
from ceprop.hdl.neuron.accumulator import Accumulator
from ceprop.hdl.neuron.signatures import address_of, neuron_address
from ceprop.hdl.typing import Fields
from ceprop.specification import Edge, Geometry, signed_bits

ARRIVAL_STAGE = 2
"""Cycles from a `sum` message in its lane to its sum."""


def drive_delay(geometry: Geometry, edge: Edge) -> int:
    """Cycles by which a step reads its drive after its sum: where steps come every second cycle, both share a memory
    and are read one after the other."""
    return step_beats(geometry) - 1 if edge == "row" else 0


def reads_beside(geometry: Geometry, edge: Edge) -> bool:
    """Whether a step reads sums at a port of their own, beside additions: in alternating order with a step message in
    every cycle, where the edge's first layer has so many slots that the port saves two cycles or more."""
    slots = geometry.slots(geometry.layers(edge)[0])
    return geometry.specification.alternating and step_beats(geometry) == 1 and slots > 2


def state_sum_bits(geometry: Geometry, edge: Edge) -> int:
    """Bits of a signed sum over the neurons of the layers beside one of an edge, without bias and drive."""
    specification = geometry.specification
    layers, formats = specification.layers, specification.formats
    beside = (
        (layers[layer - 1] if layer > 1 else 0) + (layers[layer + 1] if layer + 1 < len(layers) else 0)
        for layer in geometry.layers(edge)
    )
    return signed_bits(max(1, *beside) * ((1 << formats.state_bits) - 1) << (formats.weight_bits - 1))


class RunningSums(wiring.Component):
    """Keeps the sums of the neurons on one lane, and on the row edge their drives.

    Which neuron a returning sum belongs to is what the lane itself sent `sum_delay` cycles before, delayed in the lane.

    Throughput: one partial sum per cycle, or one read of a step. Latency: `ARRIVAL_STAGE` cycles from a `sum` message
    to its partial sum, `Accumulator.latency` more until a step reads it; 2 cycles from a `step` message to its sum.

    Parameters
    ----------
    geometry : Geometry
        Widths and depths.
    edge : "row" or "column"
        Only the row edge has drives.
    sum_delay : int
        Cycles by which a slot's `sum` message follows its `source` message.

    Members
    -------
    sent, present : In
        The neuron that a `source` message means, one cycle after it, and whether there is one, at the lane's stage.
    arriving, partial_sum : In
        The `sum` message in this lane; its partial sum, `ARRIVAL_STAGE` cycles later.
    step : In
        The `step` message in this lane, which reads a sum and a drive.
    sum, drive : Out
        The sum of a step, two cycles after it; and the drive that it names, `drive_delay(geometry, edge)` later.
    """

    sent: Fields
    present: Signal
    arriving: Fields
    partial_sum: Signal
    step: Fields
    sum: Signal
    drive: Signal

    def __init__(self, geometry: Geometry, edge: Edge, sum_delay: int):
        self.geometry = geometry
        self.edge: Edge = edge
        self._sum_delay = sum_delay
        messages = Messages(geometry)
        self._beside = reads_beside(geometry, edge)
        self._sum_bits = state_sum_bits(geometry, edge)
        self._drive_bits = geometry.widths.drive_bits
        # Where a sum and its drive are in separate words of one memory, both have the width of the wider one.
        shared = edge == "row" and drive_delay(geometry, edge) > 0
        self._word_bits = max(self._sum_bits, self._drive_bits) if shared and geometry.drives == 1 else self._sum_bits
        super().__init__(
            {
                "sent": In(neuron_address(geometry, edge)),
                "present": In(1),
                "arriving": In(messages.sum(edge)),
                "partial_sum": In(signed(geometry.widths.partial_sum_bits)),
                "step": In(messages.step(edge)),
                "sum": Out(signed(self._word_bits)),
                "drive": Out(signed(self._drive_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The neuron of the slot that comes back; its sum; its drive."""
        m = Module()
        # The neuron of the slot that comes back now: `source` left `sum_delay` cycles before `sum` came.
        returning = delay(m, self.sent, self._sum_delay, "sent_neuron")
        there = delay(m, self.present, self._sum_delay + 1 - lane_stages(self.geometry).present, "sent_present")
        arrived = delay(m, self.arriving, ARRIVAL_STAGE, "sum_arrived")
        present = Signal(name="sum_present", reset_less=True)
        partial_sum = Signal.like(self.partial_sum, name="returned_sum", reset_less=True)
        m.d.sync += [present.eq(there), partial_sum.eq(self.partial_sum)]
        # A lane that is at the end of its list of rows receives no more inputs.
        drive = Value.cast(arrived.drive)
        to_sum, to_drive = arrived.valid & ~drive.any(), arrived.valid & drive.any() & present
        named = address_of(self.geometry, self.edge, self.step.index, self.step.layer)
        sums = self._sums(m, returning, named, arrived)
        shares = self.edge == "row" and self.geometry.drives == 1
        m.d.comb += [
            sums.valid.eq(to_sum | to_drive if shares else to_sum),
            sums.first.eq(arrived.first),
            sums.addend.eq(partial_sum),
            self.sum.eq(sums.read_data),
        ]
        if not self._beside:
            to_sums = self.arriving.valid & (1 if shares else ~Value.cast(self.arriving.drive).any())
            stepping = self.step.operation != Operation.NONE
            check(m, "step_and_sum_meet_at_one_port", lambda c: stepping & earlier(c, to_sums, 1))
        check(m, "step_reads_a_sum_that_is_added_to", lambda c: self._reads_early(c, sums))
        if shares:
            m.d.comb += self.drive.eq(sums.read_second)
        elif self.edge == "row":
            drives = self._drives(m, returning, named)
            m.d.comb += [
                drives.valid.eq(to_drive),
                drives.first.eq(arrived.first),
                drives.addend.eq(partial_sum),
                self.drive.eq(drives.read_data),
            ]
        return m

    def _reads_early(self, m: Module, sums: Accumulator) -> Value:
        """A step reads a sum to which an addition was made less than `Accumulator.latency` cycles before."""
        reads = earlier(m, self.step.operation == Operation.STEP, 1)
        valid, address = sums.valid, sums.address
        read = sums.read_address if self._beside else sums.address
        pending: Value = valid & (address == read) if self._beside else Const(0)
        for _ in range(Accumulator.latency - 1):
            valid, address = earlier(m, valid, 1), earlier(m, address, 1)
            pending |= valid & (address == read)
        return reads & pending

    def _sums(self, m: Module, returning: Fields, named: Fields, arrived: Fields) -> Accumulator:
        """The memory of the sums, at the address of the neuron that a step names, or of the one that a sum returns to;
        with a read port of its own for each of the two. With a single drive the memory holds the drives as well."""
        words, widths = self.geometry.neuron_words(self.edge), self.geometry.widths
        stepping = self.step.operation != Operation.NONE
        address: Fields = Signal(returning.shape(), name="sum_address", reset_less=True)
        chosen = Mux(stepping, named.as_value(), returning.as_value())
        later = drive_delay(self.geometry, self.edge)
        if not later:
            bits = [self._sum_bits]
            if self.edge == "row" and self.geometry.drives == 1:
                bits.append(self._drive_bits)
            m.submodules.sums = sums = Accumulator(words, bits, widths.partial_sum_bits, separate_read=self._beside)
            m.d.sync += address.eq(returning if self._beside else chosen)
            if self._beside:
                read: Fields = Signal(returning.shape(), name="read_address", reset_less=True)
                m.d.sync += read.eq(named)
                m.d.comb += sums.read_address.eq(read)
            m.d.comb += [sums.address.eq(address), sums.second.eq(Value.cast(arrived.drive)[0])]
            return sums
        # Sums are in the lower half of twice as many words, drives in the upper half; a drive is read one cycle later.
        m.submodules.sums = sums = Accumulator(2 * words, [self._word_bits], widths.partial_sum_bits)
        is_drive = Signal(name="is_drive", reset_less=True)
        reading = delay(m, stepping, later, "reads_drive")
        m.d.sync += is_drive.eq(reading | (~stepping & delay(m, self.arriving.drive, 1, "drive_arrives")))
        with m.If(~reading):
            m.d.sync += address.eq(chosen)
        m.d.comb += sums.address.eq(Cat(address.as_value(), is_drive))
        return sums

    def _drives(self, m: Module, returning: Fields, named: Fields) -> Accumulator:
        """A memory of its own for two drives: one of them is read while the other one is added to."""
        slot_bits = self.geometry.slot_bits(self.edge)
        m.submodules.drives = drives = Accumulator(
            2 << slot_bits, [self._drive_bits], self.geometry.widths.partial_sum_bits, separate_read=True
        )
        added, read = (Signal(slot_bits + 1, name=f"drive_{name}", reset_less=True) for name in ("added", "read"))
        arriving = Value.cast(delay(m, self.arriving.drive, 1, "drive_arrives"))
        m.d.sync += [
            added.eq(Cat(returning.slot, arriving[1])),
            read.eq(Cat(named.slot, Value.cast(self.step.drive)[1])),
        ]
        m.d.comb += [drives.address.eq(added), drives.read_address.eq(read)]
        return drives
