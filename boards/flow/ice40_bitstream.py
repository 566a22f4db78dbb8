"""Whether an iCE40's bitstream is whole, by the CRC in it.

Its form as Project IceStorm documents it: a comment, a preamble, and commands, whose first byte has the command and how
many bytes of operand follow; one of them compares a CRC-16 of everything since it was reset.
"""

from binascii import crc_hqx

from ceprop.boards.flow.ecp5_bitstream import DamagedError

_PREAMBLE = bytes.fromhex("7eaa997e")
_RESET_CRC = bytes.fromhex("0105")
_WAKE = bytes.fromhex("0106")
_CHECK_CRC = 0x22
_START = 0xFFFF


def check_ice40(content: bytes) -> None:
    """Check a bitstream: its CRC, its end, and that it is of an iCE40. Raises :class:`DamagedError`."""
    head = content.find(_PREAMBLE)
    reset = content.find(_RESET_CRC, head)
    if head < 0 or reset < 0:
        raise DamagedError("it is not one of an iCE40")
    tail = content.rstrip(b"\0")
    if not tail.endswith(_WAKE) or tail[-5:-4] != bytes([_CHECK_CRC]):
        raise DamagedError("its end is missing, or more comes after it")
    # The CRC of bytes and of their CRC, the highest byte first, is zero.
    if crc_hqx(tail[reset + len(_RESET_CRC) : -len(_WAKE)], _START):
        raise DamagedError("its CRC is wrong")
