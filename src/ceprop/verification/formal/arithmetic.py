"""Rounding, clipping and saturation of the hardware equal the integer formulas of `docs/numerics.md`, for all
numbers."""

import random
from typing import Any

from amaranth.hdl import Array, Assert, Assume, Cat, Const, Elaboratable, Module, Mux, Signal, Value, signed

from ceprop.hdl.cell.saturation import clip, saturate
from ceprop.hdl.neuron.running_sums import drive_delay
from ceprop.hdl.neuron.state_update import StateUpdate
from ceprop.specification import Edge, Geometry, sigmoid_table
from ceprop.verification.formal.harness import after, clamped, earlier, stays
from ceprop.verification.formal.proof import Property
from ceprop.verification.networks import random_core


class _Same(Elaboratable):
    """A function of one signed number; all bits of `same` say that it is what it must be."""

    def __init__(self, value: Signal, same: Any):
        self._value, self._same = value, same

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # One register, because the solver starts from a state.
        m.d.sync += Signal.like(self._value, name="before").eq(self._value)
        m.d.comb += Assert(self._same.all())
        return m


def clipping(draw: random.Random) -> Property:
    """A state is clipped to its format (section 3)."""
    width, bits = draw.randint(2, 40), draw.randint(1, 16)
    value = Signal(signed(width), name="value")
    expected = clamped(value, 0, (1 << bits) - 1)
    return Property(f"clip of {width} to {bits} bits", _Same(value, clip(value, bits) == expected), [value])


def saturation(draw: random.Random) -> Property:
    """A weight saturates, and the saturation is counted (sections 1 and 5)."""
    bits = draw.randint(2, 24)
    width = bits + draw.randint(1, 16)
    value = Signal(signed(width), name="value")
    found, beyond = saturate(value, bits)
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    expected = clamped(value, low, high)
    same = Cat(Value.cast(found).as_signed() == expected, beyond == (value != expected))
    return Property(f"saturation of {width} to {bits} bits", _Same(value, same), [value])


class _NewState(Elaboratable):
    """A state update beside the formulas of sections 3 and 4, for sums within the range of their width."""

    def __init__(self, geometry: Geometry, edge: Edge):
        self.geometry = geometry
        self.edge: Edge = edge
        self.update = update = StateUpdate(geometry, edge)
        self.inputs = [
            *(Value.cast(part) for part in (update.step, update.settings)),
            *(update.labelled, update.sum, update.drive, update.bias, update.old),
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.update = update = self.update
        m.d.comb += [Assume(stays(m, Value.cast(update.settings))), Assume(update.settings.nudge_shift != 0)]
        # The drive may come a cycle after the other words.
        late = drive_delay(self.geometry, self.edge)
        partial, total = self._sums(m, late)
        bits = self.geometry.widths.sum_bits(self.edge)
        for exact in (partial, total):
            m.d.comb += Assume(exact == clamped(exact, -(1 << (bits - 1)), (1 << (bits - 1)) - 1))
        wanted = Signal(self.geometry.specification.formats.state_bits, name="wanted")
        m.d.comb += wanted.eq(self._state(m, late, total))
        m.d.comb += Assert(~after(m, update.latency + 1) | (update.new == earlier(m, wanted, update.latency - late)))
        return m

    def _sums(self, m: Module, late: int) -> tuple[Signal, Signal]:
        """The sum without and with the drive, at the point of the edge (section 3), exactly."""
        update, formats = self.update, self.geometry.specification.formats
        point = self.geometry.widths.sum_point(self.edge)
        bare, bias, first = (earlier(m, value, late) for value in (update.sum, update.bias, update.step.first))
        if len(self.geometry.specification.layers) == 2:
            bare = 0
        elif self.edge == "row" or not self.geometry.specification.alternating:
            bare = Mux(first, 0, bare)
        partial = (bare + (bias << formats.state_bits)) << (point - formats.state_bits)
        total = partial
        if self.edge == "row":
            driven = earlier(m, update.step.drive != 0, late) | (len(self.geometry.layers("row")) == 1)
            total = partial + (Mux(driven, update.drive, 0) << (point - formats.input_bits))
        exact = tuple(Signal(Value.cast(value).shape(), name="exact") for value in (partial, total))
        m.d.comb += [signal.eq(value) for signal, value in zip(exact, (partial, total), strict=True)]
        return exact[0], exact[1]

    def _state(self, m: Module, late: int, total: Signal) -> Value:
        """The state after the step: activation, nudge, and zero for a unit that does not exist."""
        update, specification = self.update, self.geometry.specification
        bits = specification.formats.state_bits
        state = self._activated(total)
        if self.geometry.edge(specification.connections[-1]) == self.edge:
            old, labelled = earlier(m, update.old, late), earlier(m, update.labelled, late)
            target = Mux(labelled, (1 << bits) - 1, 0)
            half = Value.cast(1) << (update.settings.nudge_shift - 1)[:4]
            nudge = (target - old + half) >> update.settings.nudge_shift
            signed_nudge = Mux(update.settings.negative, -nudge, nudge)
            nudged = earlier(m, update.step.output & update.step.nudged, late)
            state = clamped(state + Mux(nudged, signed_nudge, 0), 0, (1 << bits) - 1)
        if self.geometry.padded(self.edge):
            state = Mux(earlier(m, update.step.remaining != 0, late), state, 0)
        return Value.cast(state)

    def _activated(self, total: Value) -> Value:
        specification = self.geometry.specification
        bits = specification.formats.state_bits
        fraction = self.geometry.widths.sum_point(self.edge) + specification.formats.weight_fraction
        if specification.activation.kind == "hard-sigmoid":
            half = 1 << (fraction - bits - 1)
            return clamped((total + half) >> (fraction - bits), 0, (1 << bits) - 1)
        span, table_bits = specification.sigmoid_range, specification.activation.table_bits
        offset = (1 << (fraction + span)) - (1 << (fraction - 1))
        address = clamped((total + offset) >> (fraction + span + 1 - table_bits), 0, (1 << table_bits) - 1)
        return Value.cast(Array(Const(entry, bits) for entry in sigmoid_table(specification))[address])


def new_state(draw: random.Random) -> Property:
    """The new state of a neuron is that of sections 3 and 4, for all sums, drives, biases, states and settings."""
    geometry = Geometry(random_core(draw, draw.randrange(64)))
    edges: list[Edge] = [edge for edge in ("row", "column") if len(geometry.layers(edge))]
    edge = draw.choice(edges)
    design = _NewState(geometry, edge)
    formats = geometry.specification.formats
    kind = f"{geometry.specification.activation.kind}, states of {formats.state_bits} bits, weights of "
    return Property(f"new state, {edge} edge, {kind}{formats.weight_bits} bits", design, design.inputs)
