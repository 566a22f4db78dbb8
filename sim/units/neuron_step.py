"""Random step messages of a neuron cell, and what the model needs and expects for them."""

from typing import Any

from ceprop.hdl.lanes.messages import Listing, Operation
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.lane_model import LaneModel, Stepped, StepRequest
from ceprop.specification import Edge


def shared_fields(cell: Cell, first: bool) -> dict[str, int]:
    """Return the fields that the messages of all neurons share in a step."""
    random = cell.random
    found = {name: random.getrandbits(1) for name in ("swap", "bank", "keep")}
    # With continual learning, no state has to be kept for the end of the phase.
    found["keep"] &= not cell.specification.continual
    found["drive"] = random.randint(1, cell.geometry.drives)
    found |= {"first": int(first), "nudged": random.choice((0, 1, 1)), "everything": int(random.random() < 0.1)}
    return found | {"save": 0, "restore": 0}


def random_settings(cell: Cell, edge: Edge) -> tuple[dict[str, int], dict[int, int]]:
    """Return random settings of a lane, and the rate shift of each layer that follows from them."""
    random, geometry, specification = cell.random, cell.geometry, cell.specification
    bits = geometry.widths.bias_room(edge).bit_length() or 1
    rates, preshifts = {}, 0
    for layer in geometry.layers(edge):
        largest, smallest = (
            shifts[layer - 1] for shifts in (specification.largest_shifts, specification.smallest_shifts)
        )
        rates[layer] = random.randint(smallest, largest)
        preshift = geometry.widths.bias_dither_shift(layer) + largest - rates[layer]
        preshifts |= preshift << (geometry.edge_number(layer) * bits)
    settings = {
        "negative": random.getrandbits(1),
        "nudge_shift": random.choice((1, 2, 3, random.randint(1, 15))),
        "target": random.randint(1, specification.classes),
        "bias_preshifts": preshifts,
    }
    return settings, rates


def step_message(cell: Cell, layer: int, slot: int, shared: dict[str, int], target: int) -> dict[str, Any]:
    """Return the message of one neuron.

    The neuron is often padding, if the edge has any, and often the labelled unit. It is an output only on the edge of
    the last layer.
    """
    random, geometry, layers = cell.random, cell.geometry, cell.specification.connections
    output = random.getrandbits(1) if geometry.edge(layers[-1]) == geometry.edge(layer) else 0
    classes, largest = cell.specification.classes, max(cell.specification.layers[l] for l in layers_beside(cell, layer))
    near = (target,) if target <= largest else ()
    padding = (0,) if geometry.padded(geometry.edge(layer)) else ()
    return shared | {
        "operation": Operation.STEP,
        "index": slot,
        "layer": geometry.edge_number(layer),
        "drive": shared["drive"] if layer == 1 else 0,
        "output": output,
        "last": random.getrandbits(1),
        "layer_last": random.getrandbits(1),
        "remaining": random.choice((*padding, *near, random.randint(1, classes if output else largest))),
    }


def layers_beside(cell: Cell, layer: int) -> range:
    """Return the layers on the edge of a layer."""
    return cell.geometry.layers(cell.geometry.edge(layer))


def step_request(
    cell: Cell, message: dict[str, Any], layer: int, settings: dict[str, int], rate_shift: int
) -> StepRequest:
    """Return the message in the terms of the model."""
    return StepRequest(
        layer=layer,
        address=cell.geometry.neuron_address(layer, message["index"]),
        drive=message["drive"],
        first=bool(message["first"]),
        nudged=bool(message["nudged"]),
        negative=bool(settings["negative"]),
        nudge_shift=settings["nudge_shift"],
        swap=bool(message["swap"]),
        bank=message["bank"],
        keep=bool(message["keep"]),
        save=bool(message["save"]),
        restore=bool(message["restore"]),
        everything=bool(message["everything"]),
        output=bool(message["output"]),
        exists=message["remaining"] > 0,
        labelled=message["remaining"] == settings["target"],
        rate_shift=rate_shift,
    )


def step_status(
    cell: Cell, message: dict[str, Any], layer: int, stepped: Stepped, model: LaneModel
) -> tuple[dict[str, int], dict[str, int]]:
    """Return a random status that arrives, whose largest output is near the new state, and the status that
    must leave."""
    random, bits = cell.random, cell.specification.formats.state_bits
    ranks = cell.geometry.edge(cell.specification.connections[-1]) == cell.geometry.edge(layer)
    names = ("changed", "aperiodic", "found", "tie", "largest", "remaining", "changed_most", "active_most")
    before: dict[str, int] = dict.fromkeys(names, 0)
    before |= {"changed": random.choice((0, 0, 1)), "aperiodic": random.choice((0, 0, 1))}
    before |= {name: random.randint(0, cell.geometry.slots(layer)) for name in ("changed_most", "active_most")}
    if ranks and random.random() < 0.6:
        near = (stepped.new, stepped.new, stepped.new - 1, stepped.new + 1, random.getrandbits(bits))
        before |= {
            "found": 1,
            "tie": random.getrandbits(1),
            "largest": min(max(random.choice(near), 0), (1 << bits) - 1),
            "remaining": random.randint(1, cell.specification.classes),
        }
    after = before | {name: message[name] for name in ("last", "layer_last", "layer")} | {"valid": 1}
    after["changed"] |= int(stepped.new != stepped.old)
    after["aperiodic"] |= int(stepped.new != stepped.older)
    for name, listing in (("changed_most", Listing.CHANGED), ("active_most", Listing.ACTIVE)):
        after[name] = max(before[name], len(model.lists[layer, listing]))
    if message["output"] and message["remaining"]:
        if not before["found"] or stepped.new > before["largest"]:
            after |= {"found": 1, "tie": 0, "largest": stepped.new, "remaining": message["remaining"]}
        elif stepped.new == before["largest"]:
            after["tie"] = 1
    return before, after
