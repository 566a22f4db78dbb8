"""The way of `step` messages through a lane, from their arrival to the last that a neuron does for them."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data

from ceprop.hdl.lanes.messages import COPIED, Operation
from ceprop.hdl.lanes.wavefront import carry


class StepPipeline:
    """The way of `step` messages through a lane: for every cycle behind the message's arrival whether there is one of a
    walk (`moves`, `learns`), its neuron's address (`place`), and whatever else is asked for. What is the same for all
    messages of a walk (`walk`) is kept from the first one on, for there is only one walk in a lane at a time.
    `learns_last`: there are walks that learn after the phase."""

    def __init__(self, m: Module, step: data.View, stages: int, beats: int, place: Value, learns_last: bool):
        self._m = m
        self._beats = beats
        self._learns_last = learns_last
        self.step = step
        self._stages = stages
        self.moves = self._strobes("moves", step.operation == Operation.STEP)
        self.learns = self._strobes("learns", step.operation == Operation.LEARN) if learns_last else []
        taken = Signal(name="step_taken")
        m.d.comb += taken.eq(step.operation != Operation.NONE)
        self.taken = taken
        strobes = [self.works(stage) for stage in range(1, stages + 1)]
        self._carriers = [taken, *strobes]
        self.place = self.fields("place", place)
        self.walk = Signal(data.StructLayout(dict.fromkeys(COPIED, 1)), name="walk")
        with m.If(taken):
            m.d.sync += [self.walk[name].eq(step[name]) for name in COPIED]

    def works(self, stage: int) -> Value:
        """A message of a walk, no reading or writing."""
        return self.moves[stage] | self.learns[stage] if self._learns_last else self.moves[stage]

    def _strobes(self, name: str, value: Value) -> list[Value]:
        found = [value]
        for stage in range(1, self._stages + 1):
            later = Signal(name=f"step_{name}_{stage}")
            self._m.d.sync += later.eq(found[-1])
            found.append(later)
        return found

    def fields(self, name: str, value: Value) -> list:
        """A value of the message at every stage."""
        return carry(self._m, value, self._carriers, self._beats, f"step_{name}")
