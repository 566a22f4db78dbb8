"""What a board does with its own flash, watched from the host."""

import time

from ceprop.boards.host.driver import HostDriver
from ceprop.boards.host.machine import unwatched
from ceprop.boards.protocol import StatusFlag
from ceprop.common.errors import CepropError
from ceprop.common.report import Advance

_POLL_SECONDS = 0.1

_MOST_SECONDS = 180.0
"""By the board's own clock, without a sample done: to erase and to write a snapshot takes a minute at most, to read a
whole flash at 6 MHz for its CRC less."""


def wait_for_flash(driver: HostDriver, failure: str, advance: Advance = unwatched) -> None:
    """Wait until the board has done what it was asked to do with its flash. Raises :class:`CepropError` that tells
    `failure` where it could not, and where it gets no further for too long, or its clock stands."""
    status = driver.status()
    most = least = status.samples_left
    since, patience = driver.clock.now().seconds, _Watch(driver)
    while status.flags & (StatusFlag.RUNNING | StatusFlag.STORING) and not status.flags & StatusFlag.FAILED:
        time.sleep(_POLL_SECONDS)
        status = driver.status()
        left = status.samples_left
        if left > most:  # now it knows how many there are
            most, least, since = left, left, driver.clock.now().seconds
        elif left < least:
            least, since = left, driver.clock.now().seconds
        advance(most - left, most)
        if driver.clock.now().seconds - since > _MOST_SECONDS or patience.stands():
            raise CepropError(f"port {driver.link.port}: the board is at work on its flash, but gets no further")
    if status.flags & StatusFlag.FAILED:
        raise CepropError(f"port {driver.link.port}: {failure}")


class _Watch:
    """Whether the board's own clock stands, which that of a simulated one may."""

    def __init__(self, driver: HostDriver):
        self._driver = driver
        self._seen, self._since = driver.clock.now().seconds, driver.link.clock()

    def stands(self) -> bool:
        """Whether nothing has changed for as long as the link has patience."""
        seen = self._driver.clock.now().seconds
        if seen != self._seen:
            self._seen, self._since = seen, self._driver.link.clock()
        return self._driver.link.clock() - self._since > self._driver.link.timing.patience


def read_from_flash(driver: HostDriver, address: int, count: int) -> bytes:
    """So many bytes of the board's flash, from `address` on. Raises :class:`CepropError` where they cannot be read."""
    found = b""
    while len(found) < count:
        driver.read_flash(address + len(found))
        wait_for_flash(driver, "its flash cannot be read")
        found += driver.flash_bytes()
    return found[:count]


def save_to_flash(driver: HostDriver) -> None:
    """Save the board's network to its flash, beside the snapshot before it."""
    driver.save()
    wait_for_flash(driver, "the snapshot could not be written")


def restore_from_flash(driver: HostDriver) -> None:
    """Load the newest whole snapshot of the board's flash into its network; raises :class:`CepropError` where there is
    none of this specification."""
    driver.restore()
    wait_for_flash(driver, "no whole snapshot of this specification lies in its flash")
