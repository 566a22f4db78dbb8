"""Which baud rates a UART makes from a clock."""

from fractions import Fraction

from ceprop.common.errors import CepropError

LEAST_DIVISOR = 4
"""Clock cycles of a bit below which its middle is not hit well."""

BAUD_TOLERANCE = 0.015
"""Share by which a bit on the line may be too long or too short; the other end is off by as much again."""


def uart_divisor(clock_hz: int, baud: int) -> int:
    """Clock cycles of a bit. Raises :class:`CepropError` where the clock is too slow for the baud rate, or makes none
    that is within `BAUD_TOLERANCE` of it, with the nearest that it makes."""
    divisor = round(clock_hz / baud)
    mhz = f"{clock_hz / 1e6:g} MHz"
    if divisor < LEAST_DIVISOR:
        raise CepropError(f"baud rate {baud:,}: must be at most {clock_hz // LEAST_DIVISOR:,} with a clock of {mhz}")
    if not serves(Fraction(clock_hz), baud):
        around = {max(LEAST_DIVISOR, clock_hz // baud), clock_hz // baud + 1}
        nearest = " or ".join(f"{clock_hz // cycles:,}" for cycles in sorted(around))
        off = clock_hz / divisor / baud - 1
        raise CepropError(f"baud rate {baud:,}: a clock of {mhz} makes it {off:+.1%}; the nearest are {nearest}")
    return divisor


def serves(clock_hz: Fraction, baud: int) -> bool:
    """Whether a UART with that clock makes the baud rate: with cycles enough for a bit, and near enough."""
    divisor = round(clock_hz / baud)
    return divisor >= LEAST_DIVISOR and abs(clock_hz / divisor / baud - 1) <= BAUD_TOLERANCE


def nearest_baud(clock_hz: int, baud: int) -> int:
    """The baud rate that a UART with that clock makes in place of another one."""
    return clock_hz // max(LEAST_DIVISOR, round(clock_hz / baud))
