"""Every comparison of a unit's bench is awake: where an output of the unit is wrong, the bench names it.

The benches run once in a simulator, which writes down what the hardware answered. They run again without a simulator,
from what was written down, with a fault in one output each time. Most faults are those of a broken wire: a bit that is
always 0, or always 1.
"""

import json
import re
from collections.abc import Awaitable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from amaranth.lib import wiring

from ceprop.common.scratch import private_folder
from ceprop.hdl.export import checked_verilog
from ceprop.sim.commands import Design
from ceprop.sim.run import Bench, simulate
from ceprop.sim.simulators import find_simulator
from ceprop.sim.units import units_of
from ceprop.sim.units.cell import Cell, Cycle
from ceprop.sim.units.ports import Port, ports
from ceprop.sim.units.registry import UNITS
from ceprop.sim.units.runner import TOP, VARIABLE, Bundle, UnitJob
from ceprop.specification import Geometry
from ceprop.verification.part_specifications import TINY

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("recorded units")]

SEED = 5
LEARNS_LAST = TINY.override("rule='vf'")
"""Few bits, two drives, alternating order; biases learn at the end of a phase. So it has every unit, and every bench
makes all its comparisons."""
GEOMETRY = Geometry(LEARNS_LAST)

SHORT = {
    "arithmetic": {"_EXHAUSTIVE_BITS": 6},
    "column": {"_SAMPLES": 3},
    "command_port": {"_COMMANDS": 40},
    "drive_prefetch": {"_CYCLES": 600},
    "inputs": {"_SAMPLES": 10},
    "memories": {"_EXHAUSTIVE_CASES": 64, "_RANDOM_CASES": 60},
    "neuron": {"_ROUNDS": 14},
    "parts": {"_CASES": 150},
    "sample_loader": {"_CYCLES": 600},
    "sequencer": {"_SAMPLES": 25},
    "state_update": {"_STEPS": 8},
    "step_walker": {"_WALKS": 40},
    "synapse": {"_SLOTS": 400, "_EXHAUSTIVE_CASES": 0},
}
"""The benches are shorter here, because each runs some dozens of times."""
CONSTANTS = {f"ceprop.sim.units.{module}": values for module, values in SHORT.items()}

Outputs = dict[str, int]


@dataclass(frozen=True)
class Fault:
    """The lowest bit of an output, or of a `field` of its message, is `stuck` at a value, or inverted if that is None.
    With `when`, a field of the same message and its value, this is so only in cycles in which the field has it."""

    port: str
    field: str | None = None
    stuck: int | None = None
    when: tuple[str, int] | None = None

    def apply(self, port: Port, outputs: Outputs) -> Outputs:
        """The outputs of a cycle with the fault."""
        bits = outputs.get(self.port)
        if bits is None or (self.when and port.unpack(bits)[self.when[0]] != self.when[1]):
            return outputs
        place = 0 if self.field is None else fields_of(port)[self.field][0]
        wrong = bits ^ 1 << place if self.stuck is None else bits & ~(1 << place) | self.stuck << place
        return outputs | {self.port: wrong}


def fields_of(port: Port) -> dict[str, tuple[int, int]]:
    """The fields of a message that have bits: offset and width by name."""
    fields = port._fields or {}
    return {name: (offset, shape.width) for name, (offset, shape) in fields.items() if shape.width}


@cache
def component(name: str) -> wiring.Component:
    """A unit, of which only the ports and the parameters are used."""
    return UNITS[name].build(GEOMETRY)


class ReplayedCell(Cell):
    """A unit whose answers are those that a simulator has written down, but for a fault."""

    def __init__(self, name: str, answers: list[list[Outputs]], fault: Fault | None):
        super().__init__(None, name, component(name), GEOMETRY, SEED)
        self._answers, self._fault = iter(answers), fault

    async def play(self, cycles: Iterable[Cycle], *, undefined: Collection[str] = ()) -> list[Outputs]:
        answers, fault = next(self._answers), self._fault
        assert len(list(cycles)) == len(answers)
        return answers if fault is None else [fault.apply(self._outputs[fault.port], outputs) for outputs in answers]


def run(work: Awaitable[None]) -> None:
    """Run what waits for nothing, because no simulator is there."""
    for _ in work.__await__():
        raise RuntimeError("the bench waits for a simulator")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[Outputs]]]:
    """What the units answered in a simulator, by their name."""
    file = tmp_path_factory.mktemp("units") / "answers"
    names = units_of(LEARNS_LAST)
    verilog, checks = checked_verilog(Bundle({name: UNITS[name].build(GEOMETRY) for name in names}), TOP)
    record = json.dumps({"file": str(file), "constants": CONSTANTS})
    job = UnitJob(LEARNS_LAST, tuple(names), SEED, checks).text()
    bench = Bench("recorded_units", {VARIABLE: job, "CEPROP_TEST_RECORD": record})
    with pytest.MonkeyPatch.context() as patch, private_folder() as place:
        patch.syspath_prepend(Path(__file__).parent / "simulated")
        simulate(find_simulator("icarus"), Design(TOP, verilog), bench, place, None)
    found: dict[str, list[list[Outputs]]] = {name: [] for name in names}
    for line in file.read_text(encoding="utf-8").splitlines():
        name, outputs = json.loads(line)
        found[name].append(outputs)
    return found


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benches run as they did in the simulator."""
    for module, constants in CONSTANTS.items():
        for name, value in constants.items():
            monkeypatch.setattr(import_module(module), name, value)


def complaint(name: str, answers: list[list[Outputs]], fault: Fault | None) -> str | None:
    """What the bench of a unit says with a fault."""
    try:
        run(UNITS[name].bench(ReplayedCell(name, answers, fault)))
    except AssertionError as error:
        return str(error)
    return None


NAMED = {
    "next_random": {"next_values": "after 0x"},
    "multiplier": {"product": " times "},
    "activation_row": {"state": "activation of "},
    "activation_column": {"state": "activation of "},
    "skew_registers": {f"delayed__{lane}": f"lane {lane} " for lane in range(3)},
    "align_registers": {f"delayed__{lane}": f"lane {lane} " for lane in range(2)},
    "memory": {"read_data": "address "},
    "fifo": {"out__valid": "word", "out__payload": "word "},
    "fifo_of_one": {"out__valid": "word", "out__payload": "word "},
    "synapse": {
        "east__partial_sum": "sum to the east in",
        "east_now__partial_sum": "sum to the east in",
        "south__partial_sum": "sum to the south in",
        "south_now__partial_sum": "sum to the south in",
        "east__saturations": "saturations to the east in",
        "east_now__saturations": "saturations to the east_now in",
        "east__bundle": "bundle to the east in",
        "south__bundle": "bundle to the south in",
        "east_now__bundle": "bundle past the east in",
        "south_now__bundle": "bundle past the south in",
    },
    "trace_port": {"trace__valid": "position__room"},
    "neuron_row": {"saturated": "saturated biases"},
    "neuron_column": {"saturated": "saturated biases"},
}
"""What the benches call outputs that they do not name like the port."""

UNUSED = {
    "accumulator": {"read_second"},  # It has one sum.
    "accumulator_separate_read": {"read_second"},
    "command_port": {"messages__row_step.layer", "messages__column_step.layer"},  # Each edge has one layer.
    "event_lists_column": {"slot"},  # The layer has one slot.
    "step_walker": {
        # A step has no space, and the column edge has one slot, of the output layer.
        *(f"messages__{edge}.space" for edge in ("row", "column")),
        *(f"messages__column.{name}" for name in ("last", "layer_last", "output", "remaining")),
    },
    "sweep_walker": {
        # The tile tells a column lane what is a sum, and the layer of the column edge has one slot.
        *("slots__column_source.sum", "slots__column_source.index"),
        # The drive prefetch has the drives, and only a command selects a lane.
        *("slots__row_sum.drive", "slots__tile.lane"),
    },
}
"""Outputs, and fields of them, that differ from one value only in cycles in which they mean nothing in this network."""


SOMETIMES = {
    "sample_loader": [Fault("inputs__event", "bank", when=("closes", 1))],
}
"""Faults that appear only in some cycles, where a bench compares a wire twice."""


def stuck_wires(name: str, answers: list[list[Outputs]]) -> Iterator[Fault]:
    """Every output of a unit and every field of its message, stuck at either value, but for the value that it always
    has."""
    for port_name, port in ports(component(name))[1].items():
        for field in fields_of(port) or ([None] if port.width else []):
            if (f"{port_name}.{field}" if field else port_name) in UNUSED.get(name, ()):
                continue
            for fault in (Fault(port_name, field, value) for value in (0, 1)):
                if any(fault.apply(port, outputs) != outputs for played in answers for outputs in played):
                    yield fault


@pytest.mark.parametrize("name", UNITS)
def test_every_wrong_wire_is_named(name: str, answers: dict[str, list[list[Outputs]]]) -> None:
    assert complaint(name, answers[name], None) is None
    unseen = {}
    for fault in (*stuck_wires(name, answers[name]), *SOMETIMES.get(name, ())):
        text = NAMED.get(name, {}).get(fault.port, f", {fault.port}: ")
        found = complaint(name, answers[name], fault)
        if not re.fullmatch(rf"{name}: .*{re.escape(text)}.*model .*, hardware .* \(seed {SEED}\)", found or ""):
            unseen[fault] = found
    assert not unseen
