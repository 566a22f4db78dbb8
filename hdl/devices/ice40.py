"""Multiplier and weight memories of the iCE40 UltraPlus: `SB_MAC16`, `SB_RAM40_4K` and `SB_SPRAM256KA`.

Sources: Lattice iCE Technology Library, FPGA-TN-02007 (DSP), FPGA-TN-02002 (block RAM), FPGA-TN-02022 (SPRAM).
Synthesize with `synth_ice40 -device u` without `-dsp`, which would rewrite the `SB_MAC16`.
"""

from typing import Any

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, Value, signed

from ceprop.common.errors import CepropError
from ceprop.hdl.devices.block_memory import Access, BlockMemory, Shape, count
from ceprop.hdl.devices.memory import check_ports
from ceprop.hdl.devices.multiplier import Multiplier

OPERAND_BITS = 16
"""Width of a signed operand of `SB_MAC16`."""

BLOCK_SHAPES = (Shape(256, 16), Shape(512, 8), Shape(1024, 4), Shape(2048, 2))
"""Depth and width of an `SB_RAM40_4K`, in the order of its modes."""
SPRAM_SHAPES = (Shape(16384, 16),)
"""Depth and width of an `SB_SPRAM256KA`."""

_BLOCK_PINS = (
    tuple(range(16)),
    tuple(range(0, 16, 2)),
    (1, 5, 9, 13),
    (3, 11),
)
"""Data pins that an `SB_RAM40_4K` uses in each mode."""


def blocks(words: int, bits: int) -> int:
    """`SB_RAM40_4K` that a weight memory with two ports takes."""
    return count(words, bits, BLOCK_SHAPES)


def sprams(words: int, bits: int) -> int:
    """`SB_SPRAM256KA` that a weight memory with one port takes."""
    return count(words, bits, SPRAM_SHAPES)


def weight_memory(words: int, bits: int, ports: int) -> BlockMemory:
    """Block RAM for two ports, SPRAM for one."""
    check_ports(ports)
    return (Ice40Spram if ports == 1 else Ice40BlockRam)(words, bits, ports)


def check_multiplier(a_bits: int, b_bits: int) -> None:
    """Raise :class:`CepropError` where operands have more than 16 bits."""
    if max(a_bits, b_bits) > OPERAND_BITS:
        raise CepropError(
            f"multiplier of {a_bits} x {b_bits} bits: the iCE40's SB_MAC16 takes {OPERAND_BITS} x {OPERAND_BITS}"
        )


class Ice40Multiplier(Multiplier):
    """One `SB_MAC16`, the submodule `dsp`; raises as :func:`check_multiplier` does."""

    def __init__(self, a_bits: int, b_bits: int):
        check_multiplier(a_bits, b_bits)
        super().__init__(a_bits, b_bits)

    def elaborate(self, platform: object) -> Module:
        """Operands extended to 16 bits; operand, pipeline and product registers; the adders are passed by."""
        m = Module()
        a, b = (Signal(signed(OPERAND_BITS), name=name) for name in ("a_16", "b_16"))
        product = Signal(2 * OPERAND_BITS, name="product")
        m.d.comb += [a.eq(self.a), b.eq(self.b), self.product.eq(product)]
        unused: dict[str, Any] = {f"i_{name}": Const(0) for name in _UNUSED_CONTROLS}
        m.submodules.dsp = Instance(
            "SB_MAC16",
            p_A_REG=1,
            p_B_REG=1,
            p_C_REG=0,
            p_D_REG=0,
            p_TOP_8x8_MULT_REG=1,
            p_BOT_8x8_MULT_REG=1,
            p_PIPELINE_16x16_MULT_REG1=1,
            p_PIPELINE_16x16_MULT_REG2=1,
            p_TOPOUTPUT_SELECT=3,
            p_BOTOUTPUT_SELECT=3,
            p_TOPADDSUB_LOWERINPUT=0,
            p_TOPADDSUB_UPPERINPUT=0,
            p_TOPADDSUB_CARRYSELECT=0,
            p_BOTADDSUB_LOWERINPUT=0,
            p_BOTADDSUB_UPPERINPUT=0,
            p_BOTADDSUB_CARRYSELECT=0,
            p_MODE_8x8=0,
            p_A_SIGNED=1,
            p_B_SIGNED=1,
            p_NEG_TRIGGER=0,
            i_CLK=ClockSignal(),
            i_CE=Const(1),
            i_A=a,
            i_B=b,
            i_C=Const(0, 16),
            i_D=Const(0, 16),
            **unused,
            o_O=product,
        )
        return m


_UNUSED_CONTROLS = (
    *(f"{register}HOLD" for register in "ABCD"),
    *(f"{what}{half}" for what in ("IRST", "ORST", "OLOAD", "ADDSUB", "OHOLD") for half in ("TOP", "BOT")),
    *("CI", "ACCUMCI", "SIGNEXTIN"),
)
"""Controls of `SB_MAC16` that are never used: holds, resets, and the inputs of its adders."""


class Ice40BlockRam(BlockMemory):
    """Weight memory of `SB_RAM40_4K`, one port of which reads and the other writes; the output register is in the
    fabric."""

    shapes = BLOCK_SHAPES
    block_latency = 1

    def block(self, shape: Shape, access: Access) -> tuple[Instance, Value]:
        """An `SB_RAM40_4K` in the mode of its shape."""
        mode = BLOCK_SHAPES.index(shape)
        found = Signal(16, name="found")
        written: list[Value] = [Const(0)] * 16
        for number, pin in enumerate(_BLOCK_PINS[mode][: len(access.write_data)]):
            written[pin] = Value.cast(access.write_data[number])
        instance = Instance(
            "SB_RAM40_4K",
            p_READ_MODE=mode,
            p_WRITE_MODE=mode,
            i_RCLK=ClockSignal(),
            i_RCLKE=Const(1),
            i_RE=Const(1),
            i_RADDR=_padded(access.read_address, 11),
            i_WCLK=ClockSignal(),
            i_WCLKE=Const(1),
            i_WE=access.write_enable,
            i_WADDR=_padded(access.write_address, 11),
            i_MASK=Const(0, 16),
            i_WDATA=Cat(written),
            o_RDATA=found,
        )
        return instance, Value.cast(Cat(found[pin] for pin in _BLOCK_PINS[mode]))


class Ice40Spram(BlockMemory):
    """Weight memory of `SB_SPRAM256KA`, with one port; the output register is in the fabric. Its words are
    undefined at power-up: every word must be loaded before it is used."""

    shapes = SPRAM_SHAPES
    block_latency = 1

    def block(self, shape: Shape, access: Access) -> tuple[Instance, Value]:
        """An `SB_SPRAM256KA`, always awake; both addresses are the same."""
        found = Signal(shape.bits, name="found")
        instance = Instance(
            "SB_SPRAM256KA",
            i_CLOCK=ClockSignal(),
            i_ADDRESS=_padded(access.write_address, shape.address_bits),
            i_DATAIN=_padded(access.write_data, shape.bits),
            i_MASKWREN=Const(0b1111, 4),
            i_WREN=access.write_enable,
            i_CHIPSELECT=Const(1),
            i_STANDBY=Const(0),
            i_SLEEP=Const(0),
            i_POWEROFF=Const(1),  # active low
            o_DATAOUT=found,
        )
        return instance, found


def _padded(value: Value, bits: int) -> Value:
    return Value.cast(Cat(value, Const(0, bits - len(value))))
