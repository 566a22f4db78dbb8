"""What a new state means: for the lists of its lane, and for the status chain."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring

from ceprop.hdl.delay import delay
from ceprop.hdl.neuron.event_lists import EventLists
from ceprop.hdl.neuron.state_memory import States
from ceprop.hdl.neuron.step_pipeline import StepPipeline
from ceprop.hdl.neuron.step_status import StepStatus

STATUS_DELAY = 2
"""Cycles from a new state to its status."""


def list_unit(m: Module, pipeline: StepPipeline, stage: int, states: States, lists: EventLists) -> None:
    """Put a unit that changed or is active onto its lists, one cycle after its new state, which comes at a `stage` of
    the pipeline."""
    walk, stepped, listed = pipeline.walk, lists.stepped, stage + 1
    changed, active = Signal(name="listed", reset_less=True), Signal(name="active", reset_less=True)
    m.d.sync += [
        changed.eq((states.new != states.kept) | walk.everything),
        active.eq((states.new != 0) | (states.kept != 0) | walk.everything),
    ]
    m.d.comb += [
        stepped.valid.eq(pipeline.steps[listed]),
        stepped.first.eq(delay(m, pipeline.address[stage].slot == 0, 1, "first_of_layer")),
        stepped.index.eq(pipeline.address[listed].slot),
        stepped.layer.eq(pipeline.address[listed].layer),
        stepped.changed.eq(changed),
        stepped.active.eq(active),
    ]


def report_status(
    m: Module, pipeline: StepPipeline, stage: int, states: States, lists: EventLists, status: StepStatus
) -> None:
    """Tell the status chain of a new state, `STATUS_DELAY` cycles after it; the new state comes at a `stage` of the
    pipeline."""
    reported, neuron = stage + STATUS_DELAY, status.neuron
    changed, aperiodic = Signal(name="changed", reset_less=True), Signal(name="aperiodic", reset_less=True)
    m.d.sync += [changed.eq(states.new != states.old), aperiodic.eq(states.new != states.older)]
    competes = pipeline.output[reported - 1] & (pipeline.remaining[reported - 1] != 0)
    wiring.connect(m, lists.lengths, status.lengths)
    m.d.comb += [
        neuron.valid.eq(pipeline.steps[reported]),
        neuron.layer.eq(pipeline.address[reported].layer),
        neuron.last.eq(pipeline.last[reported]),
        neuron.layer_last.eq(pipeline.layer_last[reported]),
        neuron.remaining.eq(pipeline.remaining[reported]),
        neuron.competes.eq(delay(m, competes, 1, "competes")),
        neuron.new.eq(delay(m, states.new, STATUS_DELAY, "reported_state")),
        neuron.changed.eq(delay(m, changed, 1, "changed")),
        neuron.aperiodic.eq(delay(m, aperiodic, 1, "aperiodic")),
    ]
