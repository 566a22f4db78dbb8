"""The bins of functional coverage: each is a situation that the comparisons of cores must meet.

A point has bins that belong together. A bin has a name and one sentence.
"""

from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Point:
    """A group of bins.

    Fields
    ------
    name : str
        The name of the group.
    bins : dict
        One sentence for each bin, by the name of the bin.
    """

    name: str
    bins: dict[str, str]


_RULES = ("ep", "c-ep", "vf", "c-vf")
_ORDERS = ("synchronous", "alternating")
_ROUNDINGS = ("stochastic", "nearest", "floor")
_SIGNS = ("positive", "negative", "alternating", "random", "centred")

_LISTS = {
    "inputs": "the inputs of a sample that are not zero",
    "changed rows": "the changed units on the row edge",
    "changed columns": "the changed units on the column edge",
    "active rows": "the active units on the row edge",
    "active columns": "the active units on the column edge",
}
_LENGTHS = {
    "all empty": "No lane has an entry",
    "all alike": "All lanes have the same number of entries, which is not zero",
    "one empty": "A lane has no entry while another one has some",
    "first longest": "The first of several lanes has more entries than every other",
    "middle longest": "A lane between the first and the last has more entries than every other",
    "last longest": "The last of several lanes has more entries than every other",
}

_SPECIFICATION = (
    Point("rule and order", {f"{r}, {o}": f"The rule is {r}, in {o} order." for r, o in product(_RULES, _ORDERS)}),
    Point("sign of the nudge", {sign: f"`nudge.sign` is {sign}." for sign in _SIGNS}),
    Point("activation", {kind: f"The activation is a {kind}." for kind in ("hard-sigmoid", "sigmoid")}),
    Point("hidden layers", {name: f"The network has {name} hidden layers." for name in ("no", "one", "two or more")}),
    Point("generator", {f"{bits} bits": f"The generators have {bits} bits." for bits in (16, 32)}),
    Point(
        "inputs beside states",
        {kind: f"The fraction of an input has {kind} bits than that of a state." for kind in ("more", "fewer")}
        | {"as many": "The fractions of inputs and of states have as many bits."},
    ),
    Point(
        "array",
        {
            "one cell": "The array has one cell.",
            "one row": "The array has one row of several cells.",
            "one column": "The array has one column of several cells.",
            "several rows and columns": "The array has several rows and several columns.",
            "return registers": "A sum passes a register on its way back, because the row or the column is long.",
            "padded": "The last slot of a layer leaves lanes without a unit.",
            "one memory port": "A memory of weights has one port.",
            "two memory ports": "A memory of weights has two ports.",
            "one input list": "A column lane lists the inputs of one sample.",
            "two input lists": "A column lane lists the inputs of two samples.",
            "one drive": "A row lane keeps the drive of one sample.",
            "two drives": "A row lane keeps the drives of two samples.",
        },
    ),
)

_SAMPLE = (
    Point(
        "inputs",
        {
            "blank": "All inputs of a sample are zero.",
            "one": "One of several inputs of a sample is not zero.",
            "some": "Some inputs of a sample are zero and several are not.",
            "full": "No input of a sample is zero.",
            "largest": "All inputs of a sample have the largest value.",
        },
    ),
    Point(
        "label",
        {
            "first": "The label is the first of several classes.",
            "last": "The label is the last of several classes.",
            "between": "The label is a class between the first and the last.",
        },
    ),
    Point(
        "prediction",
        {
            "first": "The first of several classes is predicted.",
            "last": "The last of several classes is predicted.",
            "tie": "Several outputs are largest.",
            "no tie": "One output is largest.",
            "right": "The prediction is the label.",
            "wrong": "The prediction is not the label.",
        },
    ),
    Point(
        "way of a sample",
        {
            "learnt": "The core learns from the sample.",
            "inferred": "The core only predicts.",
            "skipping": "The core skips work without effect.",
            "not skipping": "The core skips nothing.",
            "follows": "The sample is sent while the core works on the one before.",
            "after commands": "Commands come between the sample and the one before.",
            "ahead": "The drive of the sample is begun while the core works on the one before.",
            "reset": "A reset interrupts the sample, and it is shown again.",
            "rewritten": "Weights are written while the sample waits.",
        },
    ),
    *(
        Point(f"list: {name}", {length: f"{text}: {what}." for length, text in _LENGTHS.items()})
        for name, what in _LISTS.items()
    ),
)

_PHASES = (
    Point(
        "free phase",
        {
            "first step moves": "The first step changes a state.",
            "first step rests": "The first step changes no state, and the phase ends.",
            "settled": "The phase settles before its last permitted step.",
            "settled at last": "The phase settles in its last permitted step.",
            "open": "The last permitted step changes a state, and the phase ends open.",
            "one step": "The phase has one permitted step.",
            "period 2, even": "The phase ends in period 2, and an even number of steps is left.",
            "period 2, odd": "The phase ends in period 2, an odd number of steps is left, and the states are swapped.",
            "period 2 at last": "The phase ends in period 2 in its last permitted step.",
            "first half-step": "In alternating order, the phase ends with the first half-step of a step.",
            "second half-step": "In alternating order, the phase settles with the second half-step of a step.",
        },
    ),
    *(
        Point(
            f"{number} nudged phase",
            {
                "first step moves": "The first step changes a state.",
                "first step rests": "The first step changes no state, and the phase ends.",
                "settled": "The phase settles before its last permitted step.",
                "settled at last": "The phase settles in its last permitted step, which is not the first.",
                "open": "The last permitted step changes a state.",
                "one step": "The phase has one permitted step.",
                "positive": "The nudge is positive.",
                "negative": "The nudge is negative.",
            },
        )
        for number in ("first", "second")
    ),
    Point("half-steps at rest", {"first": "In alternating order, a nudged phase ends with its first half-step."}),
)

_NUMBERS = (
    Point(
        "state",
        {
            "zero": "A new state is zero.",
            "largest": "A new state is the largest.",
            "between": "A new state lies between zero and the largest.",
            "clipped below": "A sum below the range gives the state zero.",
            "clipped above": "A sum above the range gives the largest state.",
            "rounded up": "Rounding a sum to a state carries.",
            "rounded down": "Rounding a sum to a state does not carry.",
            "first entry": "A sum below the table of the sigmoid takes its first entry.",
            "last entry": "A sum above the table of the sigmoid takes its last entry.",
        },
    ),
    Point(
        "nudge",
        {
            "raises": "A nudge raises an output.",
            "lowers": "A nudge lowers an output.",
            "nothing": "A nudge rounds to zero.",
            "clipped above": "A nudged output is saturated at the largest state.",
            "clipped below": "A nudged output is saturated at zero.",
        },
    ),
    *(
        Point(
            f"update: {kind}",
            {
                "raised": "An update raises a value.",
                "lowered": "An update lowers a value.",
                "saturated above": "An update is saturated at the largest value.",
                "saturated below": "An update is saturated at the smallest value.",
                "from the largest": "A value that is the largest is updated.",
                "from the smallest": "A value that is the smallest is updated.",
                "carry": "Rounding an update carries.",
            },
        )
        for kind in ("input weights", "weights between neurons", "backward weights", "biases")
    ),
    Point(
        "rounding of updates",
        {
            f"{kind}, {what}": f"An update with {kind} rounding {text}."
            for kind in _ROUNDINGS[:2]
            for what, text in (("carry", "carries"), ("no carry", "changes a value and does not carry"))
        }
        | {"floor": "An update is rounded down."},
    ),
    Point(
        "rate",
        {"largest shift": "A rate has its largest shift.", "smaller shift": "A rate is above its smallest one."},
    ),
    Point("generators", {"advance": "A step advances the generators.", "stay": "A step leaves the generators."}),
)

_REGISTERS = (
    *(
        Point(
            f"register {name}",
            {"least": f"`{name}` has its least value.", "most": f"`{name}` has its largest value."},
        )
        for name in ("free_steps", "nudged_steps", "nudge_shift", "nudge_negative", "learn", "skip", "rate_shift")
    ),
    *(
        Point(
            f"counter {name}",
            {"zero": f"`{name}` is read as zero.", "counts": f"`{name}` is above zero after the last sample."},
        )
        for name in ("free_steps_executed", "nudged_steps_executed", "saturations", "ties", "slots")
    ),
    Point("wrap of counters", {"wraps": "A counter passes its largest value and begins at zero again."}),
)

STREAMS: tuple[str, ...] = ("command", "response", "sample", "result", "trace")
"""The streams of a core with a trace."""

_STREAMS = (
    *(
        Point(
            f"stream {name}",
            {
                "at once": "A beat is taken in the cycle in which it is offered.",
                "waits": "A beat waits for its reader.",
                "waits long": "A beat waits for 40 cycles or more.",
                "reader waits": "The reader waits for a beat.",
                # Between two commands, and between two results, the core needs several cycles.
                **(
                    {"back to back": "Beats pass in two cycles in a row."}
                    if name in ("response", "sample", "trace")
                    else {}
                ),
            },
        )
        for name in STREAMS
    ),
    Point(
        "streams that wait together",
        {
            "result and trace": "A result and a beat of the trace wait at once.",
            "sample and trace": "A group of inputs and a beat of the trace wait at once.",
            "command and response": "A command and a response wait at once.",
        },
    ),
)

POINTS = (*_SPECIFICATION, *_SAMPLE, *_PHASES, *_NUMBERS, *_REGISTERS, *_STREAMS)
"""All points, in the order in which they are published."""
