"""Serial ports: bytes there and back, and one line for what is none, or is gone."""

import os
import pty
import re
import threading
from pathlib import Path

import pytest

from ceprop.boards.host.link import Link
from ceprop.boards.host.transport import SerialTransport
from ceprop.common.errors import CepropError


def test_bytes_there_and_back() -> None:
    master, slave = pty.openpty()
    with SerialTransport(os.ttyname(slave), 1_000_000) as transport:
        os.close(slave)
        everything = bytes(range(256))
        transport.write(everything)
        assert os.read(master, 1000) == everything
        os.write(master, everything)
        assert b"".join(transport.read(0.1) for _ in range(3)) == everything
        assert transport.read(0.01) == b""
    os.close(master)


@pytest.mark.parametrize(
    ("port", "reason"),
    [
        ("/dev/no_such_port", "no such port; give the device of the board's serial port"),
        (".", "not a serial port"),
        ("file", "not a serial port"),
        ("file/deeper", "not a serial port"),
    ],
)
def test_what_is_no_port(port: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("no port")
    with pytest.raises(CepropError, match=f"^port {re.escape(port)}: {reason}"):
        SerialTransport(port, 115_200)


def test_a_port_that_may_not_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(CepropError, match=r"^port /dev/ttyUSB1: no permission; join the group"):
        SerialTransport("/dev/ttyUSB1", 115_200)


def test_a_port_in_use() -> None:
    master, slave = pty.openpty()
    port = os.ttyname(slave)
    with SerialTransport(port, 115_200), pytest.raises(CepropError, match="another program uses it"):
        SerialTransport(port, 115_200)
    os.close(slave)
    os.close(master)


def test_unplugged_while_in_use() -> None:
    master, slave = pty.openpty()
    with SerialTransport(os.ttyname(slave), 115_200) as transport:
        os.close(slave)
        timer = threading.Timer(0.1, os.close, [master])
        timer.start()
        with pytest.raises(CepropError, match=r"^port /dev/pts/\d+: the board is gone; was it unplugged, or reset\?$"):
            Link(transport).identify()
        with pytest.raises(CepropError, match="the board is gone"):
            transport.write(b"anything")
        timer.join()
