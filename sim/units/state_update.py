"""Bench of the state update of a neuron on its own: words enter and a new state leaves, one per cycle."""

from ceprop.hdl.neuron.running_sums import drive_delay
from ceprop.hdl.neuron.state_update import StateUpdate
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.lane_model import next_state
from ceprop.sim.units.neuron_step import random_settings, shared_fields, step_message, step_request
from ceprop.sim.units.timeline import Timeline

_STEPS, _NEURONS = 60, 30


async def bench_state_update(cell: Cell) -> None:
    """Test neurons of every layer of the edge, with random words, words at the ends of their ranges, and words for
    which the activation is not flat."""
    component, geometry, random = cell.component, cell.geometry, cell.random
    assert isinstance(component, StateUpdate)
    formats, line, now = cell.specification.formats, Timeline(), 0
    for _ in range(_STEPS):
        settings, rates = random_settings(cell, component.edge)
        shared = shared_fields(cell, first=random.random() < 0.2)
        for _ in range(_NEURONS):
            layer = random.choice(geometry.layers(component.edge))
            slot = random.randrange(geometry.slots(layer))
            message = step_message(cell, layer, slot, shared, settings["target"])
            old = random.getrandbits(formats.state_bits)
            total, drive, bias = _words(cell, layer)
            for name, value in (("sum", total), ("bias", bias), ("old", old)):
                line.set(now, name, value)
            line.set(now + drive_delay(geometry, component.edge), "drive", drive)
            line.set(now, "step", **message)
            line.set(now, "settings", **settings)
            line.set(now, "labelled", int(message["remaining"] == settings["target"]))
            request = step_request(cell, message, layer, settings, rates[layer])
            expected = next_state(geometry, request, old, total, drive, bias)
            what = f"{message}, {settings}, sum {total}, drive {drive}, bias {bias}, old {old}"
            line.expect(now + component.latency, what, "new", expected)
            now += 1
        # The settings must stay until the last neuron has left the pipeline.
        for _ in range(component.latency):
            line.set(now, "settings", **settings)
            now += 1
    await line.run(cell)


def _words(cell: Cell, layer: int) -> tuple[int, int, int]:
    """Return sum, drive and bias of a neuron. Their total is no larger than the specification allows."""
    random, specification = cell.random, cell.specification
    formats, layers = specification.formats, specification.layers
    weight = 1 << (formats.weight_bits - 1)
    units = (layers[layer - 1] if layer > 1 else 0) + (layers[layer + 1] if layer + 1 < len(layers) else 0)
    largest = units * weight * ((1 << formats.state_bits) - 1)
    furthest = layers[0] * weight * ((1 << formats.input_bits) - 1)
    near = 1 << (formats.state_bits + formats.weight_fraction)
    far = 1 << (formats.input_bits + formats.weight_fraction)
    total = random.choice((-largest, largest, *_between(cell, min(largest, near))))
    drive = random.choice((-furthest, furthest, *_between(cell, min(furthest, far))))
    bias = random.choice((-weight, weight - 1, *_between(cell, weight - 1)))
    # Only layer 1 has a drive. For other layers, the word must have no effect.
    return total, drive, bias


def _between(cell: Cell, limit: int) -> list[int]:
    """Return four random numbers from `-limit` to `limit`."""
    return [cell.random.randint(-limit, limit) for _ in range(4)]
