"""The log of results in flash, as the host reads it (`docs/protocol.md`, Files in flash)."""

from ceprop.boards.host.driver import HostDriver
from ceprop.boards.host.flash import read_from_flash
from ceprop.boards.log_form import SLOT_BYTES, LogEntry, is_erased, log_entries
from ceprop.boards.protocol import Flash, specification_number
from ceprop.common.report import Advance
from ceprop.specification import Specification

_MARK_BYTES = 4


def results_in_log(specification: Specification, log: bytes) -> list[LogEntry]:
    """The entries of this network in the contents of a log, or in its beginning, from the oldest one on."""
    return list(log_entries(log, specification_number(specification.build_digest)[:_MARK_BYTES]))


def read_results(driver: HostDriver, advance: Advance) -> list[LogEntry]:
    """The entries of the board's network in its flash, from the oldest one on. Raises :class:`CepropError` where the
    flash cannot be read."""
    log = b""
    for start in range(0, Flash.LOG_BYTES, SLOT_BYTES):
        slot = read_from_flash(driver, Flash.LOG + start, SLOT_BYTES)
        if is_erased(slot):
            break
        log += slot
        advance(len(log), Flash.LOG_BYTES)
    return results_in_log(driver.geometry.specification, log)
