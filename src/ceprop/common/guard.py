"""Runs a command for as long as the program that asked for it lives. This script stands alone and imports nothing of
ceprop.

Arguments: the read end of a pipe, and the command. Only the program holds the write end of the pipe. The guard must
lead a session of its own. The pipe ends when the program ends, in whatever way; then everything in the session's
process group is killed, a compiler below `make` as well as a simulator.
"""

import _thread
import os
import signal
import sys

_SIGNALLED = 128
"""Is added to the number of the signal that ended the command, as in a shell."""


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
