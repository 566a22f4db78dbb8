"""The biases of one lane's neurons: synapses from a constant unit of state `2^state_bits` without a generator."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.saturation import saturate
from ceprop.hdl.delay import delay
from ceprop.hdl.devices.named_ports import write_port
from ceprop.hdl.lanes.messages import Messages, Operation, Space
from ceprop.hdl.lanes.stages import step_beats
from ceprop.hdl.lanes.wavefront import lane_memory, read_twice
from ceprop.specification import Edge, Geometry, address_bits, memory_depth


def update_cycles(geometry: Geometry) -> int:
    """Cycles from a new state to the bias that learnt from it, which is then written. Where steps come every second
    cycle the device is a slow one, which shifts a difference and adds its dither in one cycle."""
    return 4 if step_beats(geometry) == 1 else 3


class BiasCell(wiring.Component):
    """Keeps the biases and lets them learn in the step itself, or in one of their own after the phase.

    Parameters
    ----------
    geometry : Geometry
        Widths, depth, rounding.
    edge : "row" or "column"
        Its layers share one `SH`, the largest.

    Members
    -------
    step : In
        The message in this lane.
    word : In
        A bias to be written, beside its `step`.
    bias : Out
        One cycle after `step`.
    settings : In
        The lane's.
    new, old, learns : In
        The states when the new one is there, and whether the bias learns from them.
    later, place, generator : In
        The same neuron one cycle later: whether it has a step at all, its address, its generator's value.
    last_place : In
        Its address again, `update_cycles` after its new state.
    saturated : Out
        An update went beyond the range.
    """

    def __init__(self, geometry: Geometry, edge: Edge):
        self.geometry = geometry
        self.edge: Edge = edge
        messages = Messages(geometry)
        formats = geometry.specification.formats
        place = address_bits(memory_depth(geometry.neuron_words(edge)))
        super().__init__(
            {
                "step": In(messages.step(edge)),
                "word": In(messages.word_bits),
                "bias": Out(signed(formats.weight_bits)),
                "settings": In(messages.settings(edge)),
                "new": In(formats.state_bits),
                "old": In(formats.state_bits),
                "learns": In(1),
                "later": In(1),
                "place": In(place),
                "generator": In(geometry.specification.generator_bits),
                "last_place": In(place),
                "saturated": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Read beside the step and once more when the step is over; then write back. Or load."""
        m = Module()
        bits = self.geometry.specification.formats.weight_bits
        m.submodules.words = memory = lane_memory(signed(bits), self.geometry.neuron_words(self.edge))
        here = Cat(self.step.index, self.step.layer)[: len(self.place)]
        bias, again = read_twice(m, memory, here, self.place, self.later, step_beats(self.geometry))
        m.d.comb += self.bias.eq(bias)

        update = self._update(m)
        dropped = self.geometry.widths.bias_dither_bits(self.edge)
        following = Signal(signed(max(bits, len(update) - dropped) + 1), name="following", reset_less=True)
        # It is read a cycle after the new state is there, and is in use three cycles later, or two.
        learnt = update_cycles(self.geometry)
        m.d.sync += following.eq(delay(m, again, learnt - 3, "again") + (update >> dropped))
        limited, beyond = saturate(following, bits)

        write = write_port(memory)
        learning = delay(m, self.learns, learnt, "learning")
        m.d.comb += self.saturated.eq(learning & beyond)
        loading = (self.step.operation == Operation.WRITE) & (self.step.space == Space.BIAS)
        enable, place, word = (
            Signal(name="enable"),
            Signal.like(self.place, name="place"),
            Signal(signed(bits), name="word", reset_less=True),
        )
        m.d.sync += [
            enable.eq(learning | loading),
            place.eq(Mux(learning, self.last_place, here)),
            word.eq(Mux(learning, limited, self.word[:bits])),
        ]
        m.d.comb += [write.en.eq(enable), write.addr.eq(place), write.data.eq(word)]
        return m

    def _update(self, m: Module) -> Signal:
        """Difference of the states at the run-time rate, and dither; a cycle before `following`."""
        specification = self.geometry.specification
        bits = specification.formats.state_bits
        dropped = self.geometry.widths.bias_dither_bits(self.edge)
        difference = Signal(signed(bits + 1), name="difference", reset_less=True)
        layers = self.geometry.layers(self.edge)
        layer = self.place[self.geometry.slot_bits(self.edge) :] if len(layers) > 1 else Const(0)
        # `new + ~old` and a carry, or without the carry the complement of `old - new`, undone beside the shift.
        negative = self.settings.negative
        terms = Cat(Const(1, 1), self.new, Const(0, 1)) + Cat(~negative, ~self.old, Const(1, 1))
        m.d.sync += difference.eq(terms[1:])
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
        turned = difference ^ negative.replicate(len(difference)).as_signed()
        m.d[ready] += scaled.eq(turned << self.settings.bias_preshifts[layer])
        m.d.sync += update.eq((scaled << bits) + dither)
        return update
