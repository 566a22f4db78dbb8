"""The mutants of a link: a small board behind AXI4-Stream, with flash, and a script of requests that tries to kill
them."""

from pathlib import Path

from ceprop.boards.parts.registry import GENERIC
from ceprop.boards.rtl.system import SYSTEM, System
from ceprop.boards.rtl.transport import StreamTransport
from ceprop.boards.virtual.executable import build_executable
from ceprop.common.errors import CepropError
from ceprop.common.processes import output_of
from ceprop.common.scratch import private_folder
from ceprop.hdl.checks import VIOLATIONS
from ceprop.hdl.devices.primitives import PORTABLE
from ceprop.hdl.export import checked_rtlil, checked_verilog
from ceprop.specification import Geometry, Specification
from ceprop.verification.mutation.campaign import Campaign, Say, own_folder
from ceprop.verification.mutation.link_answers import differing
from ceprop.verification.mutation.link_script import LinkScript
from ceprop.verification.mutation.mutated_design import Choice, MutatedDesign, mutated_design
from ceprop.verification.mutation.verdicts import Reason, Verdict, add_verdict

CLOCK_HZ = 12_000_000
_LINES = 4
_MAIN = Path(__file__).parent / "cpp" / "link_mutants.cpp"
_SECONDS = 60
"""The processor time for the script. A mutant that takes more is killed. The script takes a few seconds."""
_BUSY = 10
"""A busy machine gives a tenth of its time."""
_COMPARISON = "requests"
_AT_ONCE = 50
"""Mutants that one call of the program tries."""
_REASONS: dict[str, Reason | None] = {
    "same": None,
    "differs": "mismatch",
    "silent": "hang",
    "rule": "check",
    "check": "check",
    "ended": "end",
}
_FINDINGS = {
    "differs": "another answer",
    "silent": "no answer in time",
    "rule": "a rule of the flash is broken",
    "check": "a check is violated",
    "ended": "the simulation ended by itself",
}


class LinkCampaign(Campaign):
    """The campaign of the link of a small board, with `count` mutants in `boards/rtl/`. `seed` is that of their choice
    and of the samples.

    The answers of the design without a change must be those of the protocol, and the networks that it reads back must
    be those of the model. A mutant is killed by other bytes in an answer, by an answer that does not come in time, by
    a violated check or by a broken rule of the flash.
    """

    def __init__(self, specification: Specification, count: int, seed: int, folder: Path):
        self.choice = Choice(count, seed, "boards/rtl", (VIOLATIONS,))
        transport = StreamTransport()
        geometry = Geometry(specification)
        self._system = System(
            geometry, PORTABLE, board=GENERIC, clock_hz=CLOCK_HZ, transport=transport, flash_lines=_LINES
        )
        self.script = LinkScript(geometry, seed).build()
        verilog, _ = checked_verilog(self._system, SYSTEM)
        super().__init__("link", own_folder(folder, "link", verilog, self.choice))

    def _make(self) -> MutatedDesign:
        rtlil, _ = checked_rtlil(self._system, SYSTEM, lines=True)
        return mutated_design(rtlil, SYSTEM, self.choice)

    def _try(self, say: Say) -> None:
        steps = b"".join(self.script.steps)
        left = self.left(_COMPARISON)
        if not left:
            return
        say(f"link, compiling the mutants; then {len(left)} mutants")
        program = build_executable(
            self.design.verilog,
            SYSTEM,
            self.folder,
            transport="axi4-stream",
            flash_lines=_LINES,
            checks=True,
            main=_MAIN,
        )
        with private_folder() as place:
            for name, content in (("board", program), ("flash", self.script.flash), ("script", steps)):
                (place / name).write_bytes(content)
            (place / "board").chmod(0o700)
            self._run(place, [0])
            wrong = differing(self.script, (place / "answers").read_bytes())
            if wrong is not None:
                raise CepropError(f"link, without a mutant: {wrong}")
            for start in range(0, len(left), _AT_ONCE):
                self._run(place, left[start : start + _AT_ONCE])
                say(f"link: {min(start + _AT_ONCE, len(left))} of {len(left)} mutants")

    def _run(self, place: Path, numbers: list[int]) -> None:
        """Try mutants with the program in a folder, and add their verdicts."""
        command = ["./board", "flash", str(CLOCK_HZ), "script", "answers", str(_SECONDS), *map(str, numbers)]
        code, output = output_of(command, folder=place, seconds=_BUSY * _SECONDS * len(numbers))
        lines = [line.split() for line in output.splitlines()]
        # A simulation that ends by itself may write lines of its own before.
        found = {int(line[0]): line for line in lines if len(line) == 3 and line[0].isdigit() and line[1] in _REASONS}
        if code or set(found) != set(numbers):
            raise CepropError(f"link: the program ended with exit code {code}: {output[-200:]!r}")
        for number, (_, outcome, step) in found.items():
            finding = None if outcome == "same" else f"step {step}: {_FINDINGS[outcome]}"
            add_verdict(self.verdict_file, Verdict(number, _COMPARISON, _REASONS[outcome], finding))
