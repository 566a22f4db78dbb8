"""The requests of the host: decoded, checked, carried out on the core or the flash, and answered.

In come frames; out go commands and samples for the core, tasks for the flash, and replies.
"""

from ceprop.boards.rtl.requests.dispatcher import Dispatcher

__all__ = ["Dispatcher"]
