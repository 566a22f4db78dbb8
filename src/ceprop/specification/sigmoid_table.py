"""The table of the sigmoid in pure Python integers, shared by the golden model and the hardware
(docs/numerics.md, 3)."""

from decimal import Context, Decimal
from functools import lru_cache

from ceprop.specification.specification import Specification

_DIGITS = 60


def sigmoid_address(specification: Specification, layer: int) -> tuple[int, int]:
    """Return `(offset, drop)` of the table's address for sums `v` of `layer`: `clip((v + offset) >> drop, 0,
    2^A - 1)`."""
    fraction, reach = specification.sum_fraction(layer), specification.sigmoid_range
    offset = (1 << (fraction + reach)) - (1 << (fraction - 1))
    return offset, fraction + reach + 1 - specification.activation.table_bits


def sigmoid_table(specification: Specification) -> tuple[int, ...]:
    """Return the `2^A` states of the sigmoid's table, `A = activation.table_bits`, each of `S` bits."""
    formats, activation = specification.formats, specification.activation
    return _sigmoid_table(formats.state_bits, activation.table_bits, specification.sigmoid_range)


@lru_cache(maxsize=16)
def _sigmoid_table(state_bits: int, table_bits: int, reach: int) -> tuple[int, ...]:
    context = Context(prec=_DIGITS)

    def entry(k: int) -> int:
        # The denominator of u is a power of two, so 60 digits hold u exactly.
        numerator = 4 * (2 ** (reach + 1) * (2 * k + 1) - 2**reach * 2 ** (table_bits + 1))
        u = context.divide(Decimal(numerator), Decimal(2 ** (table_bits + 1)))
        below_the_line = context.add(Decimal(1), context.exp(context.minus(u)))
        rounded = context.add(context.divide(Decimal(2**state_bits), below_the_line), Decimal("0.5"))
        return min(2**state_bits - 1, int(rounded))

    return tuple(entry(k) for k in range(2**table_bits))
