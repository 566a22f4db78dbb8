"""The check that a module has the ports of a manifest, before a testbench drives it."""

from collections.abc import Iterator
from typing import Any


def unfit_ports(dut: Any, manifest: dict[str, Any]) -> str | None:
    """Return what is wrong with the ports of a module, or None where it has all ports of the manifest.

    `dut` is the handle of the module in cocotb. Further ports do not count.
    """
    for name, bits in _ports(manifest):
        handle = getattr(dut, name, None)
        if handle is None:
            return f"port {name}: is missing"
        if len(handle) != bits:
            return f"port {name}: has {len(handle)} bits, must have {bits}"
    return None


def _ports(manifest: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the name and the number of bits of every port."""
    yield manifest["clock"], 1
    yield manifest["reset"], 1
    for stream in manifest["streams"].values():
        yield stream["valid"], 1
        yield stream["ready"], 1
        yield stream["payload"]["port"], stream["payload"]["bits"]
