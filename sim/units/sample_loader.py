"""Bench of the sample loader: groups arrive with pauses, work begins late or at once, and the next sample is loaded
during the work."""

from ceprop.hdl.io.sample_loader import SampleLoader
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.timeline import Timeline

_CYCLES = 3000


async def bench_sample_loader(cell: Cell) -> None:
    """Compare every cycle: the group that is taken, its message and its values, and what is known when work on the
    sample begins."""
    assert isinstance(cell.component, SampleLoader)
    random, line, geometry = cell.random, Timeline(), cell.geometry
    classes, slots = geometry.specification.classes, geometry.slots(0)
    input_bits = geometry.specification.formats.input_bits
    values_bits = geometry.cols * input_bits
    two = geometry.input_lists == 2
    whole, bank, first = False, 0, True
    target, waiting = None, 0
    for now in range(_CYCLES):
        # The sender and the core are in turn fast and slow.
        hurry = now // 150 % 3
        valid = hurry == 0 or random.random() < 0.5
        begin = whole and (hurry == 1 or random.random() < 0.3)
        everything = int(now // 500 % 2)
        label, slot, values = random.randrange(classes), random.randrange(slots), random.getrandbits(values_bits)
        last = random.random() < 0.3
        line.set(now, "settings__everything", everything)
        line.set(now, "start__begin", int(begin))
        line.set(now, "sample__valid", int(valid))
        group = {"last": int(last), "label": label, "slot": slot, "values": values}
        line.set(now, "sample__payload", **group)
        idle = random.random() < 0.8
        line.set(now, "start__idle", int(idle))
        ready = not whole and (two or idle)
        taken = valid and ready
        line.expect(now, "ready", "sample__ready", int(ready))
        line.expect(now, "whole", "start__waits", int(whole))
        line.expect(now, "bank", "at_work__bank", bank)
        if target is not None:
            line.expect(now, "target", "at_work__target", target)
        other = 1 - bank if two else 0
        event: dict[str, int] = {"valid": int(taken), "longest": 0}
        if taken:
            event |= {"first": int(first), "everything": everything, "slot": slot, "bank": other}
            for lane in range(geometry.cols):
                value = values >> (lane * input_bits) & ((1 << input_bits) - 1)
                line.expect(now + 2, f"values of {group}", f"inputs__values__{lane}", value)
            # The event that closes the lists has the same bank, even if work on the sample begins at once.
            closing = {"closes": 1, "bank": other, "valid": 0} if last else {"closes": 0}
            line.expect(now + 2, f"group {group}", "inputs__event", closing)
            first = last
        line.expect(now + 1, f"group {group}, taken {taken}", "inputs__event", event)
        if begin:
            whole, bank, target = False, other, waiting
        elif taken and last:
            whole, waiting = True, classes - label
    await line.run(cell)
