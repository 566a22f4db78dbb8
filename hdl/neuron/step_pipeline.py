"""The step pipeline: the fields of `step` messages at every stage of a lane, from their arrival to the last thing that
a neuron does for them."""

from dataclasses import dataclass

from amaranth.hdl import Module, Signal, Value

from ceprop.hdl.lanes.hop import follow
from ceprop.hdl.lanes.messages import COPIED, Operation
from ceprop.hdl.neuron.signatures import WalkFields
from ceprop.hdl.typing import Fields


@dataclass(frozen=True)
class StepPipeline:
    """Step messages in a lane: element `k` of each list belongs to the message that arrived `k` cycles before.

    Attributes
    ----------
    steps, learns : list
        The message asks for a new state; it asks the bias to learn. `learns` is empty where no message does.
    address : list
        The neuron, :func:`ceprop.hdl.neuron.signatures.neuron_address`.
    space, drive, output, remaining, last, layer_last : list
        Fields of the message; they mean something only where there is a message.
    walk : view
        The fields in `COPIED`, which are the same for all messages of a walk: they are kept from the first message on,
        because there is only one walk in a lane at a time.
    """

    steps: list[Value]
    learns: list[Value]
    address: list[Fields]
    space: list[Value]
    drive: list[Value]
    output: list[Value]
    remaining: list[Value]
    last: list[Value]
    layer_last: list[Value]
    walk: Fields

    def works(self, stage: int) -> Value:
        """The message is one of a walk: no word is read or written."""
        return self.steps[stage] | self.learns[stage] if self.learns else self.steps[stage]


def step_pipeline(
    m: Module, step: Fields, address: Fields, stages: int, beats: int, *, learns_last: bool
) -> StepPipeline:
    """The pipeline of a lane's `step` messages, for the neuron at `address`, over a number of `stages`. Messages come
    no closer than every `beats` cycles; with `learns_last` some ask biases to learn at the end of a phase."""
    taken = Signal(name="step_taken")
    walk: Fields = Signal(WalkFields, name="walk")
    m.d.comb += taken.eq(step.operation != Operation.NONE)
    with m.If(taken):
        m.d.sync += [walk[name].eq(step[name]) for name in COPIED]
    steps = _strobes(m, "steps", step.operation == Operation.STEP, stages)
    learns = _strobes(m, "learns", step.operation == Operation.LEARN, stages) if learns_last else []
    works = [one | other for one, other in zip(steps, learns, strict=True)] if learns_last else steps
    strobes = [taken, *works[1:]]
    names = ("space", "drive", "output", "remaining", "last", "layer_last")
    fields = {name: follow(m, step[name], strobes, beats, f"step_{name}") for name in names}
    return StepPipeline(steps, learns, follow(m, address, strobes, beats, "step_address"), walk=walk, **fields)


def _strobes(m: Module, name: str, value: Value, stages: int) -> list[Value]:
    """A flag at every stage, with a reset: it must not be true before the first message has come."""
    found = [value]
    for stage in range(1, stages + 1):
        later = Signal(name=f"step_{name}_{stage}")
        m.d.sync += later.eq(found[-1])
        found.append(later)
    return found
