"""Core and link for a board that this program does not know: Verilog with ports, clock and reset from outside."""

from pathlib import Path
from typing import Any

from ceprop.boards.parts.flash_pins import flash_lines
from ceprop.boards.parts.registry import GENERIC
from ceprop.boards.rtl.system import SYSTEM, System
from ceprop.boards.rtl.transport import make_transport
from ceprop.common.files import write_aside
from ceprop.common.report import as_json
from ceprop.hdl.devices.primitives import PORTABLE
from ceprop.hdl.export import to_verilog
from ceprop.specification import Geometry, Specification


def write_generic(
    specification: Specification, folder: Path, *, clock_hz: int, transport: str, baud: int, flash: bool
) -> dict[str, Any]:
    """Write Verilog and a manifest of its ports to `folder`; where they are, and the manifest. `transport` is one of
    "uart", which alone heeds `baud`, "spi", "axi4-stream" and "wishbone".

    Raises :class:`CepropError` where the clock does not make the baud rate."""
    geometry = Geometry(specification)
    way = make_transport(transport, clock_hz, baud)
    lines = flash_lines(GENERIC) if flash else 0
    system = System(geometry, PORTABLE, board=GENERIC, clock_hz=clock_hz, transport=way, flash_lines=lines)
    ports = {
        name: {"direction": member.flow.name.lower(), "bits": member.shape}
        for name, member in system.signature.members.items()
    }
    manifest = {
        "top": SYSTEM,
        "board": GENERIC,
        "clock": "clk",
        "reset": "rst",
        "clock_hz": clock_hz,
        "transport": {"kind": transport} | ({"baud": baud} if transport == "uart" else {}),
        "flash": flash,
        "ports": ports,
        "specification": geometry.specification.fields(),
        "learning_digest": geometry.specification.learning_digest,
        "build_digest": geometry.specification.build_digest,
    }
    verilog, described = folder / f"{specification.name}.v", folder / f"{specification.name}.json"
    write_aside(verilog, to_verilog(system, SYSTEM).encode())
    write_aside(described, as_json(manifest).encode())
    return {"verilog": str(verilog), "manifest": str(described), **manifest}
