"""The specifications whose parts are simulated alone. Together their cores have every part in every form."""

from ceprop.specification import Specification

TINY = Specification.from_mapping(
    {
        "layers": [5, 4, 3],
        "formats": {"state_bits": 2, "input_bits": 1, "weight_bits": 3, "weight_fraction": 2},
        "phases": {"order": "alternating"},
        "update": {"shifts": [0, 0]},
        "array": {"rows": 2, "cols": 3, "drives": 2, "trace": True},
    }
)
"""So few bits that every weight meets every state and every dither; two drives; alternating order."""

TABLE = Specification.from_mapping(
    {
        "layers": [7, 5, 4, 3],
        "rule": "c-vf",
        "formats": {"state_bits": 5, "input_bits": 7, "weight_bits": 7, "weight_fraction": 6},
        "activation": {"kind": "sigmoid", "table_bits": 6},
        "update": {"rounding": "nearest", "shifts": [1, 2, 3], "schedule": [{"epoch": 1, "shifts": [2, 2, 1]}]},
        "array": {"rows": 2, "cols": 2, "memory_ports": 1, "trace": True},
    }
)
"""Two weight sets on one port, inputs finer than states, rounding to nearest, rates that change."""

WIDE = Specification.from_mapping(
    {
        "layers": [7, 5, 3, 4, 2],
        "rule": "vf",
        "formats": {"state_bits": 9, "input_bits": 6, "weight_bits": 18, "weight_fraction": 12},
        "phases": {"order": "alternating"},
        "update": {"shifts": [9, 11, 10, 9], "schedule": [{"epoch": 1, "shifts": [10, 9, 11, 9]}]},
        "array": {"rows": 3, "cols": 2, "trace": True},
    }
)
"""Learning at the end of the phase, generators of 32 bits, several layers per edge, inputs coarser than states,
alternating order."""

SINGLE = Specification.from_mapping(
    {
        "layers": [5, 4],
        "rule": "ep",
        "formats": {"state_bits": 4, "input_bits": 2, "weight_bits": 5, "weight_fraction": 4},
        "activation": {"kind": "sigmoid", "table_bits": 4},
        "update": {"rounding": "floor", "shifts": [1]},
        "array": {"rows": 2, "cols": 3, "drives": 2},
    }
)
"""No neurons on the column edge, nothing added before rounding; two drives."""

LONG = Specification.from_mapping(
    {
        "layers": [33, 17, 21, 11],
        "formats": {"state_bits": 6, "input_bits": 4, "weight_bits": 8, "weight_fraction": 7},
        "nudge": {"sign": "centred"},
        "update": {"shifts": [4, 4, 5]},
        "array": {"rows": 2, "cols": 4, "memory_ports": 1, "input_lists": 1, "trace": True},
    }
)
"""Many slots per lane, both products of an update on one port, one list of inputs, a centred nudge."""

PART_SPECIFICATIONS = {"tiny": TINY, "table": TABLE, "wide": WIDE, "single": SINGLE, "long": LONG}
