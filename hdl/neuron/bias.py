"""The biases of one lane's neurons: synapses from a constant unit of state `2^state_bits`, without a generator."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.saturation import saturate
from ceprop.hdl.delay import delay
from ceprop.hdl.devices.named_ports import write_port
from ceprop.hdl.lanes.lane_memory import lane_memory, read_twice
from ceprop.hdl.lanes.messages import Messages, Operation, Space
from ceprop.hdl.lanes.stages import step_beats
from ceprop.hdl.neuron.signatures import address_of, neuron_address
from ceprop.hdl.typing import Fields
from ceprop.specification import Edge, Geometry


def update_cycles(geometry: Geometry) -> int:
    """Cycles from a new state to the bias that learnt from it, which is then written. Where steps come every second
    cycle the device is a slow one, which shifts a difference and adds its dither in one cycle."""
    return 4 if step_beats(geometry) == 1 else 3


class BiasCell(wiring.Component):
    """Keeps the biases. They learn in the step itself, or in a step of their own at the end of the phase.

    Throughput: one bias per step message. Latency: one cycle to the bias; `update_cycles(geometry)` cycles from a new
    state to the write of the bias.

    Parameters
    ----------
    geometry : Geometry
        Widths, depth, rounding.
    edge : "row" or "column"
        Its layers share one shift of the dither, the largest.

    Members
    -------
    step, settings : In
        The message in this lane, and the settings of the lane.
    word : In
        A bias to be written, beside its `step`.
    bias : Out
        One cycle after `step`.
    new, old, learns : In
        The states of a neuron when the new one is there, and whether the bias learns from them.
    works, stepped, generator : In
        The same neuron one cycle later: whether it has a message of a walk at all, its address, its generator's value.
    learnt : In
        Its address again, `update_cycles(geometry)` after its new state.
    saturated : Out
        An update went beyond the range.
    """

    step: Fields
    settings: Fields
    word: Signal
    bias: Signal
    new: Signal
    old: Signal
    learns: Signal
    works: Signal
    stepped: Fields
    generator: Signal
    learnt: Fields
    saturated: Signal

    def __init__(self, geometry: Geometry, edge: Edge):
        self.geometry = geometry
        self.edge: Edge = edge
        messages, address = Messages(geometry), neuron_address(geometry, edge)
        formats = geometry.specification.formats
        super().__init__(
            {
                "step": In(messages.step(edge)),
                "settings": In(messages.settings(edge)),
                "word": In(messages.word_bits),
                "bias": Out(signed(formats.weight_bits)),
                "new": In(formats.state_bits),
                "old": In(formats.state_bits),
                "learns": In(1),
                "works": In(1),
                "stepped": In(address),
                "generator": In(geometry.specification.generator_bits),
                "learnt": In(address),
                "saturated": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Read beside the step and once more when the step is over; then write back. Or load a word."""
        m = Module()
        bits, cycles = self.geometry.specification.formats.weight_bits, update_cycles(self.geometry)
        m.submodules.words = memory = lane_memory(signed(bits), self.geometry.neuron_words(self.edge))
        here = address_of(self.geometry, self.edge, self.step.index, self.step.layer)
        bias, again = read_twice(
            m, memory, here.as_value(), self.stepped.as_value(), self.works, step_beats(self.geometry)
        )
        m.d.comb += self.bias.eq(bias)

        update = self._update(m)
        dropped = self.geometry.widths.bias_dither_bits(self.edge)
        updated = Signal(signed(max(bits, len(update) - dropped) + 1), name="updated", reset_less=True)
        # The bias is read one cycle after the new state is there, and is in use `cycles` - 2 cycles later.
        m.d.sync += updated.eq(delay(m, again, cycles - 3, "again") + (update >> dropped))
        limited, beyond = saturate(updated, bits)

        write = write_port(memory)
        learning = delay(m, self.learns, cycles, "learning")
        m.d.comb += self.saturated.eq(learning & beyond)
        loading = (self.step.operation == Operation.WRITE) & (self.step.space == Space.BIAS)
        enable, address = Signal(name="enable"), Signal(self.learnt.shape(), name="address")
        word = Signal(signed(bits), name="written_word", reset_less=True)
        m.d.sync += [
            enable.eq(learning | loading),
            address.eq(Mux(learning, self.learnt.as_value(), here.as_value())),
            word.eq(Mux(learning, limited, self.word[:bits])),
        ]
        m.d.comb += [write.en.eq(enable), write.addr.eq(address), write.data.eq(word)]
        return m

    def _update(self, m: Module) -> Signal:
        """Difference of the states at the run-time rate, and dither; one cycle before `updated`."""
        specification = self.geometry.specification
        bits = specification.formats.state_bits
        dropped = self.geometry.widths.bias_dither_bits(self.edge)
        difference = Signal(signed(bits + 1), name="difference", reset_less=True)
        layers = self.geometry.layers(self.edge)
        layer = self.stepped.layer if len(layers) > 1 else Const(0)
        # `new + ~old` and a carry, or without the carry the complement of `old - new`, undone beside the shift.
        negative = self.settings.negative
        plus = Value.cast(Cat(Const(1, 1), self.new, Const(0, 1)))
        minus = Value.cast(Cat(~negative, ~self.old, Const(1, 1)))
        m.d.sync += difference.eq((plus + minus)[1:])
        # Registers in front of the addition, or none.
        ready = "sync" if update_cycles(self.geometry) > 3 else "comb"
        match specification.update.rounding:
            case "stochastic":
                dither = Signal(dropped, name="dither", reset_less=True)
                with m.Switch(layer):
                    for l in layers:
                        with m.Case(self.geometry.edge_number(l)):
                            m.d[ready] += dither.eq(self.generator << self.geometry.widths.bias_dither_shift(l))
            case "nearest":
                dither = 1 << (dropped - 1)
            case "floor":
                dither = 0
        scaled = Signal(signed(bits + 1 + self.geometry.widths.bias_room(self.edge)), name="scaled", reset_less=True)
        update = Signal(signed(max(len(scaled) + bits, dropped) + 2), name="update", reset_less=True)
        signed_difference = difference ^ negative.replicate(len(difference)).as_signed()
        m.d[ready] += scaled.eq(signed_difference << self.settings.bias_preshifts[layer])
        m.d.sync += update.eq((scaled << bits) + dither)
        return update
