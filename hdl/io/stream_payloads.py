"""Payloads of the streams of a core: one definition for the hardware, the manifest and the testbench."""

from dataclasses import dataclass

from amaranth.hdl import unsigned
from amaranth.lib import data

from ceprop.hdl.io.result import result_layout
from ceprop.hdl.lanes.messages import Messages, Space, bits_for
from ceprop.specification import REGISTER_BITS, Geometry, address_bits, registers


@dataclass(frozen=True)
class Ports:
    """Layouts of the streams of a core."""

    geometry: Geometry

    @property
    def lanes(self) -> int:
        """Words in a group of lanes: those of the longer edge."""
        return max(self.geometry.rows, self.geometry.cols)

    @property
    def word_bits(self) -> int:
        """A lane's word: a weight, bias, generator, or state and previous state."""
        return Messages(self.geometry).word_bits

    @property
    def words(self) -> data.ArrayLayout:
        """A group of lanes, lane 0 first; a register takes its lowest `REGISTER_BITS`."""
        return data.ArrayLayout(unsigned(self.word_bits), max(self.lanes, -(-REGISTER_BITS // self.word_bits)))

    @property
    def group_bytes(self) -> int:
        """Whole bytes that hold a group."""
        return -(-self.words.size // 8)

    @property
    def address_bits(self) -> int:
        """Bits of the widest address: that of a register, a weight or a neuron."""
        g = self.geometry
        neurons = max(g.neuron_words("row"), g.neuron_words("column"))
        return address_bits(max(g.weight_words, neurons, len(registers(g.specification))))

    @property
    def command(self) -> data.StructLayout:
        """Write one group, or read `count` groups from `address` on. `lane` is the column of a weight; `column` picks
        the edge of a bias, generator or state."""
        return data.StructLayout(
            {
                "write": unsigned(1),
                "space": Space,
                "column": unsigned(1),
                "lane": unsigned(address_bits(self.geometry.cols)),
                "address": unsigned(self.address_bits),
                "count": unsigned(self.address_bits + 1),
                "words": self.words,
            }
        )

    @property
    def response(self) -> data.StructLayout:
        """One group that was read: a weight's rows, a neuron memory's lanes, or a register."""
        return data.StructLayout({"words": self.words})

    @property
    def sample(self) -> data.StructLayout:
        """Inputs `slot cols .. slot cols + cols - 1`; groups of zeros may be left out, but not the one with `last`."""
        g = self.geometry
        return data.StructLayout(
            {
                "last": unsigned(1),
                "label": unsigned(address_bits(g.specification.classes)),
                "slot": unsigned(address_bits(g.slots(0))),
                "values": data.ArrayLayout(unsigned(g.specification.formats.input_bits), g.cols),
            }
        )

    @property
    def result(self) -> data.StructLayout:
        """One beat per sample."""
        return result_layout(self.geometry)

    @property
    def trace(self) -> data.StructLayout:
        """One slot of a layer after a step: new states, and for layer 1 the drives that went into them."""
        g = self.geometry
        layers = range(1, len(g.specification.layers))
        return data.StructLayout(
            {
                "nudged": unsigned(1),
                "layer": unsigned(bits_for(layers[-1])),
                "slot": unsigned(address_bits(max(g.slots(layer) for layer in layers))),
                "neurons": data.ArrayLayout(Messages(g).trace, self.lanes),
            }
        )
