"""Hardware below the RTL beside the model: cores after synthesis, and boards after routing and from a bitstream."""

import random
from typing import TYPE_CHECKING

from ceprop.boards import board, check_fit
from ceprop.boards.levels.board_comparison import compare_board
from ceprop.boards.levels.board_design import built_board
from ceprop.boards.levels.board_netlist import board_netlist
from ceprop.boards.levels.synthesized import compare_synthesized, synthesized_core
from ceprop.boards.parts.registry import Board
from ceprop.common.errors import CepropError
from ceprop.hdl.devices.primitives import primitives_named
from ceprop.sim import ComparisonPlan
from ceprop.specification import Geometry, Specification
from ceprop.specification.bundled import bundled_specification
from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.claims.comparisons import found_in
from ceprop.verification.claims.cores import check_multiplier
from ceprop.verification.networks import random_core, random_samples

if TYPE_CHECKING:
    from ceprop.boards.levels.board_netlist import BoardLevel

_BOARDS = ("icebreaker", "ulx3s_25f")
"""A board of each family, for cores after synthesis."""

_EXAMPLES = (
    ("digits", "ulx3s_25f", ("array.rows=2", "array.cols=2")),
    ("mnist-icebreaker", "icebreaker", ()),
    ("mnist-25f", "ulx3s_25f", ()),
)
"""Examples, their boards, and fields that make the core smaller. They are the last cases of the full run."""

_RANDOM = 24
"""Cases of the full run with random cores."""

_SAMPLES, _OF_EXAMPLE = 3, 2

_HX8K = "ice40_hx8k_b_evn"
_LEVELS: "tuple[BoardLevel, ...]" = ("bitstream", "routed")


def _synthesized(case: Case) -> Found:
    if case.number < _RANDOM:
        target = board(_BOARDS[case.number % len(_BOARDS)])
        specification = _core_for(target, case.draw, case.number // len(_BOARDS))
        samples = _SAMPLES
    else:
        example, name, fields = _EXAMPLES[case.number - _RANDOM]
        target, samples = board(name), _OF_EXAMPLE
        specification = Specification.load(bundled_specification(example), fields)
    made = synthesized_core(specification, target.device, case.folder, lambda _: None)
    plan = ComparisonPlan(
        simulator="icarus" if case.number < _RANDOM else "verilator",
        samples=samples,
        build=case.folder,
        command=case.command,
        read_every=1 + case.number % 2,
    )
    data = random_samples(specification, case.numpy_draw, samples)
    return found_in(compare_synthesized(made, data, plan), samples)


def _core_for(target: Board, draw: random.Random, number: int) -> Specification:
    """Return a random core that fits a board."""
    while True:
        specification = random_core(draw, number)
        try:
            check_fit(Geometry(specification), target)
            check_multiplier(specification, primitives_named(target.device.primitives))
        except CepropError:
            continue
        return specification


def _board_below(case: Case) -> Found:
    target = board(_HX8K)
    specification = _core_for(target, case.draw, case.number)
    built = built_board(specification, target, case.folder, lambda _: None)
    simulation = board_netlist(_LEVELS[case.number % len(_LEVELS)], built, case.folder)
    plan = ComparisonPlan(samples=_SAMPLES, build=case.folder, command=case.command)
    data = random_samples(specification, case.numpy_draw, _SAMPLES)
    return found_in(compare_board(built.design, simulation, data, plan), _SAMPLES)


SYNTHESIZED = Claim(
    name="synthesized",
    claim="A core after synthesis computes every bit of the golden model in the cycles of the cycle model.",
    evidence="random cores in the netlists of yosys for iCE40 and ECP5, and in the full run also cores of the "
    "examples; weights, biases, generators, states at the end of a sample, results, counters and cycles",
    unit="weights",
    not_covered=f"timing, states within a sample, and more than {_SAMPLES} samples",
    quick=2,
    full=_RANDOM + len(_EXAMPLES),
    run=_synthesized,
    together=1,
)
BELOW_SYNTHESIS = Claim(
    name="below-synthesis",
    claim="A board that was routed, or recovered from its bitstream, computes every bit of the golden model.",
    evidence="random cores on an iCE40-HX8K with link, clock and pins, from the routed netlist of nextpnr or the "
    "Verilog of icebox_vlog; results, counters and cycles of each sample, and all memories at the end",
    unit="weights",
    not_covered="timing, ECP5 and iCE40UP5K, for which no tool makes such a netlist, and other iCE40 devices",
    quick=1,
    full=8,
    run=_board_below,
    together=1,
)
