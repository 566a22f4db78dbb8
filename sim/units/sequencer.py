"""Bench of the sequencer. The bench stands for the walkers, the edges and the drive: it answers each pass and each step
after a random time with random findings. What the sequencer asks for, and in which cycle, is compared with a model of a
sample."""

from collections import defaultdict
from typing import Any

from ceprop.hdl.control.orders import make_sequencer
from ceprop.hdl.control.sequencer import STEPPED_DELAY, SWEPT_DELAY, Sequencer
from ceprop.hdl.control.sweeps import program
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.sample_model import (
    NOTHING,
    Action,
    Actions,
    Found,
    PassAction,
    SampleModel,
    Settings,
    StepAction,
)
from ceprop.sim.units.step_statuses import StepStatuses
from ceprop.specification import Edge, Geometry

RETURN_CYCLES: dict[Edge, int] = {"row": 4, "column": 6}
DRAIN_CYCLES = 9
"""The bench works with any cycles."""
STATUS_STAGE = 2
"""Cycles from the last message of a step to its first status here. In a core they are more."""
_SAMPLES = 120
_STROBES = {
    "sweep__start": 0,
    "step__start": 0,
    "result__valid": 0,
    "sample__begin": 0,
    "sample__idle": 0,
    "drive__take": 0,
    "progress__finished": 0,
    "progress__finished_step": 0,
    "progress__working": 1,
}
"""Outputs that are compared in every cycle, with their values while a sample is at work and nothing begins."""


def sequencer_of(geometry: Geometry) -> Sequencer:
    """Return the sequencer of a geometry."""
    cycles: dict[Edge, int] = {edge: RETURN_CYCLES[edge] for edge in RETURN_CYCLES if geometry.layers(edge)}
    return make_sequencer(geometry, cycles, DRAIN_CYCLES)


async def bench_sequencer(cell: Cell) -> None:
    """Lead samples with few steps through their phases, with and without learning, and with `everything`."""
    model = SampleModel(cell.geometry)
    for number in range(_SAMPLES):
        await _Sample(cell, model, number).run()


class _Sample:
    """One sample. `now` counts its cycles, and `due` has the inputs of cycles to come."""

    def __init__(self, cell: Cell, model: SampleModel, number: int):
        self.cell, self.model, self.number, self.random = cell, model, number, cell.random
        self.settings = Settings(
            self.random.randint(1, 5), self.random.randint(1, 4), self.random.random() < 0.8, self.random.random() < 0.2
        )
        self.program = program(cell.geometry)
        self.alternating = cell.specification.alternating
        self.now, self.busy_until = 0, -1
        self.due: defaultdict[int, dict[str, Any]] = defaultdict(dict)
        self.lists: dict[str, int] = {}
        self.status = StepStatuses(cell)

    async def run(self) -> None:
        """Lead the sample from the cycle in which it waits to the cycle in which its result is taken."""
        inputs, expected = await self._begin()
        actions = self.model.actions(self.settings)
        action = _following(actions, None)
        while True:
            while isinstance(action, PassAction) and not self.program.stretches[action.kind]:
                action = _following(actions, NOTHING)
            await self._cycle(inputs, expected | self._started(action))
            if action is None:
                break
            banks = {"banks__swap": int(self.model.swap), "banks__bank": self.model.bank}
            executed = self.model.executed
            if isinstance(action, PassAction):
                action, launch = await self._pass(action, actions, banks)
                inputs, expected = {}, {}
            else:
                nudged = action.fields.get("nudged", 0)
                found, launch = await self._step(action, banks)
                whole, action = action.whole, _following(actions, found)
                counted = self.model.executed - executed
                inputs, expected = {}, {} if whole else {"progress__finished_step": counted, "progress__nudged": nudged}
            while self.now < launch:
                await self._cycle({}, {})
        await self._end()

    async def _cycle(self, inputs: dict[str, Any], expected: dict[str, Any]) -> None:
        """Play one cycle, and compare the outputs in `expected` and all strobes."""
        settings = self.settings
        played = {f"settings__{name}": int(getattr(settings, name)) for name in ("free_steps", "nudged_steps", "learn")}
        played |= {"settings__everything": int(settings.everything), "sweep__busy": int(self.now <= self.busy_until)}
        (outputs,) = await self.cell.play([played | self.due.pop(self.now, {}) | inputs])
        for port, value in (_STROBES | {"drive__open": int(not settings.learn)} | expected).items():
            found = self.cell.output(outputs, port)
            if isinstance(value, dict):
                found = {name: found[name] for name in value}
            self.cell.equal(f"sample {self.number} ({settings}), cycle {self.now}, {port}", found, value)
        self.now += 1

    async def _begin(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Wait for a sample and for its drive. Returns inputs and outputs of the cycle in which the drive is taken."""
        random = self.random
        rest = {"sample__idle": 1, "drive__open": 0}
        for _ in range(random.choice((0, 0, 2))):
            await self._cycle({}, rest | {"progress__working": 0})
        await self._cycle({"sample__waits": 1}, rest | {"sample__begin": 1})
        for _ in range(random.choice((0, 1, 3))):
            listed = random.getrandbits(1)
            await self._cycle({"drive__listed": listed}, {"progress__working": listed, "drive__open": 1})
        events = random.getrandbits(self.cell.width("drive__events"))
        self.lists["lists__events"] = events
        taken = {"drive__listed": 1, "drive__ready": 1, "drive__events": events}
        return taken, {"drive__take": 1, "drive__open": 1}

    def _started(self, action: Action | None) -> dict[str, int]:
        """Return what begins in the present cycle."""
        if isinstance(action, StepAction):
            return {"step__start": 1} | self._edge(action)
        if action is None:
            return {}
        return {"sweep__start": 1, "sweep__kind": action.kind.value, "sweep__anew": int(action.anew)}

    def _edge(self, action: StepAction) -> dict[str, int]:
        """Return the edge of a half-step."""
        return {"step__columns": int(action.columns)} if self.alternating and not action.whole else {}

    async def _pass(self, action: PassAction, actions: Actions, banks: dict[str, int]) -> tuple[Action | None, int]:
        """Answer a pass. Returns what follows, and the cycle in which its sums are back."""
        start, following = self.now - 1, _following(actions, NOTHING)
        length = self.random.randint(1, 6)
        releases = any(sweep.releases for sweep in self.program.of(action.kind))
        released = self.random.randint(1, length) if releases else length
        self.busy_until = start + length
        self.due[start + released] |= {"sweep__released": 1}
        self.due[start + length] |= {"sweep__done": 1}
        whole = not isinstance(following, StepAction) or following.whole
        ended = start + (length if whole else released)
        while self.now <= ended:
            await self._cycle({}, banks | self.lists)
        if self.alternating and isinstance(following, StepAction) and not whole:
            returns = RETURN_CYCLES["column" if following.columns else "row"]
        else:
            returns = DRAIN_CYCLES
        return following, ended + SWEPT_DELAY + returns

    async def _step(self, action: StepAction, banks: dict[str, int]) -> tuple[Found, int]:
        """Answer a step. Returns what it found, and the cycle of the decision."""
        start = self.now - 1
        done = start + self.random.randint(1, 6)
        self.due[done] |= {"step__done": 1}
        asked = {f"step__{name}": value for name, value in action.fields.items()}
        asked |= self._edge(action) | banks | {"sign__opposite": int(action.opposite)}
        found, last = NOTHING, done
        if not action.fields["learn"]:
            edges = self._edges(action)
            found, statuses = self.status.draw(edges, first=bool(action.fields["first"]))
            last = done + STATUS_STAGE - 1 + len(statuses)
            for number, (inputs, lengths) in enumerate(statuses, last + 1 - len(statuses)):
                self.due[number] |= inputs
                self.lists |= lengths
        while self.now <= done:
            await self._cycle({}, asked)
        if action.fields["learn"]:
            return found, done + STEPPED_DELAY + DRAIN_CYCLES
        complete = max(last + 1, done + STEPPED_DELAY + 1, self.busy_until + 1)
        return found, complete + 1

    def _edges(self, action: StepAction) -> list[Edge]:
        """Return the edges of a step."""
        if self.alternating and not action.whole:
            return ["column" if action.columns else "row"]
        return ["row", "column"] if self.cell.geometry.layers("column") else ["row"]

    async def _end(self) -> None:
        """Take the result, at once or later."""
        result = {"result__valid": 1, "result__payload": self.model.result, "drive__open": 0}
        for _ in range(self.random.choice((0, 0, 2))):
            await self._cycle({}, result | {"progress__working": 0})
        finished = {"progress__finished": 1, "progress__tie": self.model.result["tie"]}
        await self._cycle({"result__ready": 1}, result | finished)


def _following(actions: Actions, found: Found | None) -> Action | None:
    """Return the next action of a sample, from what the last one found, or None."""
    try:
        return next(actions) if found is None else actions.send(found)
    except StopIteration:
        return None
