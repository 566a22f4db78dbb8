"""What a testbench tries with the registers of a core before its first sample."""

from collections.abc import Mapping

from ceprop.hdl.io.stream_payloads import Ports
from ceprop.sim.check import Checker
from ceprop.sim.driver import CoreDriver
from ceprop.specification import REGISTER_BITS, Geometry, registers

_MOST_READ = 40
"""Groups that are read at once: more than can wait for a reader."""


async def try_registers(driver: CoreDriver, checker: Checker, settings: Mapping[str, int]) -> None:
    """Write words outside the bounds of registers, which the core must ignore, and both ends of every register. Read
    all registers at once after each, and addresses behind the last one, which read zero.

    `settings` are the values of the registers that the host writes. All counters are zero.
    """
    known = registers(driver.geometry.specification)
    writable = [register for register in known if register.writable]
    given = {register.name: settings.get(register.name, register.initial) for register in writable}
    for bit in range(REGISTER_BITS):
        register = writable[bit % len(writable)]
        if 1 << bit > register.most:
            await driver.write_register(register.name, 1 << bit)
    await _compare(driver, checker, settings)
    for values in ({r.name: r.most for r in writable}, {r.name: r.least for r in writable}, given):
        for name, value in values.items():
            await driver.write_register(name, value)
        await _compare(driver, checker, values)


async def _compare(driver: CoreDriver, checker: Checker, settings: Mapping[str, int]) -> None:
    """Read all registers, and addresses behind the last one."""
    known = registers(driver.geometry.specification)
    words = await driver.read_register_words(_groups(driver.geometry))
    for register, word in zip(known, words, strict=False):
        checker.number(f"register {register.name}", word, settings.get(register.name, register.initial))
    for address, word in list(enumerate(words))[len(known) :]:
        checker.number(f"address {address} without a register", word, 0)


def _groups(geometry: Geometry) -> int:
    """Return how many groups are read: as many as a command can name."""
    return min(_MOST_READ, (1 << Ports(geometry).address_bits) - 1)
