"""The clocks as hardware: the board's PLL, or its part's own oscillator, and the reset that waits for it."""

from typing import Any

from amaranth.build import Platform
from amaranth.hdl import ClockDomain, ClockSignal, Const, Elaboratable, Instance, Module, ResetSignal, Signal
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer

from ceprop.boards.parts.clocks import Clock, Ecp5Pll, Ice40Pll, OwnOscillator

RESET_SECONDS = 100e-6
"""How long the reset lasts after the PLL has locked: iCE40's block RAM reads zeros for some microseconds after
configuration, and its own oscillator is stable after 100."""

_PAD_PINS = {"iCE40UP5K": "35"}
"""Pins of which iCE40's PLL is a part: it takes the clock there itself, for nothing else could beside it."""


class ClockSource(Elaboratable):
    """Clock and reset of the domain `sync`, from the clock pin of the platform that it is elaborated for.

    Attributes
    ----------
    core_clock : Signal
        The core's own clock, where `clock` has one.
    """

    def __init__(self, clock: Clock):
        self._clock = clock
        self.core_clock = Signal(name="core_clock")

    def elaborate(self, platform: Platform) -> Module:
        """PLL or oscillator, and the reset."""
        m = Module()
        clock, locked = Signal(name="clock"), Signal(name="locked")
        match self._clock:
            case Ice40Pll():
                m.submodules.pll = self._ice40(m, platform, self._clock, clock, locked)
            case Ecp5Pll():
                m.submodules.pll = self._ecp5(_buffered(m, platform), self._clock, clock, self.core_clock, locked)
            case OwnOscillator():
                m.d.comb += locked.eq(1)
                m.submodules.oscillator = Instance(
                    "SB_HFOSC",
                    p_CLKHF_DIV=f"0b{self._clock.division:02b}",
                    i_CLKHFEN=Const(1),
                    i_CLKHFPU=Const(1),
                    o_CLKHF=clock,
                )
        m.domains.waiting = waiting = ClockDomain("waiting", local=True)
        m.d.comb += [waiting.clk.eq(clock), ClockSignal().eq(clock)]
        m.submodules.lock = ResetSynchronizer(~locked, domain="waiting")
        left = Signal(range(self.reset_cycles + 1), name="left", init=self.reset_cycles)
        reset = Signal(name="reset", init=1)
        with m.If(left != 0):
            m.d.waiting += left.eq(left - 1)
        m.d.waiting += reset.eq(left != 0)
        m.d.comb += ResetSignal().eq(reset)
        return m

    @property
    def reset_cycles(self) -> int:
        """Cycles of the reset after the lock."""
        return round(RESET_SECONDS * self._clock.clock_hz)

    @staticmethod
    def _ice40(m: Module, platform: Platform, pll: Ice40Pll, clock: Signal, locked: Signal) -> Instance:
        pin = platform.lookup(platform.default_clk).ios[0].names[0]
        if _PAD_PINS.get(platform.device) == pin:
            kind, source = "SB_PLL40_PAD", {"i_PACKAGEPIN": platform.request(platform.default_clk, dir="-").io}
        else:
            kind, source = "SB_PLL40_CORE", {"i_REFERENCECLK": _buffered(m, platform)}
        return Instance(
            kind,
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=Const(pll.divr, 4),
            p_DIVF=Const(pll.divf, 7),
            p_DIVQ=Const(pll.divq, 3),
            p_FILTER_RANGE=Const(pll.filter_range, 3),
            **source,
            i_RESETB=Const(1),
            i_BYPASS=Const(0),
            o_PLLOUTGLOBAL=clock,
            o_LOCK=locked,
        )

    @staticmethod
    def _ecp5(source: Signal, pll: Ecp5Pll, clock: Signal, core_clock: Signal, locked: Signal) -> Instance:
        back = Signal(name="back")
        outputs: dict[str, Any] = {}
        dividers = {"CLKOP": pll.feedback, "CLKOS": pll.output}
        if pll.core_output is not None:
            dividers["CLKOS2"] = pll.core_output
            outputs |= {"o_CLKOS2": core_clock, "i_ENCLKOS2": Const(0)}
        for output, divider in dividers.items():
            outputs |= {
                f"p_{output}_ENABLE": "ENABLED",
                f"p_{output}_DIV": divider,
                f"p_{output}_CPHASE": divider - 1,
                f"p_{output}_FPHASE": 0,
            }
        return Instance(
            "EHXPLLL",
            # Charge pump and loop filter as Project Trellis's ecppll sets them.
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            p_CLKI_DIV=pll.input,
            p_CLKFB_DIV=1,
            p_FEEDBK_PATH="CLKOP",
            **outputs,
            i_CLKI=source,
            i_CLKFB=back,
            i_RST=Const(0),
            i_STDBY=Const(0),
            i_PHASESEL0=Const(0),
            i_PHASESEL1=Const(0),
            i_PHASEDIR=Const(1),
            i_PHASESTEP=Const(1),
            i_PHASELOADREG=Const(1),
            i_PLLWAKESYNC=Const(0),
            i_ENCLKOP=Const(0),
            i_ENCLKOS=Const(0),
            o_CLKOP=back,
            o_CLKOS=clock,
            o_LOCK=locked,
        )


def _buffered(m: Module, platform: Platform) -> Signal:
    """The clock, from its pin through a buffer."""
    m.submodules.pin = pin = io.Buffer("i", platform.request(platform.default_clk, dir="-"))
    return pin.i
