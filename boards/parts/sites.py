"""Where multipliers and memory blocks are on a die: facts of the tools' chip databases, as compact rules.

nextpnr calls a place a BEL, `X4/Y13/MULT18_0`; coordinates count tiles, x to the east and y to the south.
`tests/boards/test_sites.py` fills each die with blocks and lets nextpnr say where it put them.
"""

from dataclasses import dataclass

from ceprop.boards.parts.devices import Device


@dataclass(frozen=True)
class Site:
    """A place for one block."""

    bel: str
    x: int
    y: int


@dataclass(frozen=True)
class Sites:
    """All places of a die for the blocks that a cell takes, from west to east in every line, the lines from north to
    south; `multiplier_lines` are the straight lines that multipliers stand in."""

    multiplier_lines: tuple[tuple[Site, ...], ...]
    block_rams: tuple[Site, ...]
    sprams: tuple[Site, ...] = ()

    @property
    def multipliers(self) -> tuple[Site, ...]:
        """The multipliers of all lines."""
        return tuple(site for line in self.multiplier_lines for site in line)


def sites(device: Device) -> Sites | None:
    """Places of a device's blocks; None where it has no multipliers and nothing is to be placed."""
    return _SITES.get(_die(device))


# --- ECP5: groups of nine columns, each with four multipliers or four memories, in rows of their own

_MULTIPLIERS = ((0, "MULT18_0"), (1, "MULT18_1"), (4, "MULT18_4"), (5, "MULT18_5"))
_MEMORIES = ((0, "EBR0"), (2, "EBR1"), (4, "EBR2"), (6, "EBR3"))


def _ecp5(groups: tuple[int, ...], multiplier_rows: tuple[int, ...], memory_rows: tuple[int, ...]) -> Sites:
    def row(y: int, blocks: tuple[tuple[int, str], ...]) -> tuple[Site, ...]:
        return tuple(Site(f"X{x + offset}/Y{y}/{name}", x + offset, y) for x in groups for offset, name in blocks)

    return Sites(
        multiplier_lines=tuple(row(y, _MULTIPLIERS) for y in multiplier_rows),
        block_rams=tuple(site for y in memory_rows for site in row(y, _MEMORIES)),
    )


# --- iCE40 UltraPlus: multipliers on the west and east edges, two columns of memories, SPRAM in two corners


def _up5k() -> Sites:
    return Sites(
        multiplier_lines=tuple(tuple(Site(f"X{x}/Y{y}/mac16_0", x, y) for y in (5, 10, 15, 23)) for x in (0, 25)),
        block_rams=tuple(Site(f"X{x}/Y{y}/ram", x, y) for x in (6, 19) for y in range(1, 30, 2)),
        sprams=tuple(Site(f"X{x}/Y0/spram_{k}", x, 0) for x, k in ((0, 1), (0, 2), (25, 3), (25, 4))),
    )


_SITES = {
    "ecp5-25": _ecp5((4, 13, 22, 33, 42, 51, 60), (13,), (25, 37)),
    "ecp5-45": _ecp5((4, 13, 22, 31, 42, 51, 60, 69, 78), (22, 46), (10, 34, 58)),
    "ecp5-85": _ecp5((4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114), (10, 34, 58), (22, 46, 70, 82)),
    "up5k": _up5k(),
}


def _die(device: Device) -> str:
    if device.family == "ice40":
        return device.nextpnr.lstrip("-")
    thousands = device.name.rpartition("-")[2].rstrip("F")
    return f"ecp5-{'25' if thousands == '12' else thousands}"
