"""Boards by name: which part is on them, in which package and speed grade, and how fast their oscillator is.

These facts are amaranth-boards' own; here is only which of its boards are meant, and by which name.
"""

import importlib
from dataclasses import dataclass

from ceprop.boards.parts.devices import Device, device_named
from ceprop.common.errors import CepropError

_PLATFORMS = {
    "icebreaker": ("icebreaker", "ICEBreakerPlatform"),
    "upduino_v3": ("upduino_v3", "UpduinoV3Platform"),
    "icesugar": ("icesugar", "ICESugarPlatform"),
    "ice40_hx8k_b_evn": ("ice40_hx8k_b_evn", "ICE40HX8KBEVNPlatform"),
    "tinyfpga_bx": ("tinyfpga_bx", "TinyFPGABXPlatform"),
    "ulx3s_12f": ("ulx3s", "ULX3S_12F_Platform"),
    "ulx3s_25f": ("ulx3s", "ULX3S_25F_Platform"),
    "ulx3s_45f": ("ulx3s", "ULX3S_45F_Platform"),
    "ulx3s_85f": ("ulx3s", "ULX3S_85F_Platform"),
    "orangecrab_r0_2_25f": ("orangecrab_r0_2", "OrangeCrabR0_2_25FPlatform"),
    "orangecrab_r0_2_85f": ("orangecrab_r0_2", "OrangeCrabR0_2_85FPlatform"),
    "ecpix5_45f": ("ecpix5", "ECPIX545Platform"),
    "ecpix5_85f": ("ecpix5", "ECPIX585Platform"),
    "colorlight_5a_75b": ("colorlight_5a75b_r7_0", "Colorlight_5A75B_R70Platform"),
    "icesugar_pro": ("icesugar_pro", "ICESugarProPlatform"),
}

GENERIC = "generic"
"""Stands for a board that this program does not know: there is only Verilog for it, and it has no limits."""

_ECP5_PACKAGES = {"BG256": "CABGA256", "BG381": "CABGA381", "BG554": "CABGA554", "MG285": "CSFBGA285"}
"""Packages of ECP5 by the letters in a part's number, and as nextpnr calls them; those of iCE40 are the same in small
letters."""


@dataclass(frozen=True)
class Board:
    """A board.

    Fields
    ------
    name : str
        What `--board` takes.
    device : Device
        The part on it, with its room and its primitives.
    package, speed : str
        As nextpnr calls them; iCE40 has no speed grades and `speed` is empty.
    oscillator_hz : int
        Frequency of the clock that comes to its pin, or of the part's own oscillator where the board has no other.
    platform : type
        The class of the board in amaranth-boards.
    """

    name: str
    device: Device
    package: str
    speed: str
    oscillator_hz: int
    platform: type

    @property
    def title(self) -> str:
        """The board with its part, as messages name it."""
        return f"{self.name} ({self.device.name})"

    @property
    def part(self) -> str:
        """The whole part's name as nextpnr writes it into the bitstream of an ECP5."""
        return f"{self.device.name}-{self.speed}{self.package}"

    @property
    def own_oscillator(self) -> bool:
        """Whether the clock is the part's own, which no PLL takes."""
        return self.platform.default_clk == "SB_HFOSC"

    @property
    def has_core_clock(self) -> bool:
        """Whether the core beside a link has a clock of its own. The PLLs of ECP5 have an output for it, and those
        parts have the room for what lies between two clocks."""
        return self.device.family == "ecp5"


def has_core_clock(name: str) -> bool:
    """Whether the core has a clock of its own on the board of that name, which may be `GENERIC`."""
    return name != GENERIC and board(name).has_core_clock


def board_names() -> tuple[str, ...]:
    """Every name that :func:`board` takes."""
    return tuple(_PLATFORMS)


def board(name: str) -> Board:
    """The board of that name; raises :class:`CepropError` that lists the names."""
    if name not in _PLATFORMS:
        raise CepropError(f"board {name}: must be one of {', '.join(_PLATFORMS)}")
    module, class_name = _PLATFORMS[name]
    platform = getattr(importlib.import_module(f"amaranth_boards.{module}"), class_name)
    device = device_named(platform.device)
    package = _ECP5_PACKAGES[platform.package] if device.family == "ecp5" else platform.package.lower()
    speed = platform.speed if device.family == "ecp5" else ""
    return Board(name, device, package, speed, round(platform().default_clk_frequency), platform)
