"""Properties of parts that the SAT solver proves for all inputs."""

from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.formal import PROPERTIES, UndecidedError, prove

_NAMES = tuple(PROPERTIES)


def _run(case: Case) -> Found:
    wanted = PROPERTIES[_NAMES[case.number % len(_NAMES)]](case.draw)
    try:
        proof = prove(wanted)
    except UndecidedError:
        return Found({"properties": 1, "undecided": 1})
    if proof.refuted is not None:
        return Found({"properties": 1}, f"{wanted.name}: fails in cycle {proof.cycles}, with {proof.refuted}")
    return Found({"properties": 1, "proved_forever" if wanted.bound is None else "proved_up_to_a_cycle": 1})


PROOFS = Claim(
    name="proofs",
    claim="Rounding, clipping, saturation and new states are those of numerics.md for all numbers. Streams "
    "neither drop nor repeat. Every request to a board gets one reply, and nothing keeps RESET from being carried out.",
    evidence="random forms of each property, which the SAT solver of yosys proves for all inputs by induction over "
    "time, or up to a cycle",
    unit="properties",
    not_covered="forms that the solver does not decide in time, multipliers, whole cores, and what a reply says; "
    "queues of several words after 14 cycles",
    quick=2 * len(_NAMES),
    full=40 * len(_NAMES),
    run=_run,
    together=8,
)
