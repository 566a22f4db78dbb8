"""Every check of a contract between parts fires where the contract is broken; delivered Verilog has no checks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from amaranth.hdl import ClockDomain, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out
from amaranth.sim import Simulator

from ceprop import Specification
from ceprop.hdl import Core, generate
from ceprop.hdl.cell.synapse import OPERAND_STAGE, SynapseCell, write_stage
from ceprop.hdl.checks import Check, check_stream, violated_names, with_checks
from ceprop.hdl.control.arbiter import Arbiter
from ceprop.hdl.control.drive_prefetch import DrivePrefetch
from ceprop.hdl.control.drives import DriveStart
from ceprop.hdl.control.message_selector import MessageSelector
from ceprop.hdl.control.response_collector import ReadLatencies, ResponseCollector
from ceprop.hdl.control.status_collector import StatusCollector
from ceprop.hdl.control.step_walker import StepWalker
from ceprop.hdl.control.sweep_walker import SweepWalker
from ceprop.hdl.io.fifo import Fifo
from ceprop.hdl.io.sample_loader import SampleLoader
from ceprop.hdl.io.trace_port import TRACE_DEPTH, TracePort
from ceprop.hdl.lanes.input_lists import InputLists
from ceprop.hdl.lanes.messages import Operand, Operation, Space
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.hdl.neuron.accumulator import Accumulator
from ceprop.hdl.neuron.event_lists import EventLists
from ceprop.hdl.neuron.generator import GeneratorBanks
from ceprop.hdl.neuron.running_sums import RunningSums
from ceprop.hdl.streams import stream_of
from ceprop.hdl.typing import Interface
from ceprop.specification import Geometry


def geometry(**array: int) -> Geometry:
    fields = {"layers": [9, 6, 3], "update": {"shifts": [7, 7]}, "array": {"rows": 2, "cols": 2, "trace": True} | array}
    return Geometry(Specification.from_mapping(fields))


TWO_DRIVES = geometry(drives=2)
ONE_PORT = geometry(memory_ports=1, drives=1)


class Source(wiring.Component):
    """A stream whose reader checks that it keeps what it offers."""

    output: Interface

    def __init__(self) -> None:
        super().__init__({"output": Out(stream_of(4))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        check_stream(m, "stream", self.output)
        return m


Inputs = Mapping[str, int | Mapping[str, int]]
"""What the inputs of a part are in a cycle: a number, or fields of a message; what is left out is zero."""


@dataclass(frozen=True)
class Fault:
    """Cycles that break a contract of a part."""

    part: Callable[[], wiring.Component]
    cycles: Sequence[Inputs]


def then(*cycles: Inputs, pause: int = 0) -> list[Inputs]:
    """The first cycle, a pause, the others."""
    return [cycles[0], *[{}] * pause, *cycles[1:]]


STEP = {"operation": Operation.STEP.value}
READ = {"operation": Operation.READ.value}
SUM_DELAY = 3
UPDATES = lane_stages(TWO_DRIVES).address - 1

FAULTS = {
    "fifo_overflow": [
        Fault(lambda: Fifo(4, 1), [{"write": 1}] * 2),
        Fault(lambda: Fifo(4, 4), [{"write": 1}] * 9),
    ],
    "trace_beat_lost": [
        Fault(
            lambda: TracePort(TWO_DRIVES, {"row": 1, "column": 1}),
            [{"position__layer": 1, "position__stepping": 1}] * (TRACE_DEPTH + 4),
        )
    ],
    "work_begins_without_a_sample": [Fault(lambda: SampleLoader(TWO_DRIVES), [{"start__begin": 1}])],
    "changed_list_overflow": [
        Fault(lambda: EventLists(TWO_DRIVES, "row"), [{"stepped__valid": 1, "stepped__changed": 1}] * 4)
    ],
    "active_list_overflow": [
        Fault(lambda: EventLists(TWO_DRIVES, "row"), [{"stepped__valid": 1, "stepped__active": 1}] * 4)
    ],
    "input_list_overflow": [Fault(lambda: InputLists(TWO_DRIVES, 0), [{"event": {"valid": 1}, "value": 1}] * 8)],
    "additions_to_one_sum_two_cycles_apart": [
        Fault(lambda: Accumulator(4, [8], 4), then({"valid": 1}, {"valid": 1}, pause=1)),
        Fault(lambda: Accumulator(4, [8, 9], 4), then({"valid": 1}, {"valid": 1, "second": 1}, {"valid": 1})),
    ],
    "step_and_sum_meet_at_one_port": [
        Fault(lambda: RunningSums(TWO_DRIVES, "row", SUM_DELAY), [{"arriving": {"valid": 1}}, {"step": READ}])
    ],
    "step_reads_a_sum_that_is_added_to": [
        Fault(
            lambda: RunningSums(TWO_DRIVES, "row", SUM_DELAY),
            then({"arriving": {"valid": 1}}, {"step": STEP}, pause=late),
        )
        for late in (1, 2)
    ],
    "write_without_its_read": [
        Fault(
            lambda: SynapseCell(TWO_DRIVES),
            [{"west__bundle": {"write_present": 1, "write_slot": 1}, "north__bundle": {"write_enable": 1}}],
        )
    ],
    "read_meets_a_write": [
        Fault(
            lambda: SynapseCell(ONE_PORT),
            then(
                {"west__bundle": {"write_present": 1}, "north__bundle": {"write_enable": 1}},
                {"north__bundle": {"sum": 1}},
                pause=OPERAND_STAGE - 1,
            ),
        ),
        Fault(
            lambda: SynapseCell(ONE_PORT),
            [{"west__bundle": {"write_present": 1}, "north__bundle": {"write_enable": 1}}] * (write_stage(1) + 1),
        ),
    ],
    "step_starts_in_a_step": [Fault(lambda: StepWalker(TWO_DRIVES), [{"command__start": 1}] * 2)],
    "pass_starts_in_a_pass": [Fault(lambda: SweepWalker(TWO_DRIVES), [{"command__start": 1, "command__kind": 2}] * 2)],
    "lists_of_a_sample_lost": [
        Fault(lambda: DriveStart(ONE_PORT), [{"listed__complete": 1}] * 2),
        Fault(lambda: DrivePrefetch(TWO_DRIVES, 4), [{"listed__complete": 1}] * 4),
    ],
    "status_in_the_cycle_that_clears": [
        Fault(lambda: StatusCollector(TWO_DRIVES), [{"start": 1}, {"row__status": {"valid": 1}}]),
        Fault(lambda: StatusCollector(TWO_DRIVES), [{"start": 1}, {"column__status": {"valid": 1}}]),
    ],
    "word_is_read_while_a_step_ends": [
        Fault(lambda: GeneratorBanks(TWO_DRIVES, "row"), [{"ending": 1, "next_step": READ}])
    ],
    "dither_is_read_while_a_step_reads": [
        Fault(
            lambda: GeneratorBanks(TWO_DRIVES, "row"),
            [{"source": {"operand": Operand.STATE.value}}] * 12 + [{"ending": 1}],
        ),
        Fault(
            lambda: GeneratorBanks(TWO_DRIVES, "row"),
            [{"source": {"operand": Operand.STATE.value}}] * 12 + [{"next_step": STEP}],
        ),
    ],
    "sample_and_command_at_once": [Fault(Arbiter, [{"sequencer__begin": 1, "commands__idle": 0}])],
    "step_message_lost_to_a_command": [
        Fault(
            lambda: MessageSelector(TWO_DRIVES, {"row": 1, "column": 1}),
            [{"commands__busy": 1, f"steps__{edge}": STEP}],
        )
        for edge in ("row", "column")
    ],
    "slot_lost_to_a_command": [
        Fault(
            lambda: MessageSelector(TWO_DRIVES, {"row": 1, "column": 1}), [{"slots__walking": 1}, {"commands__busy": 1}]
        )
    ],
    "words_of_two_groups_meet": [
        Fault(
            lambda: ResponseCollector(TWO_DRIVES, ReadLatencies(3, 2, 1)),
            [{"reading": 1, "space": Space.BIAS.value}, {"reading": 1, "space": Space.BIAS.value, "column": 1}],
        ),
        Fault(
            lambda: ResponseCollector(TWO_DRIVES, ReadLatencies(3, 2, 1)),
            then({"reading": 1, "space": Space.BIAS.value}, {"sending": 1}, pause=1),
        ),
    ],
}
"""Faults for every check, by its name."""

STREAMS = ("response", "result", "trace")


def violated(part: wiring.Component, cycles: Sequence[Inputs]) -> list[str]:
    """Names of the checks of a part that the cycles violate."""
    design = with_checks(part)
    top = Module()
    top.domains.sync = ClockDomain("sync")
    top.submodules.design = design.top
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    inputs = {"__".join(map(str, path)): value for path, _, value in part.signature.flatten(part)}
    found: list[str] = []

    async def bench(context: Any) -> None:
        for cycle in [*cycles, *[{}] * 20]:
            for name, value in inputs.items():
                if name not in cycle:
                    continue
                wanted = cycle[name]
                if isinstance(wanted, int):
                    context.set(Value.cast(value), wanted)
                else:
                    context.set(Value.cast(value), 0)
                    for field, number in wanted.items():
                        context.set(Value.cast(value[field]), number)
            await context.tick()
            for name in cycle:
                context.set(Value.cast(inputs[name]), 0)
        bits = context.get(design.violations)
        found.extend(violated_names(design.names, f"{bits:0{len(design.violations)}b}"))

    simulator.add_testbench(bench)
    simulator.run()
    return [name.rpartition(".")[2] for name in found]


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name, faults in FAULTS.items() for number in range(len(faults))]
)
def test_a_broken_contract_is_reported(name: str, number: int) -> None:
    fault = FAULTS[name][number]
    assert name in violated(fault.part(), fault.cycles)


@pytest.mark.parametrize("name", FAULTS)
def test_a_part_at_rest_violates_nothing(name: str) -> None:
    assert violated(FAULTS[name][0].part(), [{}]) == []


def test_a_stream_that_withdraws_what_it_offers_is_reported() -> None:
    offered = {"output__valid": 1, "output__payload": 5}
    assert violated(Source(), [offered, offered | {"output__payload": 6}]) == ["stream_changed_while_it_waited"]
    assert violated(Source(), [offered, {}]) == ["stream_changed_while_it_waited"]
    assert violated(Source(), [offered, offered | {"output__ready": 1}, {}]) == []


@pytest.mark.parametrize("geometry", [TWO_DRIVES, ONE_PORT], ids=["two-drives", "one-port"])
def test_every_check_of_a_core_has_a_fault(geometry: Geometry) -> None:
    names = {name.rpartition(".")[2] for name in with_checks(Core(geometry)).names}
    assert names <= FAULTS.keys() | {f"{name}_changed_while_it_waited" for name in STREAMS}


def test_every_fault_is_of_a_core() -> None:
    cores = (with_checks(Core(each)).names for each in (TWO_DRIVES, ONE_PORT))
    assert FAULTS.keys() <= {name.rpartition(".")[2] for names in cores for name in names}


@pytest.mark.slow
def test_delivered_verilog_has_no_trace_of_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    delivered = generate(TWO_DRIVES.specification)
    checked = generate(TWO_DRIVES.specification, checks=True)
    assert "violat" in checked.verilog
    assert checked.manifest == delivered.manifest | {"checks": checked.manifest["checks"]}
    monkeypatch.setattr(Check, "elaborate", lambda check, platform: Module())
    assert generate(TWO_DRIVES.specification).verilog == delivered.verilog


def test_unknown_bits_are_reported() -> None:
    assert violated_names(["a", "b", "c"], "x10") == ["b", "c"]
