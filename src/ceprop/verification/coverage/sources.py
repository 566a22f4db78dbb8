"""Verilog with the lines of Python from which it was made."""

import re
from functools import cached_property

_SOURCE = re.compile(r'\(\* src = "([^"]*)" \*\)')
_PACKAGE = "/ceprop/"
_NAMELESS = re.compile(r"_\d+_")
_DEEPEST = 50
"""Selections that follow each other between a nameless wire and what it drives."""


class Sources:
    """The modules, registers and selections of a Verilog file, by line. Lines are counted from 1."""

    def __init__(self, verilog: str):
        self._lines = verilog.split("\n")

    def file(self, line: int) -> str | None:
        """Return the file of the part that has this line of Verilog, or None for a part of a library."""
        return self._modules[line][0]

    def register(self, line: int) -> str | None:
        """Return the line of Python and the name of a register that is clocked at this line of Verilog, or None where
        no register with a line is clocked. The ports of memories have none."""
        python = self._python(self._lines[line - 2])
        if "always @(posedge" not in self._lines[line - 1] or not python:
            return None
        return f"{python} {self._target(self._lines[line])}"

    def is_memory(self, line: int) -> bool:
        """Return whether this line of Verilog declares a memory."""
        return re.search(r"\breg\b.* \[\d+:\d+\];$", self._lines[line - 1]) is not None

    def branch(self, line: int, side: str) -> str:
        """Return what is selected at this line of Verilog, the condition, and the side."""
        text = self._lines[line - 1]
        if side == "case":
            return self._case(line)
        if "always" in self._lines[line - 2]:  # the write port of a memory
            return f"write to {self._target(self._lines[line])} {side}"
        target = self._driven(line, self._target(text))
        python = self._python(text)
        condition = text.partition(" = ")[2].partition(" ? ")[0].strip()
        if python:
            return f"{python} {target} {side}"
        return f"{target} if {self._meaning(line, condition)} {side}"

    def _case(self, line: int) -> str:
        """Return the name of one choice of a selection among several."""
        start = next(k for k in range(line, 0, -1) if "function" in self._lines[k - 1])
        end = next(k for k in range(line, len(self._lines)) if "endfunction" in self._lines[k - 1])
        name = self._lines[start - 1].split()[-1].rstrip(";")
        choices = [k for k in range(start, end) if self._lines[k - 1].rstrip().endswith(":")]
        used = next(k for k in range(end, self._modules[line][2]) if f" {name}(" in self._lines[k - 1])
        target = self._driven(used, self._target(self._lines[used - 1]))
        return f"{target} choice {choices.index(line) + 1} of {len(choices)}"

    def _driven(self, line: int, name: str) -> str:
        """Return the first signal with a name that a nameless wire drives, or "a nameless wire"."""
        _, start, end = self._modules[line]
        for _ in range(_DEEPEST):
            if not _NAMELESS.fullmatch(name):
                return name
            reader = re.compile(rf"(?:<=|=).*(?<!\w){name}(?!\w)")
            users = (k for k in range(start, end) if reader.search(self._lines[k - 1]))
            used = next(users, None)
            if used is None:
                break
            name = self._target(self._lines[used - 1])
        return "a nameless wire"

    def _meaning(self, line: int, condition: str) -> str:
        """Return a condition, or the line of Python that makes a nameless one."""
        wire = condition.partition("[")[0]
        if not _NAMELESS.fullmatch(wire):
            return re.sub(r"\$\d+", "", condition).replace("\\", "").replace(" ", "")
        _, start, end = self._modules[line]
        made = (k for k in range(start, end) if self._lines[k - 1].lstrip().startswith(f"assign {wire} ="))
        found = next(made, None)
        return (self._python(self._lines[found - 1]) if found else "") or "a nameless condition"

    @staticmethod
    def _target(text: str) -> str:
        """Return the name of what an assignment drives."""
        text = text.strip().removeprefix("assign ").split("<=" if "<=" in text.partition(" = ")[0] else " = ")[0]
        name = re.sub(r"\[.*|\$\d+|[\\{}]", "", text.replace("begin", "")).strip()
        return name.split(",")[0].strip()

    @staticmethod
    def _python(text: str) -> str:
        """Return the file and line of Python that a line of Verilog names, or nothing."""
        found = _SOURCE.search(text)
        return found[1].split("|")[0].rpartition(_PACKAGE)[2] if found else ""

    @cached_property
    def _modules(self) -> list[tuple[str | None, int, int]]:
        """The file of the part, and the first and last line of its module, for every line."""
        found: list[tuple[str | None, int, int]] = []
        file, start, sources = None, 1, ""
        for number, text in enumerate(self._lines, 1):
            if text.startswith("module "):
                file = sources.rpartition(_PACKAGE)[2].partition(":")[0] if _PACKAGE in sources else None
                start = number
            if text.startswith("endmodule"):
                found += [(file, start, number)] * (number - len(found))
            match = _SOURCE.search(text)
            sources = match[1] if match else sources
        return [(None, 0, 0), *found, *[(None, 0, 0)] * (len(self._lines) - len(found))]
