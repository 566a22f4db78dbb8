"""The steps and passes of a sample, in order, by `docs/numerics.md` (section 4) and `docs/architecture.md`."""

from collections.abc import Generator
from dataclasses import dataclass, field

from ceprop.hdl.control.sweeps import Pass
from ceprop.hdl.io.result import FreeEnd
from ceprop.specification import Geometry


@dataclass(frozen=True)
class Settings:
    """The settings of a sample."""

    free_steps: int
    nudged_steps: int
    learn: bool
    everything: bool


@dataclass(frozen=True)
class PassAction:
    """A pass over the weights."""

    kind: Pass
    anew: bool = False


@dataclass(frozen=True)
class StepAction:
    """A step of all layers (`whole`), or in alternating order a half-step of one edge, which is the column edge with
    `columns`. `fields` are those of its messages that matter. The nudge may have the `opposite` sign."""

    fields: dict[str, int]
    columns: bool = False
    whole: bool = False
    opposite: bool = False


@dataclass(frozen=True)
class Found:
    """What a step found."""

    changed: bool
    aperiodic: bool
    prediction: int
    tie: bool


NOTHING = Found(False, False, 0, False)
"""What is sent to the model after a pass, and after a step of which only the end matters."""

Action = PassAction | StepAction
Actions = Generator[Action, Found, None]


@dataclass
class SampleModel:
    """Leads samples through their phases.

    `bank` is that of the generators, which every sample takes over from the one before. With `swap`, current and
    previous states are exchanged. `result` has the fields of the result so far, and `executed` counts the whole steps
    of all samples."""

    geometry: Geometry
    bank: int = 0
    swap: bool = False
    executed: int = 0
    result: dict[str, int] = field(default_factory=dict)

    def actions(self, settings: Settings) -> Actions:
        """Yield the steps and passes of a sample. A step is sent what it found."""
        self.settings = settings
        self.specification = self.geometry.specification
        self.continual, self.centred = self.specification.continual, self.specification.centred
        names = ("prediction", "tie", "free_end", "free_steps", "nudged_steps", "nudged_settled")
        self.result = dict.fromkeys(names, 0)
        self.swap = self.blank = self.opposite = self.first_settled = False
        yield PassAction(Pass.DRIVE, True)
        if self.specification.alternating:
            yield from _Alternating(self).free()
        else:
            yield from _Synchronous(self).free()

    def step(self, *, nudged: bool, in_first: bool, first: bool, columns: bool = False) -> StepAction:
        """Return a step of the free or of a nudged phase. `in_first` means that it is part of the first step of its
        phase, `first` that all states are zero before it."""
        fields = {
            "first": first,
            "nudged": nudged,
            "keep": nudged and not self.continual and not in_first,
            "save": nudged and not self.opposite and in_first,
            "learn": False,
            "restore": False,
        }
        return StepAction({k: int(v) for k, v in fields.items()}, columns, opposite=self.opposite)

    def end_free_phase(self, found: Found, end: FreeEnd, steps: int) -> None:
        """Note how the free phase ended, and its prediction."""
        told = {"prediction": found.prediction, "tie": found.tie, "free_end": end.value, "free_steps": steps}
        self.result |= {name: int(value) for name, value in told.items()}

    def count_nudged_step(self, changed: bool, steps: int) -> None:
        """Note that a nudged step was executed, the `steps`-th of its phase."""
        self.executed += 1
        self.bank ^= int(changed)
        settled = not changed
        if self.centred:
            steps = self.result["nudged_steps"] + 1
            settled &= self.first_settled or not self.opposite
            if not self.opposite:
                self.first_settled = not changed
        self.result |= {"nudged_steps": steps, "nudged_settled": int(settled)}

    def end_nudged_phase(self, changed: bool, steps: int, restored: PassAction) -> Generator[Action, Found, bool]:
        """Learn. Returns whether a second phase follows, behind the pass `restored` where states were restored."""
        moved = changed or self.settings.everything
        if self.centred and not self.opposite:
            if steps > 1 or moved:
                yield from self._learn_and_restore(moved, restored)
            self.opposite = True
            return True
        if not self.continual:
            yield PassAction(Pass.UPDATE)
            yield StepAction({"learn": 1, "restore": 0}, whole=True, opposite=self.opposite)
        elif moved:
            yield PassAction(Pass.UPDATE)
        return False

    def _learn_and_restore(self, moved: bool, restored: PassAction) -> Actions:
        """Learn from the first phase of a centred nudge. Then all states are those at the end of the free phase."""
        self.blank = False
        if not self.continual:
            yield PassAction(Pass.UPDATE)
            yield StepAction({"learn": 1, "restore": 0}, whole=True)
        elif moved:
            yield PassAction(Pass.LEARN, True)
        yield StepAction({"learn": 0, "restore": 1, "nudged": 0, "first": 0, "keep": 0}, whole=True)
        yield restored


@dataclass
class _Synchronous:
    """All layers step together."""

    model: SampleModel

    def free(self) -> Actions:
        """The free phase, and what follows."""
        model, settings, steps = self.model, self.model.settings, 0
        last = NOTHING
        while True:
            before = last
            last = yield model.step(nudged=False, in_first=False, first=steps == 0)
            steps, model.executed = steps + 1, model.executed + 1
            period_2 = last.changed and not last.aperiodic
            moves = (last.changed and not period_2) or settings.everything
            if not moves or steps == settings.free_steps:
                break
            yield PassAction(Pass.SUMS, steps == 1)
        other_parity = period_2 and (settings.free_steps - steps) % 2 == 1
        end = FreeEnd.PERIOD_2 if period_2 else FreeEnd.OPEN if last.changed else FreeEnd.SETTLED
        model.end_free_phase(before if other_parity else last, end, steps)
        if not settings.learn:
            return
        model.swap, model.blank = other_parity, not last.changed and steps == 1
        if last.changed and not other_parity:
            yield PassAction(Pass.SUMS, steps == 1)
        while (yield from self._nudged()):
            pass

    def _nudged(self) -> Generator[Action, Found, bool]:
        """A nudged phase. Returns whether another one follows."""
        model, settings, steps = self.model, self.model.settings, 0
        while True:
            first = steps == 0
            found = yield model.step(nudged=True, in_first=first, first=first and model.blank)
            steps += 1
            model.swap = False
            model.count_nudged_step(found.changed, steps)
            if not (found.changed or settings.everything) or steps == settings.nudged_steps:
                break
            yield PassAction(Pass.LEARN, True)
        restored = PassAction(Pass.SUMS) if model.continual else PassAction(Pass.RESTORED, True)
        return (yield from model.end_nudged_phase(found.changed, steps, restored))


@dataclass
class _Alternating:
    """The layers of one edge step, then those of the other edge."""

    model: SampleModel

    @property
    def _outputs_on_columns(self) -> bool:
        geometry = self.model.geometry
        return geometry.edge(geometry.specification.connections[-1]) == "column"

    def free(self) -> Actions:
        """The free phase, and what follows."""
        model, settings, steps = self.model, self.model.settings, 0
        while True:
            found = yield model.step(nudged=False, in_first=steps == 0, first=steps == 0)
            steps += 1
            second = found.changed or steps == 1 or settings.everything
            if not second:
                model.executed += 1
                break
            yield PassAction(Pass.COLUMN_SUMS, steps == 1)
            found = yield model.step(nudged=False, in_first=steps == 1, first=steps == 1, columns=True)
            model.executed += 1
            if not (found.changed or settings.everything) or steps == settings.free_steps:
                break
            yield PassAction(Pass.ROW_SUMS, steps == 1)
        model.end_free_phase(found, FreeEnd.OPEN if found.changed else FreeEnd.SETTLED, steps)
        if not settings.learn:
            return
        if second and (found.changed or steps == 1):
            yield PassAction(Pass.ROW_SUMS, steps == 1)
        while (yield from self._nudged(settled=not found.changed)):
            pass

    def _nudged(self, settled: bool) -> Generator[Action, Found, bool]:
        """A nudged phase, behind a free phase that `settled` or did not. Returns whether another one follows."""
        model, settings, steps = self.model, self.model.settings, 0
        columns = self._outputs_on_columns
        while True:
            found = yield model.step(nudged=True, in_first=steps == 0, first=False, columns=columns)
            steps += 1
            moved, begins = found.changed, steps == 1 and not model.opposite
            if begins and settled and not moved and not settings.everything:
                model.count_nudged_step(False, steps)
                model.opposite = model.centred
                return model.centred
            other_sums = Pass.ROW_SUMS if columns else Pass.COLUMN_SUMS
            yield PassAction(other_sums) if begins else PassAction(Pass.RENEW, True)
            found = yield model.step(nudged=True, in_first=steps == 1, first=False, columns=not columns)
            changed = moved or found.changed
            model.count_nudged_step(changed, steps)
            if not (changed or settings.everything) or steps == settings.nudged_steps:
                break
            yield PassAction(Pass.LEARN, True)
        kept = PassAction(Pass.COLUMN_SUMS if columns else Pass.ROW_SUMS)
        restored = kept if model.continual else PassAction(Pass.RESTORED, True)
        return (yield from model.end_nudged_phase(changed, steps, restored))
