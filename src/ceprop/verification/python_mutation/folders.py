"""The folders whose mutants are tried, and the tests that concern their files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class MutatedFolder:
    """A folder of sources.

    Fields
    ------
    name : str
        The folder, from the top of the repository on.
    concerns : mapping of str to tuple of str
        Tests of other names or places than the convention has, by the beginning of the names of the files that they
        concern. The longest beginning counts. A test is a file, or one function of it as pytest names it. Slow tests
        are tried only if they are here.
    """

    name: str
    concerns: Mapping[str, tuple[str, ...]]

    @property
    def tests(self) -> str:
        """The folder of the tests. A test lies where the part lies that it tests."""
        return f"tests/{self.name}"

    def sources(self, files: Iterable[str]) -> list[str]:
        """Return the source files among some files."""
        return sorted(file for file in files if file.startswith(f"{self.name}/") and file.endswith(".py"))

    def test_files(self, files: Iterable[str]) -> list[str]:
        """Return the files of the folder's own tests among some files."""
        return sorted(
            file for file in files if file.startswith(f"{self.tests}/") and PurePosixPath(file).match("test_*.py")
        )

    def concerned(self, file: str) -> list[str]:
        """Return the tests that concern a source file: those of the convention, then those of the table."""
        path = PurePosixPath(file)
        fitting = [beginning for beginning in self.concerns if file.startswith(beginning)]
        own = f"tests/{path.parent}/test_{path.name}"
        return [own, *(self.concerns[max(fitting, key=len)] if fitting else ())]

    def all_concerned(self) -> list[str]:
        """Return all tests of the table, each once."""
        return list(dict.fromkeys(test for tests in self.concerns.values() for test in tests))


_EQUALITY = (
    "tests/model/test_worked_example.py",
    "tests/model/test_rules.py",
    "tests/model/test_equality.py",
    "tests/model/test_order_energy.py",
)
_REPRODUCTION = ("tests/experiments/test_reproduce.py",)

MODEL = MutatedFolder(
    "model",
    {
        "model/": ("tests/model/test_training.py",),
        "model/backward.py": ("tests/model/test_rules.py",),
        "model/fast.py": _EQUALITY,
        "model/idx.py": ("tests/model/test_datasets.py",),
        "model/kernel.py": _EQUALITY,
        "model/network.py": _EQUALITY,
        "model/plain": _EQUALITY,
        "model/quantiser.py": ("tests/model/test_datasets.py",),
        "model/reference/": ("tests/model/reference/test_dynamics.py",),
        "model/reference/checkpoint.py": ("tests/model/reference/test_training.py",),
        "model/reference/gradient_angle.py": _REPRODUCTION,
        "model/reference/integer.py": ("tests/model/reference/test_gdu.py",),
        "model/reference/paper.py": _REPRODUCTION,
        "model/reference/theory.py": ("tests/model/reference/test_gdu.py",),
    },
)

_SIMULATED_BOARD = (
    "tests/boards/host/test_run.py",
    "tests/boards/host/test_driver.py",
)
_FLASH = (
    "tests/boards/test_log_form.py",
    "tests/boards/test_snapshot_form.py",
    "tests/boards/host/test_stand_alone.py",
    "tests/boards/host/test_flash_memory.py",
)

HOST = MutatedFolder(
    "boards/host",
    {
        "boards/host/": _SIMULATED_BOARD,
        "boards/host/clock.py": ("tests/boards/host/test_babble.py",),
        "boards/host/data_sets.py": (),
        "boards/host/flash": _FLASH,
        "boards/host/frames.py": (),
        "boards/host/learner.py": (),
        "boards/host/link_protocol.py": (),
        "boards/host/memories.py": ("tests/boards/host/test_driver.py",),
        "boards/host/packing.py": (),
        "boards/host/proof.py": ("tests/boards/levels/test_board_comparison.py",),
        "boards/host/results.py": ("tests/boards/levels/test_board_comparison.py", "tests/boards/test_log_form.py"),
        "boards/host/spi.py": (),
        "boards/host/stand_alone.py": _FLASH,
        "boards/host/transport.py": (),
    },
)

_CORE = (
    "tests/sim/test_core_comparisons.py",
    "tests/sim/test_one_free_step.py",
    "tests/sim/test_core.py::test_a_flipped_bit_is_found_and_named",
    "tests/sim/test_core.py::test_samples_follow_each_other_without_a_pause",
    "tests/sim/test_core.py::test_readers_that_pause",
)
_VERB = ("tests/commands/test_sim.py",)
_UNITS = (
    "tests/sim/test_units.py",
    "tests/sim/test_unit_comparisons.py",
)

SIM = MutatedFolder(
    "sim",
    {
        "sim/": (*_CORE, *_VERB),
        "sim/bench_core.py": (*_CORE, "tests/sim/test_core.py::test_a_reset_at_any_moment_leaves_nothing_behind"),
        "sim/cells.py": ("tests/sim/test_primitives.py",),
        "sim/check.py": _CORE,
        "sim/commands.py": ("tests/sim/test_core_comparisons.py", *_VERB),
        "sim/given_verilog.py": ("tests/commands/test_sim_verilog.py",),
        "sim/lint.py": (),
        "sim/units/": _UNITS,
        "sim/units/devices.py": ("tests/sim/test_primitives.py", *_UNITS),
    },
)

FOLDERS = (MODEL, HOST, SIM)
"""The folders whose mutation score is published."""
