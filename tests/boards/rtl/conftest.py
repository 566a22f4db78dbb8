"""A whole board behind AXI4-Stream, as a program that runs scripts of requests."""

import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from ceprop.boards.host.frames import FrameDecoder
from ceprop.boards.rtl.system import SYSTEM, System
from ceprop.boards.rtl.transport import StreamTransport
from ceprop.boards.virtual.executable import build_executable
from ceprop.boards.virtual.simulation import flash_contents
from ceprop.hdl.devices.primitives import PORTABLE
from ceprop.hdl.export import to_verilog
from ceprop.specification import Geometry

NEVER = 2**32 - 1
"""The program's count of cycles where no answer came in time."""


@dataclass(frozen=True)
class ScriptBench:
    """Runs scripts on a board with these contents of its flash."""

    program: Path
    flash: Path
    clock_hz: int

    @classmethod
    def build(cls, geometry: Geometry, clock_hz: int, folder: Path) -> "ScriptBench":
        """The board with flash, compiled to a program in the folder."""
        transport = StreamTransport()
        system = System(geometry, PORTABLE, board="generic", clock_hz=clock_hz, transport=transport, flash_lines=4)
        main = Path(__file__).parent / "every_request.cpp"
        verilog = to_verilog(system, SYSTEM)
        program = folder / "every_request"
        program.write_bytes(
            build_executable(verilog, SYSTEM, folder, transport="axi4-stream", flash_lines=4, main=main)
        )
        program.chmod(0o700)
        flash_contents(folder / "flash")
        return cls(program, folder / "flash", clock_hz)

    def run(self, scripts: Sequence[bytes], checks: Sequence[tuple[str, Sequence[bytes | int]]]) -> None:
        """Compare what comes back: for every script the bodies, or their lengths, that must answer it."""
        command = [self.program, self.flash, "500", "2000", "36", str(self.clock_hz)]
        found = subprocess.run(command, input=b"".join(scripts), stdout=subprocess.PIPE, check=True, timeout=300)
        answers = BytesIO(found.stdout)
        for what, replies in checks:
            cycles, count = struct.unpack("<II", answers.read(8))
            heard = FrameDecoder().feed(answers.read(count))
            assert cycles != NEVER, f"{what}: no answer in time, but {heard}"
            assert len(heard) == len(replies), what
            for one, right in zip(heard, replies, strict=True):
                assert one is not None, what
                assert right in (one, len(one)), f"{what}: {one.hex(' ')}, not {right!r}"
        assert not answers.read()


@pytest.fixture(scope="session")
def script_bench() -> type[ScriptBench]:
    """The class, for tests cannot import what is beside them."""
    return ScriptBench
