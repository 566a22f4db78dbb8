"""Step messages of a neuron cell at random, and what the model needs and says of them."""

from typing import Any

from ceprop.hdl.messages import Operation
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.lane_model import Stepped, StepRequest


def step_settings(cell: Cell, first: bool) -> dict[str, int]:
    """Fields that all neurons share in a step."""
    random = cell.random
    return {
        "first": int(first),
        "nudged": random.choice((0, 1, 1)),
        "negative": random.getrandbits(1),
        "nudge_shift": random.choice((1, 2, 3, random.randint(1, 15))),
        "swap": random.getrandbits(1),
        "bank": random.getrandbits(1),
        "target": random.randint(1, max(cell.specification.layers[1:])),
    }


def step_message(cell: Cell, layer: int, address: int, settings: dict[str, int], rate_shift: int) -> dict[str, Any]:
    """One neuron's message: often padding, often the labelled unit, an output of any layer."""
    random, geometry = cell.random, cell.geometry
    room = cell.specification.largest_shifts[layer - 1] - rate_shift
    remaining = random.choice((0, settings["target"], random.randint(1, max(cell.specification.layers[1:]))))
    return settings | {
        "operation": Operation.STEP,
        "address": address,
        "drive": int(layer == 1),
        "output": random.getrandbits(1),
        "last": random.getrandbits(1),
        "remaining": remaining,
        "bias_preshift": geometry.bias_dither_shift(layer) + room,
        "bias_dither_shift": geometry.bias_dither_shift(layer),
    }


def step_request(message: dict[str, Any], layer: int, rate_shift: int) -> StepRequest:
    """The message in the model's terms."""
    return StepRequest(
        layer=layer,
        address=message["address"],
        first=bool(message["first"]),
        nudged=bool(message["nudged"]),
        negative=bool(message["negative"]),
        nudge_shift=message["nudge_shift"],
        swap=bool(message["swap"]),
        bank=message["bank"],
        output=bool(message["output"]),
        exists=message["remaining"] > 0,
        labelled=message["remaining"] == message["target"],
        rate_shift=rate_shift,
    )


def step_status(cell: Cell, message: dict[str, Any], stepped: Stepped) -> tuple[dict[str, int], dict[str, int]]:
    """A status that comes in, its largest output near this one, and the one that must go out."""
    random, bits = cell.random, cell.specification.formats.state_bits
    before: dict[str, int] = dict.fromkeys(("changed", "aperiodic", "found", "tie", "largest", "remaining"), 0)
    before |= {"changed": random.choice((0, 0, 1)), "aperiodic": random.choice((0, 0, 1))}
    if random.random() < 0.8:
        near = (stepped.new, stepped.new, stepped.new - 1, stepped.new + 1, random.getrandbits(bits))
        before |= {
            "found": 1,
            "tie": random.getrandbits(1),
            "largest": min(max(random.choice(near), 0), (1 << bits) - 1),
            "remaining": random.randint(1, max(cell.specification.layers[1:])),
        }
    after = before | {"valid": 1, "last": message["last"]}
    after["changed"] |= int(stepped.new != stepped.old)
    after["aperiodic"] |= int(stepped.new != stepped.older)
    if message["output"] and message["remaining"]:
        if not before["found"] or stepped.new > before["largest"]:
            after |= {"found": 1, "tie": 0, "largest": stepped.new, "remaining": message["remaining"]}
        elif stepped.new == before["largest"]:
            after["tie"] = 1
    return before, after
