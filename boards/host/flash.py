"""What a board does with its own flash, watched from the host."""

import time

from ceprop.boards.host.driver import HostDriver
from ceprop.boards.host.machine import unwatched
from ceprop.boards.protocol import StatusFlag
from ceprop.errors import CepropError
from ceprop.report import Advance

_POLL_SECONDS = 0.1


def wait_for_flash(driver: HostDriver, failure: str, advance: Advance = unwatched) -> None:
    """Wait until the board has done what it was asked to do with its flash. Raises :class:`CepropError` that says
    `failure` where it could not."""
    most = 0
    while True:
        flags, left = driver.status()
        most = max(most, left)
        advance(most - left, most)
        if flags & StatusFlag.FAILED:
            raise CepropError(f"port {driver.link.port}: {failure}")
        if not flags & (StatusFlag.RUNNING | StatusFlag.STORING):
            return
        time.sleep(_POLL_SECONDS)


def save_to_flash(driver: HostDriver) -> None:
    """Save the board's network to its flash, beside the snapshot before it."""
    driver.save()
    wait_for_flash(driver, "the snapshot could not be written")


def restore_from_flash(driver: HostDriver) -> None:
    """Load the newest whole snapshot of the board's flash into its network; raises :class:`CepropError` where there is
    none of this specification."""
    driver.restore()
    wait_for_flash(driver, "no whole snapshot of this specification lies in its flash")
