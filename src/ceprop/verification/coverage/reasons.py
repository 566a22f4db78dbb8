"""The bins that no comparison fills, and the places of the hardware that none reaches, each with its reason."""

import re
from dataclasses import dataclass

from ceprop.verification.coverage.hardware import Kind, Place

EMPTY: dict[tuple[str, str], str] = {
    ("wrap of counters", "wraps"): "2^32 events take hours in a simulation.",
    ("second nudged phase", "positive"): "The second nudge of a sample is always the negative one.",
    ("streams that wait together", "command and response"): "The testbench of a core sends a command only after the "
    "responses to the one before.",
}
"""Why a bin stays empty, by its point and its name."""


@dataclass(frozen=True)
class Silent:
    """Places with one reason.

    Fields
    ------
    kind : "line", "branch" or "toggle"
        The kind of the places.
    file, name : str
        Regular expressions for the whole file and for the whole name of a place.
    reason : str
        Why no comparison reaches them.
    """

    kind: Kind
    file: str
    name: str
    reason: str

    def has(self, place: Place) -> bool:
        """Return whether a place is one of these."""
        return (
            place.kind == self.kind
            and re.fullmatch(self.file, place.file) is not None
            and re.fullmatch(self.name, place.name) is not None
        )


def _bits(names: str, bits: str) -> str:
    """Return the expression for both directions of some bits of some signals."""
    return rf"({names})\[({bits})\] (0->1|1->0)"


_CONTROL = r"hdl/(core|control/\w+)\.py"

SILENT: tuple[Silent, ...] = (
    Silent(
        "branch",
        r"hdl/(control/(command_port|drive_prefetch|sequencer|sweep_table|sweep_walker)|neuron/(bias|event_lists))\.py",
        r".* choice (\d+) of \1",
        "The default of a selection. One of the other choices always holds.",
    ),
    Silent(
        "branch",
        r"hdl/neuron/event_lists\.py",
        r"length if source\[\d+\] cond_then",
        "The number of a layer, where an edge has one layer. It is always zero.",
    ),
    Silent(
        "toggle",
        r"hdl/(array|core|cell/synapse|control/\w+|neuron/neuron_edge)\.py",
        _bits(r"\w*saturat\w*|count", r"\d+"),
        "A count of values that saturate in one cycle. So many do not, or not in the lanes behind the third one, which "
        "only one core has on each edge.",
    ),
    Silent(
        "toggle",
        r"hdl/control/counters\.py",
        _bits("waiting_(samples|free_steps_executed|nudged_steps_executed|ties)", "[1-4]"),
        "Events that wait for the turn of their counter, which comes within 32 cycles. Two of one kind never wait at "
        "once.",
    ),
    Silent(
        "toggle",
        r"hdl/control/counters\.py",
        _bits("addend|rest", r"\d+"),
        "The upper bits of what has waited for a counter. Every value would have to saturate in every cycle.",
    ),
    Silent(
        "toggle",
        r"hdl/(core|control/\w+|neuron/event_lists)\.py",
        _bits(r"(lists__)?(active|changed)__\d|(active|changed)_count_\d", "2"),
        "The top bit of the length of a list. Only a layer whose units fill all its slots sets it, and these layers of "
        "the cores have fewer.",
    ),
    Silent(
        "toggle",
        r"hdl/(control/(loop_counter|sweep_walker|drive_prefetch)|lanes/input_lists)\.py",
        _bits("index|end|entry_address", r"\d+"),
        "The top bit of a place in a list, which only the length of the list needs. A place lies below the length.",
    ),
    Silent(
        "toggle",
        _CONTROL,
        _bits("(slots__)?column__?source", "0"),
        "The flag `sum` in the message to the neurons of the column edge. No sweep sets it.",
    ),
    Silent(
        "toggle",
        _CONTROL,
        _bits("slots__column_(source|sum)", "1|2|4|6"),
        "The core `single` has no neurons on the column edge, to which these messages go.",
    ),
    Silent(
        "toggle",
        r"hdl/control/drive_prefetch\.py",
        _bits("(slots|sweeps)__tile", "10"),
        "Two cores have a drive prefetch. Their memories of weights are so small that this bit of an address stays "
        "zero.",
    ),
    Silent(
        "toggle",
        r"hdl/control/sweep_(table|walker)\.py",
        _bits("line__beats__0", "5"),
        "A bit of the operand in the first beat of a visit. No sweep has such an operand there.",
    ),
    Silent(
        "toggle",
        r"hdl/(core|lanes/(row|column)_lanes|neuron/neuron_edge)\.py",
        _bits(r"cells__[34]__bundle|(neurons|operands)__4__dither", r"\d+"),
        "The lanes behind the third one belong to one core on each edge. Their few units do not send every value.",
    ),
    Silent(
        "toggle",
        r"hdl/lanes/input_(dither|lists)\.py",
        _bits(r"added_\d|late_dither_\d", "1[3-5]"),
        "The dither of an input is a constant times the number of the input. Few inputs do not set every bit.",
    ),
    Silent(
        "toggle",
        r"hdl/(core|control/(message_selector|sweep_walker)|neuron/neuron_cell)\.py",
        _bits("column__source|slots__column_source|after__source", "14"),
        "The top bit of a shift that only the input connection has. Its columns are inputs and no neurons.",
    ),
    Silent(
        "toggle",
        r"hdl/(core|io/trace_port|neuron/(neuron_cell|neuron_edge|step_status))\.py",
        _bits("column__neurons__1|column_late_1|(after__)?status", "8|21|44"),
        "The top bit of the second output of the core `wide`, which alone has states of nine bits, and of the largest "
        "output in the lane before. These outputs are below half of the range.",
    ),
)
"""The first entry that has a place gives its reason."""


def reason_of(place: Place) -> str | None:
    """Return why no comparison reaches a place, or None where no reason is known."""
    return next((silent.reason for silent in SILENT if silent.has(place)), None)
