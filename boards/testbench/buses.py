"""A board's bytes over a bus in simulation; each way pauses at random."""

from random import Random
from typing import Any, ClassVar, Protocol

from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiStreamBus, AxiStreamSink, AxiStreamSource
from cocotbext.wishbone.driver import WBOp, WishboneMaster

from ceprop.sim.driver import PERIOD


class Bus(Protocol):
    """What carries bytes, made from the handle of the module and random numbers once the clock runs and its `INPUTS`
    are zero."""

    INPUTS: ClassVar[tuple[str, ...]]

    def __init__(self, dut: Any, random: Random): ...

    async def send(self, data: bytes) -> None:
        """To the board."""
        ...

    async def receive(self, cycles: int) -> bytes:
        """What the board has sent; waits so many cycles, or a few more, for the first byte."""
        ...


class StreamBus:
    """AXI4-Stream of cocotbext-axi: a source that rests and a sink that is not ready in half of the cycles."""

    INPUTS: ClassVar[tuple[str, ...]] = ("s_axis_tvalid", "s_axis_tdata", "m_axis_tready")

    def __init__(self, dut: Any, random: Random):
        self._source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, dut.rst)
        self._sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst)
        for side in (self._source, self._sink):
            side.set_pause_generator(iter(lambda: random.randrange(2), None))

    async def send(self, data: bytes) -> None:
        """As :class:`Bus` describes."""
        await self._source.send(data)
        await self._source.wait()

    async def receive(self, cycles: int) -> bytes:
        """As :class:`Bus` describes."""
        await self._sink.wait(cycles * PERIOD, "ns")
        return bytes(self._sink.read_nowait())


class WishboneBus:
    """A Wishbone master of cocotbext-wishbone, its bus cycles a few operations long, with pauses between them."""

    INPUTS: ClassVar[tuple[str, ...]] = ("wb_cyc", "wb_stb", "wb_we", "wb_adr", "wb_dat_w")

    _NAMES: ClassVar[dict[str, str]] = {name: name for name in ("cyc", "stb", "we", "adr", "ack")} | {
        "datwr": "dat_w",
        "datrd": "dat_r",
    }
    _MOST = 8

    def __init__(self, dut: Any, random: Random):
        self._clock, self._random = dut.clk, random
        self._master = WishboneMaster(dut, "wb", dut.clk, signals_dict=self._NAMES)

    async def send(self, data: bytes) -> None:
        """As :class:`Bus` describes."""
        while data:
            count = self._random.randint(1, self._MOST)
            await self._master.send_cycle([WBOp(dat=byte, idle=self._pause()) for byte in data[:count]])
            await ClockCycles(self._clock, 1 + self._pause())
            data = data[count:]

    async def receive(self, cycles: int) -> bytes:
        """As :class:`Bus` describes."""
        for _ in range(0, cycles, self._MOST):
            found = await self._master.send_cycle([WBOp(idle=self._pause()) for _ in range(self._MOST)])
            words = [int(result.datrd) for result in found]
            if any(word >> 8 for word in words):
                return bytes(word & 0xFF for word in words if word >> 8)
        return b""

    def _pause(self) -> int:
        return self._random.randrange(4)
