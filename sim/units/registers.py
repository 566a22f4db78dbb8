"""Bench of the register bank: writes within and outside the bounds, counters that wrap, and reads of every value."""

from ceprop.hdl.control.register_bank import RegisterBank
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.timeline import Timeline
from ceprop.specification import REGISTER_BITS, Geometry, Register, registers

_COMMANDS = 700
_COUNTS = {"samples": 1, "cycles": 20, "saturations": 27}
"""The widths of the increments, by counter. The counter with the widest increment wraps during the bench."""


def bank_of(geometry: Geometry) -> RegisterBank:
    """Return a register bank with counters of all kinds."""
    return RegisterBank(geometry, _COUNTS)


async def bench_register_bank(cell: Cell) -> None:
    """Send one command at a time, as the command port does. The word stays for one cycle, and the value is read after
    the latency of the bank."""
    random, line, known = cell.random, Timeline(), registers(cell.specification)
    values = {register.name: register.initial for register in known}
    top = (1 << REGISTER_BITS) - 1
    latency = bank_of(cell.geometry).latency
    for now in range(0, _COMMANDS * (latency + 3), latency + 3):
        register = random.choice(known)
        write = random.getrandbits(1)
        word = random.choice((*_around(register), random.getrandbits(REGISTER_BITS)))
        for cycle in (now, now + 1):
            line.set(cycle, "access__address", register.address)
            line.set(cycle, "access__word", word)
        line.set(now, "access__write", write)
        if write and register.writable and register.least <= word <= register.most:
            values[register.name] = word
        for name, bits in _COUNTS.items():
            for cycle in range(now, now + 3):
                count = random.getrandbits(bits)
                line.set(cycle, f"counts__{name}", count)
                values[name] = values[name] + count & top
        # The register is written at the end of the next cycle.
        what = f"{register.name} after a write of {word}" if write else register.name
        for cycle in range(now + 2, now + 2 + latency):
            line.set(cycle, "access__address", register.address)
        line.expect(now + 2 + latency, what, "access__value", values[register.name])
        if register.writable:
            line.expect(now + 2, what, f"values__{register.name}", values[register.name])
    await line.run(cell)


def _around(register: Register) -> list[int]:
    """Return the bounds of a register, and the numbers next to them outside."""
    top = (1 << REGISTER_BITS) - 1
    bounds = (register.least - 1, register.least, register.most, register.most + 1)
    return [bound for bound in bounds if 0 <= bound <= top]
