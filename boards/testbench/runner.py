"""Builds a small board with a bus for a link, and lets a host learn over it in a simulator."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.rtl.system import System
from ceprop.boards.rtl.transport import StreamTransport, WishboneTransport
from ceprop.common.scratch import private_folder
from ceprop.hdl.devices.primitives import PORTABLE
from ceprop.hdl.export import checked_verilog
from ceprop.sim.commands import Design
from ceprop.sim.run import Bench, simulate
from ceprop.sim.simulators import find_simulator
from ceprop.specification import Geometry, Specification

TOP = "link"
BOARD = "icebreaker"
"""A board that the host knows."""
CLOCK_HZ = 100_000_000
VARIABLE = "CEPROP_LINK"
"""Environment variable that holds the job."""

TRANSPORTS = {"axi4-stream": StreamTransport, "wishbone": WishboneTransport}


@dataclass(frozen=True)
class LinkJob:
    """What the bench in the simulator finds: the fields of the specification that the board is made from, its
    transport, how many samples are to be learned over it, the seed of their and of the pauses' random
    numbers, and the names of the checks in the hardware."""

    specification: dict[str, Any]
    transport: str
    samples: int
    seed: int
    checks: tuple[str, ...]

    @classmethod
    def load(cls) -> Self:
        """The job of this simulation."""
        return cls(**json.loads(os.environ[VARIABLE]))


class _Bench(wiring.Component):
    """A system with a port more, for models of a Wishbone master drive an address; a single register needs none."""

    def __init__(self, system: System):
        self._system = system
        super().__init__({**system.signature.members, "wb_adr": In(1)})

    def elaborate(self, platform: object) -> Module:
        """Ports straight through."""
        m = Module()
        m.submodules.system = self._system
        for name, member in self._system.signature.members.items():
            ours, theirs = getattr(self, name), getattr(self._system, name)
            m.d.comb += ours.eq(theirs) if member.flow == Out else theirs.eq(ours)
        return m


def run_link(
    specification: Specification, transport: str, simulator: str, folder: Path, samples: int, seed: int
) -> None:
    """Let a board of a specification learn so many random samples over one of `TRANSPORTS`, beside the golden model.

    Raises :class:`CepropError` where a bit differs or a byte is lost, or where a tool is missing."""
    way = TRANSPORTS[transport]()
    system = System(Geometry(specification), PORTABLE, board=BOARD, clock_hz=CLOCK_HZ, transport=way)
    verilog, checks = checked_verilog(_Bench(system), TOP)
    job = LinkJob(specification.fields(), transport, samples, seed, checks)
    design = Design(TOP, verilog)
    bench = Bench("ceprop.boards.testbench.bench", {VARIABLE: json.dumps(asdict(job))})
    with private_folder() as place:
        simulate(find_simulator(simulator), design, bench, place, folder)
