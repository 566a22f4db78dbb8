"""Real samples on the simulated core, compared bit for bit, and their cycles. Results are kept for the next run."""

import hashlib
import math
import statistics
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from ceprop.common.cached import cached
from ceprop.common.errors import CepropError
from ceprop.common.records import write_record
from ceprop.common.report import Advance
from ceprop.hdl import generate
from ceprop.model import Dataset, Network, Span
from ceprop.performance.cycle_replay import Costs, replay
from ceprop.sim import ComparisonPlan, compare
from ceprop.sim.complete_comparison import require_whole
from ceprop.specification import Geometry, Specification

_READ_EVERY = 50
"""Samples between two comparisons of all memories. The result of a sample is compared after each sample."""
_SIMULATOR = "verilator"
_KIND = "measurement"
_NORMAL_95 = statistics.NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Measurement:
    """Samples that the core ran in a simulator beside the golden model.

    `cycles` holds those of each sample; the core's own counter of their sum was compared with it. `input_waits` is an
    upper bound of the further cycles per sample for which the core waits for the inputs of the next sample.
    """

    samples: int
    mismatches: int
    first_mismatch: str | None
    cycles: list[int]
    slots: int
    reads: int
    writes: int
    input_waits: float
    weights_sha256: str
    simulated_cycles_per_second: float

    @property
    def costs(self) -> Costs:
        """The costs as the replay has them, with all memory accesses and slots at the first sample."""
        rest = np.zeros(self.samples - 1, np.int64)
        sums = (np.concatenate([[total], rest]) for total in (self.slots, self.reads, self.writes))
        return Costs(np.array(self.cycles), *sums)

    @property
    def mean_cycles(self) -> float:
        """Mean cycles per sample."""
        return statistics.fmean(self.cycles)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the mean. It assumes independent samples, and enough of them for a normal
        distribution."""
        if self.samples < 2:
            return self.mean_cycles, self.mean_cycles
        reach = _NORMAL_95 * statistics.stdev(self.cycles) / math.sqrt(self.samples)
        return self.mean_cycles - reach, self.mean_cycles + reach


def measure(
    geometry: Geometry, dataset: Dataset, network: Network, span: Span, *, learn: bool, folder: Path, advance: Advance
) -> Measurement:
    """Run the samples of `span` from `network` on the core in Verilator, and compare all of them with the golden model.

    The result stays in `folder`. It is taken from there as long as core, model and samples do not change. Raises
    :class:`CepropError` where a tool is missing or the simulator fails.
    """
    kept = folder / f"{_key(geometry, dataset, network, span, learn)}.json"
    earlier = cached(kept, _KIND, lambda fields: Measurement(**fields))
    if earlier is not None:
        return earlier
    replayed = replay(geometry, dataset, network, span, learn=learn)
    costs = replayed.whole
    plan = ComparisonPlan(
        simulator=_SIMULATOR,
        samples=span.count,
        build=folder,
        network=network,
        epoch=span.epoch,
        sample=span.first,
        learn=learn,
        trace=False,
        # Inference changes no memory. A comparison in between would only keep samples from following each other.
        read_every=_READ_EVERY if learn else span.count,
    )
    comparison = compare(geometry.specification, dataset, plan, progress=advance)
    require_whole(comparison, _SIMULATOR, span.count)
    counted = (comparison.cycles, comparison.counters["slots"])
    expected = (int(costs.cycles.sum()), int(costs.slots.sum()))
    if not comparison.mismatches and counted != expected:
        raise CepropError(f"the core counted {counted} cycles and slots, the replayed samples cost {expected}")
    found = Measurement(
        samples=comparison.samples_compared,
        mismatches=comparison.mismatches,
        first_mismatch=comparison.first_mismatch,
        cycles=costs.cycles.tolist()[: comparison.samples_compared],
        slots=expected[1],
        reads=int(costs.reads.sum()),
        writes=int(costs.writes.sum()),
        input_waits=replayed.input_waits,
        weights_sha256=comparison.weights_sha256,
        simulated_cycles_per_second=comparison.cycles_per_second,
    )
    if not found.mismatches:
        write_record(kept, _KIND, asdict(found))
    return found


def _key(geometry: Geometry, dataset: Dataset, network: Network, span: Span, learn: bool) -> str:
    """Return the digest of everything that a measurement follows from."""
    parts = [
        # A specification is frozen, so pydantic makes it hashable.
        _verilog_sha256(geometry.specification),  # pyright: ignore[reportArgumentType]
        _sources_sha256(),
        dataset.sha256,
        network.weights_sha256(),
        str(span),
        str(learn),
    ]
    parts += [array.tobytes().hex() for array in network.generators]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


@lru_cache(maxsize=4)
def _verilog_sha256(specification: Specification) -> str:
    """Return the digest of the core's Verilog. Generating takes seconds, and each core has several measurements."""
    return hashlib.sha256(generate(specification).verilog.encode()).hexdigest()


@cache
def _sources_sha256() -> str:
    """Return the digest of the model, the testbenches and what they share. A change in any of them asks for a new
    measurement."""
    package = Path(__file__).parents[1]
    folders = ("common", "specification", "hdl", "model", "sim", "performance")
    files = [path for folder in folders for path in (package / folder).rglob("*") if path.is_file()]
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.suffix in (".py", ".v")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
