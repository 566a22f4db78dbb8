"""The parts that ceprop builds for, and the room in each.

Sources: Lattice FPGA-DS-02012 (ECP5 and ECP5-5G), FPGA-DS-02008 (iCE40 UltraPlus), FPGA-DS-02029 (iCE40 LP/HX),
FPGA-TN-02039 (configuration of ECP5: the numbers by which devices know their bitstreams); the database of Project
Trellis (bytes of a frame).
A look-up table has four inputs and a flip-flop beside it in both families.
"""

from dataclasses import asdict, dataclass
from typing import Literal

from ceprop.common.errors import CepropError

Family = Literal["ecp5", "ice40"]


@dataclass(frozen=True)
class Resources:
    """A count of each kind of thing that a device has: what there is, or what something takes."""

    luts: int = 0
    flip_flops: int = 0
    multipliers: int = 0
    block_rams: int = 0
    sprams: int = 0

    def named(self) -> dict[str, int]:
        """Counts by name, for tables and JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Device:
    """A part.

    Fields
    ------
    name : str
        As the vendor and amaranth-boards call it.
    family : "ecp5" or "ice40"
        Which tools build for it.
    room : Resources
        What it has.
    primitives : str
        The set of primitives for its cells: "portable" where it has no multipliers.
    nextpnr : str
        The argument that chooses it.
    icetime : str or None
        The same for icetime; None for ECP5.
    target_mhz : int
        The clock that place and route strives for, just above what is within reach.
    idcode : int or None
        The number by which an ECP5 knows that a bitstream is for it; an iCE40 has none.
    frame_bytes : int or None
        Bytes that a frame of an ECP5's configuration takes in a bitstream.
    """

    name: str
    family: Family
    room: Resources
    primitives: Literal["portable", "ecp5", "ice40"]
    nextpnr: str
    icetime: str | None = None
    target_mhz: int = 200
    idcode: int | None = None
    frame_bytes: int | None = None


def device_named(name: str) -> Device:
    """The device of that name; raises :class:`CepropError` that lists the names."""
    found = next((device for device in DEVICES if device.name == name), None)
    if found is None:
        raise CepropError(f"device {name}: must be one of {', '.join(device.name for device in DEVICES)}")
    return found


def _ecp5(name: str, nextpnr: str, room: Resources, idcode: int, frame_bytes: int) -> Device:
    return Device(name, "ecp5", room, "ecp5", nextpnr, idcode=idcode, frame_bytes=frame_bytes)


_ECP5_12 = Resources(luts=12_000, flip_flops=12_000, multipliers=28, block_rams=32)
_ECP5_25 = Resources(luts=24_288, flip_flops=24_288, multipliers=28, block_rams=56)
_ECP5_45 = Resources(luts=43_848, flip_flops=43_848, multipliers=72, block_rams=108)
_ECP5_85 = Resources(luts=83_640, flip_flops=83_640, multipliers=156, block_rams=208)
_UP5K = Resources(luts=5_280, flip_flops=5_280, multipliers=8, block_rams=30, sprams=4)
_ICE40_8K = Resources(luts=7_680, flip_flops=7_680, block_rams=32)

DEVICES = (
    Device("iCE40UP5K", "ice40", _UP5K, "ice40", "--up5k", "up5k", 60),
    Device("iCE40HX8K", "ice40", _ICE40_8K, "portable", "--hx8k", "hx8k", 120),
    Device("iCE40LP8K", "ice40", _ICE40_8K, "portable", "--lp8k", "lp8k", 80),
    # The same die as the 25F, of which the data sheet promises half the logic.
    _ecp5("LFE5U-12F", "--12k", _ECP5_12, 0x21111043, 74),
    _ecp5("LFE5U-25F", "--25k", _ECP5_25, 0x41111043, 74),
    _ecp5("LFE5U-45F", "--45k", _ECP5_45, 0x41112043, 106),
    _ecp5("LFE5U-85F", "--85k", _ECP5_85, 0x41113043, 142),
    _ecp5("LFE5UM5G-45F", "--um5g-45k", _ECP5_45, 0x81112043, 106),
    _ecp5("LFE5UM5G-85F", "--um5g-85k", _ECP5_85, 0x81113043, 142),
)
