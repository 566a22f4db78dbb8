"""Benches of the small parts beside the memories: loop counter, input dither, row lane, event lists, step status."""

from ceprop.hdl.cell.synapse import UPDATE_READ_STAGE, write_stage
from ceprop.hdl.lanes.messages import Listing
from ceprop.hdl.lanes.row_lanes import RowLane
from ceprop.hdl.lanes.stages import lane_stages, step_beats
from ceprop.hdl.neuron.event_lists import EventLists
from ceprop.hdl.neuron.step_status import StepStatus
from ceprop.model import input_pattern
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.timeline import Timeline
from ceprop.specification import Edge, Geometry

_CASES = 400


async def bench_loop_counter(cell: Cell) -> None:
    """Test all lengths, and a load at any time. The index must not change without `step`."""
    line, now, largest = Timeline(), 0, (1 << cell.width("length")) - 1
    for length in [*range(largest + 1), *range(largest + 1)]:
        line.set(now, "load", 1)
        # A load has priority over a step.
        line.set(now, "step", cell.random.getrandbits(1))
        line.set(now, "length", length)
        now, index, last = now + 1, 0, max(1, length) - 1
        for _ in range(cell.random.choice((1, 2 * length + 3))):
            line.expect(now, f"length {length}", "index", index)
            line.expect(now, f"length {length}", "final", int(index == last))
            step = cell.random.getrandbits(1)
            line.set(now, "step", step)
            if step:
                index = 0 if index == last else index + 1
            now += 1
    await line.run(cell)


async def bench_input_dither(cell: Cell) -> None:
    """Test every slot, one per cycle."""
    slots = list(range(cell.geometry.slots(0)))
    cell.random.shuffle(slots)
    line, bits = Timeline(), cell.width("dither")
    lane = cell.geometry.cols - 1
    for now, slot in enumerate(slots):
        line.set(now, "slot", slot)
        number = slot * cell.geometry.cols + lane
        expected = input_pattern(cell.specification, number) & ((1 << bits) - 1)
        line.expect(now + lane_stages(cell.geometry).dither, f"input {number}", "dither", expected)
    await line.run(cell)


async def bench_row_lane(cell: Cell) -> None:
    """Send sums and updates in any order. Expect the slots that are read and written."""
    assert isinstance(cell.component, RowLane)
    random, line = cell.random, Timeline()
    stages = lane_stages(cell.geometry)
    writes = stages.address + write_stage(cell.geometry.memory_ports)
    slots, presents = [], []
    for now in range(_CASES):
        is_sum, slot, present = (
            random.getrandbits(1),
            random.getrandbits(cell.width("neuron__slot")),
            random.getrandbits(1),
        )
        slots.append(slot)
        presents.append(present)
        line.set(now, "neuron__sums", is_sum)
        line.set(now + 1, "neuron__slot", slot)
        line.set(now + stages.present, "neuron__present", present)
        limit = 1 << (cell.width("neuron__operand") - 1)
        operand, dither = random.randrange(-limit, limit), random.getrandbits(cell.width("neuron__dither"))
        line.set(now, "neuron__operand", operand)
        line.set(now, "neuron__dither", dither)
        line.expect(now, "passed through", "cells__bundle", {"operand": operand, "dither": dither})
        word = random.randrange(-(1 << cell.width("neuron__load_word") >> 1), 1 << cell.width("neuron__load_word") >> 1)
        line.set(now, "neuron__load_word", word)
        line.expect(now, "passed through", "cells__partial_sum", word)
        line.expect(now, "none saturated yet", "cells__saturations", 0)
        if is_sum or now >= UPDATE_READ_STAGE:
            read = slot if is_sum else slots[now - UPDATE_READ_STAGE]
            line.expect(now + stages.address, "sum" if is_sum else "update", "cells__bundle", {"read_slot": read})
        line.expect(now + writes, "write", "cells__bundle", {"write_slot": slot, "write_present": present})
    await line.run(cell)


async def bench_event_lists(cell: Cell) -> None:
    """Step all layers, with units that are on lists or not. Then read the lists, also beyond their ends."""
    component, random, geometry = cell.component, cell.random, cell.geometry
    assert isinstance(component, EventLists)
    edge: Edge = component.edge
    line, now = Timeline(), 0
    names = {Listing.CHANGED: "changed", Listing.ACTIVE: "active"}
    for _ in range(40):
        lists: dict[tuple[int, Listing], list[int]] = {}
        for layer, number in enumerate(geometry.layers(edge)):
            share = random.choice((0.0, 0.3, 0.8, 1.0))
            for slot in range(geometry.slots(number)):
                unit = {"valid": 1, "first": int(slot == 0), "index": slot, "layer": layer}
                for listing, name in names.items():
                    unit[name] = int(random.random() < share)
                    on_list = lists.setdefault((layer, listing), [])
                    on_list += [slot] * unit[name]
                    line.expect(now + 1, f"unit {unit}", f"lengths__{name}", len(on_list))
                for name, value in unit.items():
                    line.set(now, f"stepped__{name}", value)
                now += step_beats(geometry)
                if random.random() < 0.2:
                    # Without `valid`, the other fields may have no effect.
                    idle = {"first": random.getrandbits(1), "changed": 1, "active": 1, "layer": layer}
                    for name, value in idle.items():
                        line.set(now, f"stepped__{name}", value)
                    now += 1
        for _ in range(30):
            layer = random.randrange(len(geometry.layers(edge)))
            slots = geometry.slots(geometry.layers(edge)[layer])
            listing, index = random.choice(list(Listing)), random.randrange(slots)
            line.set(now, "source", listing=listing, index=index, layer=layer)
            found = list(range(slots)) if listing is Listing.ALL else lists[layer, listing]
            what = f"number {index} of {listing.name} {found}"
            line.expect(now + lane_stages(geometry).present, what, "present", int(index < len(found)))
            if index < len(found):
                line.expect(now + 1, what, "slot", found[index])
            now += 1
    await line.run(cell)


def output_edge(geometry: Geometry) -> Edge:
    """Return the edge of the output layer."""
    return geometry.edge(geometry.specification.connections[-1])


async def bench_step_status(cell: Cell) -> None:
    """Combine the outcome of a lane with that of the lanes before it. Equal outputs are frequent."""
    assert isinstance(cell.component, StepStatus)
    random, line = cell.random, Timeline()
    bits, list_bits = cell.width("neuron__new"), cell.width("lengths__changed")
    classes = cell.specification.classes
    for now in range(_CASES):
        before = {name: random.getrandbits(1) for name in ("changed", "aperiodic", "found", "tie")}
        new = random.getrandbits(bits)
        before |= {
            "largest": random.choice((new, new, random.getrandbits(bits))),
            "remaining": random.randint(0, classes),
            "changed_most": random.getrandbits(list_bits),
            "active_most": random.getrandbits(list_bits),
        }
        step = {
            "valid": random.getrandbits(1),
            "competes": random.getrandbits(1),
            "remaining": random.randint(1, classes),
            "last": random.getrandbits(1),
            "layer_last": random.getrandbits(1),
            "layer": random.randrange(len(cell.geometry.layers(output_edge(cell.geometry)))),
        }
        own = {name: random.getrandbits(1) for name in ("changed", "aperiodic")}
        lengths = {name: random.getrandbits(list_bits) for name in ("changed", "active")}
        line.set(now, "status", **before)
        for name, value in ({"new": new} | step | own).items():
            line.set(now, f"neuron__{name}", value)
        for name, value in lengths.items():
            line.set(now, f"lengths__{name}", value)
        line.expect(
            now + cell.component.latency,
            f"{before}, {step}, {new}",
            "status_out",
            _met(before, step, new, own, lengths),
        )
    await line.run(cell)


def _met(
    before: dict[str, int], step: dict[str, int], new: int, own: dict[str, int], lengths: dict[str, int]
) -> dict[str, int]:
    """Return the status after a lane."""
    after = before | {name: step[name] for name in ("valid", "last", "layer_last", "layer")}
    for name in ("changed", "aperiodic"):
        after[name] |= own[name]
    for name in ("changed", "active"):
        after[f"{name}_most"] = max(before[f"{name}_most"], lengths[name])
    if step["competes"]:
        if not before["found"] or new > before["largest"]:
            after |= {"found": 1, "tie": 0, "largest": new, "remaining": step["remaining"]}
        elif new == before["largest"]:
            after["tie"] = 1
    return after
