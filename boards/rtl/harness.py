"""A harness of few pins around a core, for place and route alone: it shows how fast and how large the core is.

It is no interface to anything: what it shifts in means nothing. Every input of the core comes from a register of one
long chain, each an exclusive or of the two before it; the outputs are folded into one pin by exclusive ors, one look-up
table each, followed by a register. So no path of the core begins or ends at a pin, nothing of it can be optimised
away, and the harness itself has nothing but local wires and single look-up tables between registers.
"""

from typing import Any

from amaranth.hdl import Cat, ClockSignal, Instance, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.export import to_verilog

TOP = "ceprop_timing"
"""Module of the harness."""

_FOLD = 4
"""Inputs of an exclusive or: those of one look-up table, on iCE40 and ECP5 alike."""


class TimingHarness(wiring.Component):
    """Scan registers around the core that a manifest describes.

    Members
    -------
    scan_in : In
        First bit of the chain that feeds the core's inputs, its reset included.
    scan_out : Out
        Exclusive or of all its outputs, some cycles later.
    """

    scan_in: Signal
    scan_out: Signal

    def __init__(self, manifest: dict[str, Any]):
        self.manifest = manifest
        super().__init__({"scan_in": In(1), "scan_out": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """The core between its scan registers."""
        m = Module()
        manifest = self.manifest
        inputs, outputs = port_widths(manifest)
        chain = Signal(sum(inputs.values()) + 1, name="chain", reset_less=True)
        # No plain shift register: a delay in the core would make the same bit as the next register of the chain, and
        # the synthesizer would take a single register for both, far from one of them.
        m.d.sync += chain.eq(Cat(self.scan_in, chain[0] ^ self.scan_in, Value.cast(chain[1:]) ^ Value.cast(chain[:-1])))
        connections: dict[str, Any] = {f"i_{manifest['clock']}": ClockSignal(), f"i_{manifest['reset']}": chain[-1]}
        position = 0
        for port, bits in inputs.items():
            connections[f"i_{port}"] = chain[position : position + bits]
            position += bits
        found = []
        for port, bits in outputs.items():
            found.append(Signal(bits, name=port))
            connections[f"o_{port}"] = found[-1]
        m.submodules.core = Instance(manifest["top"], **connections)
        m.d.comb += self.scan_out.eq(_fold(m, Value.cast(Cat(found))))
        return m


def harness_verilog(manifest: dict[str, Any]) -> str:
    """The harness as Verilog; the core itself is to be read beside it."""
    return to_verilog(TimingHarness(manifest), TOP)


def port_widths(manifest: dict[str, Any]) -> tuple[dict[str, int], dict[str, int]]:
    """Width of every input and of every output of a core, clock and reset left out."""
    inputs: dict[str, int] = {}
    outputs: dict[str, int] = {}
    for stream in manifest["streams"].values():
        forward, backward = (inputs, outputs) if stream["direction"] == "in" else (outputs, inputs)
        forward[stream["valid"]] = 1
        forward[stream["payload"]["port"]] = stream["payload"]["bits"]
        backward[stream["ready"]] = 1
    return inputs, outputs


def _fold(m: Module, bits: Value) -> Value:
    """Exclusive or of all bits: a tree in which a register follows every gate."""
    level = 0
    while len(bits) > 1:
        folded = Signal(-(-len(bits) // _FOLD), name=f"fold_{level}", reset_less=True)
        m.d.sync += folded.eq(Cat(bits[k : k + _FOLD].xor() for k in range(0, len(bits), _FOLD)))
        bits = folded
        level += 1
    return bits
