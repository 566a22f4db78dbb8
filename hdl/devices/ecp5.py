"""Multiplier and weight memory of the ECP5: `MULT18X18D` and `DP16KD`, with every register they have.

Sources: Lattice FPGA-TN-02205 (sysDSP usage guide), FPGA-TN-02204 (memory usage guide), and how yosys and nextpnr use
the two cells. Synthesize with `synth_ecp5 -nodsp`; otherwise yosys makes multipliers of its own out of other products.
"""

from typing import Any

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, Value, signed

from ceprop.common.errors import CepropError
from ceprop.hdl.devices.block_memory import Access, BlockMemory, Shape, count
from ceprop.hdl.devices.multiplier import Multiplier

OPERAND_BITS = 18
"""Width of a signed operand of `MULT18X18D`."""

DUAL_SHAPES = (
    Shape(1024, 18),
    Shape(2048, 9),
    Shape(4096, 4),
    Shape(512, 36),
    Shape(8192, 2),
    Shape(16384, 1),
)
"""Depth and width of a `DP16KD` that reads on one port and writes on the other."""
SINGLE_SHAPES = tuple(shape for shape in DUAL_SHAPES if shape.bits <= 18)
"""The same on one port; words of 36 bits take both ports."""

_BYTE_ENABLES = {36: 4, 18: 2, 9: 1}
"""Lowest address bits that enable the bytes of a write where a word has so many bits."""
_ADDRESS_BITS = 14


def blocks(words: int, bits: int, ports: int = 2) -> int:
    """`DP16KD` that a weight memory takes."""
    return count(words, bits, DUAL_SHAPES if ports == 2 else SINGLE_SHAPES)


def check_multiplier(a_bits: int, b_bits: int) -> None:
    """Raise :class:`CepropError` where operands have more than 18 bits."""
    if max(a_bits, b_bits) > OPERAND_BITS:
        raise CepropError(
            f"multiplier of {a_bits} x {b_bits} bits: the ECP5's MULT18X18D takes {OPERAND_BITS} x {OPERAND_BITS}"
        )


class Ecp5Multiplier(Multiplier):
    """One `MULT18X18D`, the submodule `dsp`; raises as :func:`check_multiplier` does."""

    def __init__(self, a_bits: int, b_bits: int):
        check_multiplier(a_bits, b_bits)
        super().__init__(a_bits, b_bits)

    def elaborate(self, platform: object) -> Module:
        """Operands extended to 18 bits; input, pipeline and output registers on one clock, never reset."""
        m = Module()
        a, b = (Signal(signed(OPERAND_BITS), name=name) for name in ("a_18", "b_18"))
        product = Signal(2 * OPERAND_BITS, name="product")
        m.d.comb += [a.eq(self.a), b.eq(self.b), self.product.eq(product)]
        # SRIA and SRIB, the chain from a neighbouring multiplier, must be left open: nextpnr cannot route constants.
        m.submodules.dsp = Instance(
            "MULT18X18D",
            p_REG_INPUTA_CLK="CLK0",
            p_REG_INPUTB_CLK="CLK0",
            p_REG_PIPELINE_CLK="CLK0",
            p_REG_OUTPUT_CLK="CLK0",
            p_GSR="DISABLED",
            p_RESETMODE="SYNC",
            i_CLK0=ClockSignal(),
            i_CE0=Const(1),
            i_RST0=Const(0),
            i_SIGNEDA=Const(1),
            i_SIGNEDB=Const(1),
            i_SOURCEA=Const(0),
            i_SOURCEB=Const(0),
            **_pins("i_A", a),
            **_pins("i_B", b),
            **_pins("o_P", product),
        )
        return m


class Ecp5Memory(BlockMemory):
    """Weight memory of `DP16KD`. With two ports A writes and B reads; with one, A does both."""

    block_latency = 2

    def __init__(self, words: int, bits: int, ports: int = 2):
        super().__init__(words, bits, ports)
        self.shapes = DUAL_SHAPES if ports == 2 else SINGLE_SHAPES

    def block(self, shape: Shape, access: Access) -> tuple[Instance, Value]:
        """A `DP16KD`, its output register on."""
        return (_dual if self.ports == 2 else _single)(shape, access)


def _dual(shape: Shape, access: Access) -> tuple[Instance, Value]:
    """Port A writes and port B reads; a word of 36 bits uses the data pins of both, its low half those of A."""
    found = Signal(36, name="found")
    wide = shape.bits == 36
    # In the wide mode the clock enable of port A is the write enable, and the register of DOA belongs to the reader.
    enables = {"i_CEA": access.write_enable if wide else Const(1), "i_WEA": Const(1) if wide else access.write_enable}
    instance = Instance(
        "DP16KD",
        **_mode(shape, "OUTREG" if wide else "NOREG", "OUTREG"),
        **_quiet(),
        **enables,
        i_CLKA=ClockSignal(),
        i_OCEA=Const(1),
        i_CLKB=ClockSignal(),
        i_CEB=Const(1),
        i_OCEB=Const(1),
        i_WEB=Const(0),
        **_pins("i_ADA", _address(shape, access.write_address, write=True)),
        **_pins("i_ADB", _address(shape, access.read_address, write=False)),
        **_pins("i_DIA", _padded(Value.cast(access.write_data[:18]), 18)),
        **_pins("i_DIB", _padded(Value.cast(access.write_data[18:]), 18)),
        **_pins("o_DOB", Value.cast(found[18:] if wide else found[:18])),
        **(_pins("o_DOA", Value.cast(found[:18])) if wide else {}),
    )
    return instance, found


def _single(shape: Shape, access: Access) -> tuple[Instance, Value]:
    """Port A reads and writes; port B is not used."""
    found = Signal(18, name="found")
    instance = Instance(
        "DP16KD",
        **_mode(shape, "OUTREG", "NOREG"),
        **_quiet(),
        i_CLKA=ClockSignal(),
        i_CEA=Const(1),
        i_OCEA=Const(1),
        i_WEA=access.write_enable,
        i_CLKB=Const(0),
        i_CEB=Const(0),
        i_OCEB=Const(0),
        i_WEB=Const(0),
        **_pins("i_ADA", _address(shape, access.write_address, write=True)),
        **_pins("i_ADB", Const(0, _ADDRESS_BITS)),
        **_pins("i_DIA", _padded(access.write_data, 18)),
        **_pins("i_DIB", Const(0, 18)),
        **_pins("o_DOA", found),
    )
    return instance, found


def _mode(shape: Shape, register_a: str, register_b: str) -> dict[str, object]:
    return {
        "p_DATA_WIDTH_A": shape.bits,
        "p_DATA_WIDTH_B": shape.bits,
        "p_REGMODE_A": register_a,
        "p_REGMODE_B": register_b,
        "p_WRITEMODE_A": "NORMAL",
        "p_WRITEMODE_B": "NORMAL",
        "p_RESETMODE": "SYNC",
        "p_ASYNC_RESET_RELEASE": "SYNC",
        "p_CSDECODE_A": "0b000",
        "p_CSDECODE_B": "0b000",
        "p_GSR": "DISABLED",
    }


def _quiet() -> dict[str, Any]:
    """No resets, and always selected."""
    names = ["RSTA", "RSTB", *(f"CS{port}{k}" for port in "AB" for k in range(3))]
    return {f"i_{name}": Const(0) for name in names}


def _address(shape: Shape, word: Value, *, write: bool) -> Value:
    """Address pins: a word's address sits at the top, below it what addresses the bits of the widest word. Of these
    the lowest enable the bytes of a write; all others are tied low."""
    below = _ADDRESS_BITS - shape.address_bits
    enables = (1 << _BYTE_ENABLES.get(shape.bits, 0)) - 1
    return Value.cast(Cat(Const(enables if write else 0, below), _padded(word, shape.address_bits)))


def _padded(value: Value, bits: int) -> Value:
    return Value.cast(Cat(value, Const(0, bits - len(value))))


def _pins(prefix: str, value: Value) -> dict[str, Any]:
    """Pins of one bit each, as these cells have them."""
    return {f"{prefix}{k}": Value.cast(value[k]) for k in range(len(value))}
