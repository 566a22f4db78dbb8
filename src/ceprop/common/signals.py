"""The signals that ask a program to end raise an exception, so that everything is cleaned up on the way."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Terminated(BaseException):
    """A signal asked the program to end. `exit_code` is the code that shells report then."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.exit_code = 128 + number


@contextmanager
def ending_by_exception() -> Iterator[None]:
    """Raise :class:`Terminated` in the main thread for SIGTERM and SIGHUP while the context lasts.

    A signal that is ignored, as it is below `nohup`, stays ignored. From another thread nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    ours = [number for number, handler in before.items() if handler == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _raise)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


def _raise(number: int, _: FrameType | None) -> None:
    raise Terminated(number)
