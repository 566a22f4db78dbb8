"""What goes into a board's bitstream around the system: clock, reset, and pins."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.build import Platform, ResourceError
from amaranth.hdl import (
    Cat,
    ClockDomain,
    ClockSignal,
    Const,
    Elaboratable,
    Instance,
    Module,
    ResetSignal,
    Signal,
    Value,
)
from amaranth.lib import io

from ceprop.boards.parts.clocks import Clock
from ceprop.boards.parts.flash_pins import DATA_PINS, FLASH_NAMES, flash_lines
from ceprop.boards.parts.registry import Board
from ceprop.boards.parts.spi_pins import spi_pins
from ceprop.boards.parts.uart_pins import UART_PINS
from ceprop.boards.rtl.clock_source import ClockSource
from ceprop.boards.rtl.system import SYSTEM

TOP = "ceprop_top"
"""Module of the top level."""


@dataclass(frozen=True)
class TopLevel:
    """The top level as files.

    Fields
    ------
    rtlil : str
        The module `TOP`, the system in it by its name and ports only.
    constraints : str
        Pins and the clock's frequency, as nextpnr reads them for the family: LPF or PCF.
    pack_options : sequence of str
        What the board wants of the program that packs its bitstream.
    """

    rtlil: str
    constraints: str
    pack_options: Sequence[str]


def top_level(
    board: Board, clock: Clock, *, spi: bool = False, flash: bool = False, stand_alone: bool = False
) -> TopLevel:
    """The top level for a board and its clocks. Its link is a UART or SPI; one that stands alone has the sending pin of
    the UART only. Raises :class:`CepropError` where the board has no pins for that."""
    platform = board.platform()
    if spi:
        platform.add_resources([spi_pins(board.name).resource])
    elif board.name in UART_PINS:
        platform.add_resources([UART_PINS[board.name].resource])
    lines = flash_lines(board.name) if flash else 0
    link = _progress if stand_alone else _spi if spi else _uart
    plan = platform.prepare(_Top(clock, link, lines), TOP, emit_src=False)
    commands = json.loads(plan.files[f"build_{TOP}.json"])["commands"]
    ecp5 = board.device.family == "ecp5"
    pack = next(command for command in commands if command[0] == ("ecppack" if ecp5 else "icepack"))
    return TopLevel(
        rtlil=plan.files[f"{TOP}.il"],
        constraints=plan.files[f"{TOP}.lpf" if ecp5 else f"{TOP}.pcf"],
        pack_options=pack[1 : pack.index("--input")] if ecp5 else (),
    )


class _Top(Elaboratable):
    """The system between the pins of the platform that it is elaborated for."""

    def __init__(self, clock: Clock, link: Callable[[Module, Platform], dict[str, Any]], flash_lines: int):
        self._clock, self._link = clock, link
        self._flash_lines = flash_lines

    def elaborate(self, platform: Platform) -> Module:
        """Clock and pins around the system, which is read from a file of its own."""
        m = Module()
        m.domains.sync = ClockDomain("sync")
        m.submodules.clock = source = ClockSource(self._clock)
        working, linked = Signal(name="working"), Signal(name="linked")
        connections: dict[str, Any] = {
            "i_clk": ClockSignal(),
            "i_rst": ResetSignal(),
            **({"i_core_clk": source.core_clock} if self._clock.core_clock_hz else {}),
            "o_working": working,
            "o_linked": linked,
            **self._link(m, platform),
            **(_spi_flash(m, platform, self._flash_lines) if self._flash_lines else {}),
        }
        m.submodules.system = Instance(SYSTEM, **connections)
        _lights(m, platform, linked, working)
        return m


def _uart(m: Module, platform: Platform) -> dict[str, Any]:
    pins = platform.request("uart", 0, dir="-")
    return {"i_rx": _input(m, "rx", pins.rx), "o_tx": _output(m, "tx", pins.tx)}


def _progress(m: Module, platform: Platform) -> dict[str, Any]:
    return {"o_tx": _output(m, "tx", platform.request("uart", 0, dir="-").tx)}


def _spi(m: Module, platform: Platform) -> dict[str, Any]:
    """Pins of SPI; the board drives its own only while it is selected, so that others may be on the same wires."""
    pins = platform.request("spi", 0, dir="-")
    select = _input(m, "spi_select", pins.cs)
    m.submodules.spi_out = out = io.Buffer("o", pins.cipo)
    m.d.comb += out.oe.eq(select)
    return {
        "i_spi_select": select,
        "i_spi_clock": _input(m, "spi_clock", pins.clk),
        "i_spi_in": _input(m, "spi_in", pins.copi),
        "o_spi_out": out.o,
    }


def _spi_flash(m: Module, platform: Platform, lines: int) -> dict[str, Any]:
    """Pins of the configuration's flash. ECP5 drives its clock through a block of its own.

    WP and HOLD, which are low-active, are lines 2 and 3 of four; else they stay high."""
    name = next(name for name in FLASH_NAMES if (name, 0) in platform.resources)
    pins = platform.request(name, 0, dir="-")
    if platform.device.startswith("LFE5"):
        clock = Signal(name="clock")
        m.submodules.flash_clock = Instance("USRMCLK", i_USRMCLKI=clock, i_USRMCLKTS=Const(0))
    else:
        clock = _output(m, "flash_clock", pins.clk)
    wires = max(2, lines)
    out, enable = Signal(wires, name="dq_out"), Signal(wires, name="dq_enable")
    heard = [_data_line(m, getattr(pins, pin), pin, out[k], enable[k]) for k, pin in enumerate(DATA_PINS[:wires])]
    for pin in DATA_PINS[wires:]:
        if hasattr(pins, pin):
            m.d.comb += _output(m, f"flash_{pin}", getattr(pins, pin)).eq(0)
    return {
        "o_flash_select": _output(m, "flash_select", pins.cs),
        "o_flash_clock": clock,
        "o_flash_dq_out": out,
        "o_flash_dq_enable": enable,
        "i_flash_dq_in": Cat(heard),
    }


def _data_line(m: Module, port: io.SingleEndedPort, name: str, out: Value, enable: Value) -> Signal:
    """A data line of the flash, driven by `out` while `enable`; what is on it. The pins of amaranth-boards have one
    direction each and some are low-active, which data is not."""
    m.submodules[f"flash_{name}"] = line = io.Buffer("io", io.SingleEndedPort(port.io))
    m.d.comb += [line.o.eq(out), line.oe.eq(enable)]
    return line.i


def _lights(m: Module, platform: Platform, linked: Signal, working: Signal) -> None:
    """Requests on one LED, green where there are colours, and work on another; both on the only one."""
    lights: list[Any] = []
    for name, number in (("rgb_led", 0), ("led", 0), ("led", 1)):
        try:
            light = platform.request(name, number, dir="-")
        except ResourceError:  # there is none, or its pin is the link's
            continue
        lights += [light.g, light.r] if name == "rgb_led" else [light]
    shown = [linked, working] if len(lights) > 1 else [linked | working]
    for number, (light, value) in enumerate(zip(lights, shown, strict=False)):
        m.d.comb += _output(m, f"light_{number}", light).eq(value)


def _input(m: Module, name: str, port: io.PortLike) -> Signal:
    m.submodules[name] = buffer = io.Buffer("i", port)
    return buffer.i


def _output(m: Module, name: str, port: io.PortLike) -> Signal:
    m.submodules[name] = buffer = io.Buffer("o", port)
    return buffer.o
