"""SPI by an adapter: bytes there and back at once, silence, the clock, and one line for what is none, or is gone."""

import json
import time
from typing import Any

import pytest

from ceprop.boards import board
from ceprop.boards.host import spi
from ceprop.boards.host.frames import encode
from ceprop.boards.host.link import Link
from ceprop.boards.host.requests import Timing
from ceprop.boards.host.spi import FtdiSpiTransport
from ceprop.boards.protocol import Address, Command
from ceprop.boards.resources.choose import specification_for
from ceprop.boards.rtl.transport import fastest_spi_hz
from ceprop.cli import run
from ceprop.common.errors import CepropError
from ceprop.hdl.lanes.messages import Space
from ceprop.specification import Specification, registers
from ceprop.specification.bundled import bundled_specification

PORT = "ftdi://ftdi:232h/1"
DIGITS = Specification.load(bundled_specification("digits"))
SMALL = specification_for(DIGITS, board("icebreaker"))
_TIMING = Timing(quiet=0.001, reply=0.05, patience=0.5)


class Adapter:
    """In place of pyftdi's controller, and of its port, with a board behind it: `double` or whatever else has its
    `read` and `write`. `clocks` are those that were set, `error` is raised where one is set."""

    frequency_max = 30e6

    def __init__(self, double: Any):
        self.double = double
        self.clocks: list[float] = []
        self.error: BaseException | None = None
        self.closed = False
        self._out = bytearray()

    def __call__(self) -> "Adapter":
        return self

    def configure(self, url: str) -> None:
        self.url = url
        self._fail()

    def get_port(self, select: int, freq: float, mode: int) -> "Adapter":
        assert (select, mode) == (0, 0)
        self.set_frequency(freq)
        return self

    def set_frequency(self, hz: float) -> None:
        self.clocks.append(hz)

    def exchange(self, out: bytes, duplex: bool) -> bytes:
        """A byte each way at a time; the board's is put there before the host's has come."""
        assert duplex
        assert 0 < len(out) <= 256
        self._fail()
        return bytes(self._byte(byte) for byte in out)

    def close(self) -> None:
        self.closed = True
        if isinstance(self.error, OSError):
            raise self.error

    def _byte(self, byte: int) -> int:
        self._out = self._out or bytearray(self.double.read(0))
        answer = self._out.pop(0) if self._out else 0
        self.double.write(bytes([byte]))
        return answer

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


class Talker:
    """A board that says `words`, from the given byte on, and hears everything."""

    def __init__(self, words: bytes = b"", begins: int = 0):
        self.heard = bytearray()
        self._words, self._begins = words, begins

    def read(self, _: float) -> bytes:
        words = self._words if len(self.heard) >= self._begins else b""
        self._words = self._words[len(words) :]
        return words

    def write(self, data: bytes) -> None:
        self.heard += data


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch):
    """An adapter with a board behind it, which is there from now on."""

    def plugged(double: Any) -> Adapter:
        adapter = Adapter(double)
        monkeypatch.setattr(spi, "SpiController", adapter)
        return adapter

    return plugged


@pytest.mark.parametrize("noise", [0.0, 0.002, 0.01])
def test_every_request_is_carried_out_once_and_in_order(board_double, plug, noise: float) -> None:
    double = board_double(SMALL, noise=noise)
    plug(double)
    register = next(r for r in registers(SMALL) if r.name == "free_steps")
    place, written, answer = Address(Space.REGISTER.value, register.address).pack(), [], double._do_write

    def note(payload: bytes) -> bytes:
        written.append(int.from_bytes(payload[Address.BYTES :], "little"))
        return answer(payload)

    double._do_write = note
    with FtdiSpiTransport(PORT) as transport:
        link = Link(transport, _TIMING)
        link.identify()
        for value in range(1, 101):
            link.send(Command.WRITE, place + value.to_bytes(4, "little"))
            if value % 20 == 0:
                assert int.from_bytes(link.ask(Command.READ, place + b"\x01"), "little") == value
    assert written == list(range(1, 101))
    assert link.statistics.requests == 101 + 5
    assert (link.statistics.frames_resent > 0) == (noise > 0)


@pytest.mark.parametrize("begins", range(100, 131))
def test_a_frame_comes_whole_wherever_it_begins(plug, begins: int) -> None:
    """Its zeros, too, if they begin or end an exchange."""
    frame = encode(bytes(range(20)))
    plug(Talker(frame + bytes(3) + frame, begins))
    with FtdiSpiTransport(PORT) as transport:
        heard, end = b"", time.monotonic() + 10
        # A read may find nothing where the machine was busy with something else for as long as it waits.
        while heard.count(0) < 2 and time.monotonic() < end:
            heard += transport.read(0.0002)
        heard += transport.read(0.0002)
    assert heard.split(b"\0") == [*(frame.strip(b"\0"),) * 2, b""]


def test_what_comes_while_writing_is_kept(plug) -> None:
    talker = Talker(b"\0word\0", begins=10)
    plug(talker)
    everything = bytes(range(256)) * 3
    with FtdiSpiTransport(PORT) as transport:
        transport.write(everything)
        assert talker.heard == everything
        assert transport.read(1) == b"word\0"
        assert talker.heard == everything
        assert transport.read(0.001) == b""
        assert set(talker.heard[len(everything) :]) == {0}


def test_a_wire_that_nobody_drives_is_silence(plug) -> None:
    plug(Talker(b"\xff" * 1_000_000))
    with FtdiSpiTransport(PORT) as transport:
        with pytest.raises(CepropError, match=rf"^port {PORT}: the board does not answer IDENTIFY"):
            Link(transport, _TIMING).identify()
        assert transport.read(0.001) == b""


@pytest.mark.parametrize("core_hz", [5_400_000, 6_000_000, 12_000_000, 38_000_000, 40_000_000, 47_900_000, 75_000_000])
def test_the_clock_is_one_that_the_board_can_follow(plug, core_hz: int) -> None:
    adapter = plug(Talker())
    with FtdiSpiTransport(PORT) as transport:
        transport.raise_clock(core_hz)
        hz = adapter.clocks[-1]
        assert transport.baud == round(hz * 10 / 8)
    assert max(adapter.clocks) <= fastest_spi_hz(core_hz) <= core_hz / 8
    divider = adapter.frequency_max / hz
    assert divider == pytest.approx(round(divider))
    assert adapter.frequency_max / (round(divider) - 1) > fastest_spi_hz(core_hz)


@pytest.mark.parametrize(("name", "clocks"), [("icebreaker", [0.5, 1.5]), ("upduino_v3", [0.5, 30 / 23])])
def test_the_clock_is_raised_when_the_board_has_said_its_own(
    board_double, plug, name: str, clocks: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    """12 MHz in both cases, but only a crystal is exact."""
    specification = specification_for(DIGITS, board(name))
    adapter = plug(board_double(specification, name))
    assert run(["run", "--port", PORT, "train", "--samples", "3", "--json", "-"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["mismatches"], values["board"], values["samples"]) == (0, name, 3)
    assert adapter.clocks == [1e6 * clock for clock in clocks]
    assert (adapter.url, adapter.closed) == (PORT, True)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("No backend available"), "libusb is missing; apt-get install libusb-1.0-0"),
        (OSError("Device not found"), "no such adapter is here; ftdi:///[?] lists those that are"),
        (SystemExit("No USB-Serial device has been detected"), "no such adapter is here"),
        (SystemExit("Please specify the USB device"), "Please specify the USB device"),
        (OSError(13, "Access denied (insufficient permissions)"), "no permission; a udev rule"),
        (ValueError("The device has no langid (permission issue)"), "no permission; a udev rule"),
        (OSError(16, "Resource busy"), "another program uses it"),
        (OSError("This interface does not support MPSSE"), "the adapter has no SPI there"),
    ],
)
def test_an_adapter_that_cannot_be_opened(plug, error: BaseException, reason: str) -> None:
    adapter = plug(Talker())
    adapter.error = error
    with pytest.raises(CepropError, match=f"^port {PORT}: {reason}"):
        FtdiSpiTransport(PORT)
    assert adapter.closed


@pytest.mark.parametrize("port", ["ftdi://ftdi:232h", "ftdi://ftdi:nothing/1"])
def test_what_is_no_adapter(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As pyftdi itself finds."""
    assert run(["run", "--port", port, "selftest"]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"ceprop: port {port}: ")
    assert captured.err.endswith(f"; {PORT} would be a port\n")
    assert captured.err.count("\n") == 1


def test_unplugged_while_in_use(plug) -> None:
    adapter = plug(Talker())
    message = rf"^port {PORT}: the adapter is gone; was it unplugged\?$"
    with FtdiSpiTransport(PORT) as transport:
        assert transport.read(0) == b""
        adapter.error = OSError(19, "No such device")
        with pytest.raises(CepropError, match=message):
            transport.read(1)
        with pytest.raises(CepropError, match=message):
            transport.write(b"anything")


def test_fewer_bytes_than_were_exchanged(plug, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = plug(Talker())
    with FtdiSpiTransport(PORT) as transport:
        monkeypatch.setattr(adapter, "exchange", lambda out, duplex: bytes(len(out) - 1))
        with pytest.raises(CepropError, match="the adapter is gone"):
            transport.write(b"ab")
