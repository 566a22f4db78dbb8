"""The tables of `ceprop bench`."""

from typing import TYPE_CHECKING

from ceprop.common.report import percent

if TYPE_CHECKING:
    from ceprop.performance.board_bench import BoardBench
    from ceprop.performance.core_bench import CoreBench


def board_rows(result: "BoardBench") -> list[tuple[str, str]]:
    """Return names and values of a whole board's bench."""
    speed, built = result.speed, result.built
    busy = ", ".join(f"{name} {percent(share)}" for name, share in speed.busy.items())
    return [
        ("learned from", result.learned_samples),
        ("samples per second, whole board", f"{result.samples_per_second:,.0f}"),
        ("samples per second, core alone", f"{speed.core_samples_per_second:,.0f} at the same clock"),
        ("bound by", result.bound_by),
        ("at work", busy),
        ("connections per second, whole board", f"{result.connections_per_second:,.0f}"),
        ("core's clock", f"{built.core_clock_hz / 1e6:.2f} MHz"),
        *(
            (f"clock {name}", f"{clock.achieved:.2f} MHz reached, {clock.constraint:.2f} MHz needed")
            for name, clock in built.clocks.items()
        ),
        ("bitstream", built.bitstream),
        ("golden model, one processor core", f"{result.golden_samples_per_second:,.0f} samples/s"),
        ("simulator", f"{result.simulated_cycles_per_second:,.0f} cycles/s"),
        ("weights_sha256", result.weights_sha256),
        ("mismatches", f"{result.mismatches:,}"),
    ]


def core_stages(result: "CoreBench") -> list[list[str]]:
    """Return the rows of the table, with one column per stage."""
    names = list(result.stages)
    bounds = [result.limits(name) for name in names]

    def spread(low: float, high: float) -> str:
        return f"+- {(high - low) / 2:,.0f}"

    return [
        [
            "samples per second, core alone",
            *(f"{result.rate(name):,.0f} {spread(*result.rate_interval(name))}" for name in names),
        ],
        ["cycles per sample", *(f"{m.mean_cycles:,.0f} {spread(*m.interval)}" for m in result.stages.values())],
        ["multiplier occupancy", *(percent(bound.occupancy) for bound in bounds)],
        ["share of the physical limit", *(f"{percent(bound.ratio)} ({bound.tighter})" for bound in bounds)],
        ["samples compared", *(f"{m.samples:,}" for m in result.stages.values())],
        ["mismatches", *(f"{m.mismatches:,}" for m in result.stages.values())],
    ]


def core_rows(result: "CoreBench") -> list[tuple[str, str]]:
    """Return names and values of the other figures."""
    golden, dense, implementation = result.golden, result.dense_nudged, result.implementation
    room = implementation.available
    simulated = result.as_dict()["simulated_cycles_per_second"]
    seeds = "" if golden is None else ", ".join(f"{percent(error)} (seed {s})" for s, error in golden.errors.items())
    rows = [
        ("clock", f"{result.clock / 1e6:.1f} MHz"),
        *((name.replace("_", " "), f"{used:,} of {room[name]:,}") for name, used in implementation.resources.items()),
        (
            "occupancy when nudged, no zero pixel",
            f"{percent(dense.occupancy)} of at most {percent(dense.largest_occupancy)}",
        ),
        ("golden model", f"{result.golden_samples_per_second:,.0f} samples/s"),
        ("simulator", f"{simulated:,.0f} cycles/s"),
    ]
    if golden is not None:
        rows.append((f"test error after {golden.epochs} epochs", f"{percent(golden.mean)}: {seeds}"))
    return rows
