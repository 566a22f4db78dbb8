"""Runs a command for as long as the program that asked for it lives; a script by itself, without imports of ours.

Arguments: the read end of a pipe, whose write end only the program holds, and the command. The guard must lead a
session of its own. When the pipe ends, however the program ended, everything in the session's process group is killed:
a compiler below `make` as well as a simulator.
"""

import _thread
import os
import signal
import sys

_SIGNALLED = 128
"""Added to the number of the signal that ended the command, as shells do it."""


def _kill_at_the_end_of(pipe: int) -> None:
    os.read(pipe, 1)
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Run the command, and end with its exit code."""
    pipe, command = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(pipe, False)
    _thread.start_new_thread(_kill_at_the_end_of, (pipe,))
    try:
        # Python ignores these two signals, and a command would inherit that.
        ignored = [signal.SIGPIPE, signal.SIGXFSZ]
        child = os.posix_spawnp(command[0], command, os.environ, setsigdef=ignored)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(127)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else _SIGNALLED - code)


if __name__ == "__main__":
    main()
