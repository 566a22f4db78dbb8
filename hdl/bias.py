"""The biases of one lane's neurons: synapses from a constant unit of state `2^state_bits` without a generator."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Edge, Geometry, memory_depth
from ceprop.hdl.lanes import delay
from ceprop.hdl.messages import Messages, Operation, Space
from ceprop.hdl.numbers import saturate


class BiasCell(wiring.Component):
    """Keeps the biases and lets them learn in the step itself, or in one of their own after the phase.

    Parameters
    ----------
    geometry : Geometry
        Widths, depth, rounding.
    edge : "row" or "column"
        Its layers share one `SH`, the largest.
    moved_stage : int
        Cycles from `step` to `moved`.

    Members
    -------
    step : In
        The message in this lane.
    word : In
        A bias to be written, beside its `step`.
    bias : Out
        One cycle after `step`.
    generator : In
        The generator's value for the update, one cycle after `step`.
    moved, new, old, settings : In
        The message again when the new state is there, the states, and the lane's settings.
    saturated : Out
        An update went beyond the range.
    """

    def __init__(self, geometry: Geometry, edge: Edge, moved_stage: int):
        self.geometry = geometry
        self.edge: Edge = edge
        self._moved_stage = moved_stage
        messages = Messages(geometry)
        formats = geometry.specification.formats
        super().__init__(
            {
                "step": In(messages.step(edge)),
                "word": In(messages.word_bits),
                "bias": Out(signed(formats.weight_bits)),
                "generator": In(geometry.specification.generator_bits),
                "moved": In(messages.step(edge)),
                "new": In(formats.state_bits),
                "old": In(formats.state_bits),
                "settings": In(messages.settings(edge)),
                "saturated": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Read beside the step; write back when the step is over, or load."""
        m = Module()
        bits = self.geometry.specification.formats.weight_bits
        depth = memory_depth(self.geometry.neuron_words(self.edge))
        m.submodules.words = memory = Memory(shape=signed(bits), depth=depth, init=[])
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [read.addr.eq(Cat(self.step.index, self.step.layer)), read.en.eq(1), self.bias.eq(read.data)]

        update = self._update(m)
        dropped = self.geometry.bias_dither_bits(self.edge)
        following = Signal(signed(max(bits, len(update) - dropped) + 1), reset_less=True)
        m.d.sync += following.eq(delay(m, read.data, self._moved_stage + 2, "bias") + (update >> dropped))
        limited, beyond = saturate(following, bits)

        learns = (self.moved.operation == Operation.STEP) & self.moved.nudged
        if not self.geometry.specification.continual:
            learns = self.moved.operation == Operation.LEARN
        learning = delay(m, learns, 4, "learning")
        address = delay(m, Cat(self.moved.index, self.moved.layer), 4, "address")
        m.d.comb += self.saturated.eq(learning & beyond)
        loading = (self.step.operation == Operation.WRITE) & (self.step.space == Space.BIAS)
        enable, place, word = Signal(), Signal.like(address), Signal(signed(bits), reset_less=True)
        m.d.sync += [
            enable.eq(learning | loading),
            place.eq(Mux(learning, address, Cat(self.step.index, self.step.layer))),
            word.eq(Mux(learning, limited, self.word[:bits])),
        ]
        m.d.comb += [write.en.eq(enable), write.addr.eq(place), write.data.eq(word)]
        return m

    def _update(self, m: Module) -> Signal:
        """Difference of the states at the run-time rate, and dither; three cycles after `moved`."""
        specification = self.geometry.specification
        bits = specification.formats.state_bits
        dropped = self.geometry.bias_dither_bits(self.edge)
        difference = Signal(signed(bits + 1), reset_less=True)
        layer = delay(m, self.moved.layer, 1, "layer")
        with m.If(self.settings.negative):
            m.d.sync += difference.eq(self.old - self.new)
        with m.Else():
            m.d.sync += difference.eq(self.new - self.old)
        match specification.update.rounding:
            case "stochastic":
                value = delay(m, self.generator, self._moved_stage, "generator")
                dither = Signal(dropped, reset_less=True)
                with m.Switch(layer):
                    for l in self.geometry.layers(self.edge):
                        with m.Case(self.geometry.edge_number(l)):
                            m.d.sync += dither.eq(value << self.geometry.bias_dither_shift(l))
            case "nearest":
                dither = 1 << (dropped - 1)
            case "floor":
                dither = 0
        scaled = Signal(signed(bits + 1 + self.geometry.bias_room(self.edge)), reset_less=True)
        update = Signal(signed(max(len(scaled) + bits, dropped) + 2), reset_less=True)
        m.d.sync += [
            scaled.eq(difference << self.settings.bias_preshifts[layer]),
            update.eq((scaled << bits) + dither),
        ]
        return update
