"""The running sums of a lane: which slot a returning sum belongs to, and when a step reads it."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data

from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.messages import Operation
from ceprop.hdl.lanes.stages import lane_stages, step_beats
from ceprop.hdl.neuron.accumulator import Accumulator
from ceprop.specification import Edge, Geometry, signed_bits

ARRIVAL_STAGE = 2
"""Cycles from a `sum` message in its lane to its sum."""


def drive_delay(geometry: Geometry, edge: Edge) -> int:
    """Cycles by which a step reads its drive after its sum: where steps come every second cycle, both share a memory
    and are read one after the other."""
    return step_beats(geometry) - 1 if edge == "row" else 0


def state_sum_bits(geometry: Geometry, edge: Edge) -> int:
    """Bits of a signed sum over the neurons of the layers beside one of an edge, without bias and drive."""
    specification = geometry.specification
    layers, formats = specification.layers, specification.formats
    beside = (
        (layers[layer - 1] if layer > 1 else 0) + (layers[layer + 1] if layer + 1 < len(layers) else 0)
        for layer in geometry.layers(edge)
    )
    return signed_bits(max(1, *beside) * ((1 << formats.state_bits) - 1) << (formats.weight_bits - 1))


def running_sums(
    m: Module,
    geometry: Geometry,
    edge: Edge,
    sum_delay: int,
    step: data.View,
    own: Value,
    leaving: tuple[Value, Value],
    arriving: data.View,
    partial_sum: Value,
) -> tuple[Value, Value | None]:
    """Keep the sums of the neurons on one lane, and on the row edge their drives, in its neuron cell `m`.

    Returns the sum of a step, read two cycles after `step`, which means the neuron at the address `own`; and on the row
    edge the drive that the message names, `drive_delay` later. `leaving` is address and presence of the neuron that
    `source` means; `arriving`, `sum_delay` cycles later, announces the slot's `partial_sum`."""
    words, later = geometry.neuron_words(edge), drive_delay(geometry, edge)
    # Of the slot that now comes back: `source` left `sum_delay` cycles before `sum` came.
    place = delay(m, leaving[0], sum_delay, "slot_that_left")
    there = delay(m, leaving[1], sum_delay + 1 - lane_stages(geometry).present, "present_that_left")
    arrived = delay(m, arriving, ARRIVAL_STAGE, "sum_arrived")
    stepping = step.operation != Operation.NONE
    address = Signal.like(place, name="sum_address", reset_less=True)
    present = Signal(name="sum_present", reset_less=True)
    returned = Signal.like(partial_sum, name="returned_sum", reset_less=True)
    m.d.sync += [present.eq(there), returned.eq(partial_sum)]
    bits = [state_sum_bits(geometry, edge)]
    if edge == "row" and geometry.drives == 1:
        bits.append(geometry.widths.drive_bits)
    chosen = Mux(stepping, own, place)
    if later:
        # A drive is a word behind its sum, in twice as many words, and read in the cycle after it.
        m.submodules.sums = sums = Accumulator(2 * words, [max(bits)], geometry.widths.partial_sum_bits)
        second = Signal(name="drive_address", reset_less=True)
        reading = delay(m, stepping, later, "reads_drive")
        m.d.sync += second.eq(reading | (~stepping & delay(m, arriving.drive, 1, "drive_arrives")))
        with m.If(~reading):
            m.d.sync += address.eq(chosen)
        m.d.comb += sums.address.eq(Cat(address, second))
    else:
        m.submodules.sums = sums = Accumulator(words, bits, geometry.widths.partial_sum_bits)
        m.d.sync += address.eq(chosen)
        m.d.comb += [sums.address.eq(address), sums.second.eq(Value.cast(arrived.drive)[0])]
    # A lane that is done with its list of rows hears of inputs no more.
    of_drive = Value.cast(arrived.drive).any()
    of_states, driven = arrived.valid & ~of_drive, arrived.valid & of_drive & present
    m.d.comb += [
        sums.valid.eq(of_states | driven if len(bits) == 2 else of_states),
        sums.first.eq(arrived.first),
        sums.addend.eq(returned),
    ]
    if edge == "column":
        return sums.read_data, None
    if geometry.drives == 1:
        return sums.read_data, sums.read_second
    # One drive is read while the other is added to.
    slot_bits = geometry.slot_bits(edge)
    m.submodules.drives = drives = Accumulator(
        2 << slot_bits, [geometry.widths.drive_bits], geometry.widths.partial_sum_bits, aside=True
    )
    added, look = (Signal(slot_bits + 1, name=f"drive_{name}", reset_less=True) for name in ("added", "look"))
    which = Value.cast(delay(m, arriving.drive, 1, "drive_arrives"))
    m.d.sync += [
        added.eq(Cat(Value.cast(place)[:slot_bits], which[1])),
        look.eq(Cat(own[:slot_bits], Value.cast(step.drive)[1])),
    ]
    m.d.comb += [
        drives.valid.eq(driven),
        drives.address.eq(added),
        drives.look.eq(look),
        drives.first.eq(arrived.first),
        drives.addend.eq(returned),
    ]
    return sums.read_data, drives.read_data
