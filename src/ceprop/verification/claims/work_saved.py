"""What a core saves changes no bit: skipped work, and drives that go ahead of their sample."""

from ceprop.model import Network
from ceprop.specification import Specification
from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.claims.comparisons import found_in, joined, simulated
from ceprop.verification.networks import random_core, random_samples

_SAMPLES = 4


def _skipping(case: Case) -> Found:
    """The same core with and without skipping, beside the same model."""
    specification = case.given or random_core(case.draw, case.number)
    data = random_samples(specification, case.numpy_draw, _SAMPLES)
    network = Network.initial(specification)
    for weights in (*network.weights[1:], *network.backward):
        weights //= 4  # the states settle after a few steps
    skipping, whole = (
        simulated(case, specification, data, _SAMPLES, network=network, skip=skip, read_every=_SAMPLES)
        for skip in (True, False)
    )
    found = joined(*(found_in(one, _SAMPLES) for one in (skipping, whole)))
    if found.mismatch is None and skipping.weights_sha256 != whole.weights_sha256:
        return Found(found.counts, "the weights differ with and without skipping")
    return Found({**found.counts, "cycles_saved": whole.cycles - skipping.cycles}, found.mismatch)


SKIPPING = Claim(
    name="skipping",
    claim="A core that skips work computes the bits of a core that skips nothing, and of the model.",
    evidence="random cores in Verilator whose states settle; each learns the same samples with and without skipping",
    unit="samples",
    not_covered="arrays of more than 5x7 cells, and layers of more than 9 units",
    quick=6,
    full=240,
    run=_skipping,
    takes_specification=True,
)


def _drive_ahead(case: Case) -> Found:
    """Inference, sample upon sample: the next drive goes ahead by as many slots as the cycle model says."""
    specification = random_core(case.draw, case.number).override(
        "array.memory_ports=2", "array.input_lists=2", "array.drives=2"
    )
    fields = specification.fields()
    # The more inputs, the more of a drive is left when the sample before ends.
    fields["layers"][0] = 8 * (1 + case.number % 5)
    specification = Specification.from_mapping(fields)
    samples = 2 * _SAMPLES
    comparison = simulated(
        case,
        specification,
        random_samples(specification, case.numpy_draw, samples),
        samples,
        simulator="icarus",
        learn=False,
        read_every=samples,
        trace=case.number % 2 == 0,
        skip=case.number % 5 != 4,
    )
    found = found_in(comparison, samples)
    followed = {"followed_samples": comparison.followed_samples, "elapsed_cycles": comparison.elapsed_cycles}
    return Found({**found.counts, **followed}, found.mismatch)


DRIVE_AHEAD = Claim(
    name="drive-ahead",
    claim="Samples that follow each other without a pause take the cycles of the cycle model, also with two drives.",
    evidence="random cores in Icarus in inference; the clock of the testbench from each result to the next",
    unit="elapsed_cycles",
    not_covered="arrays of more than 5x7 cells, and drives that go ahead while a core learns",
    quick=5,
    full=200,
    run=_drive_ahead,
)
