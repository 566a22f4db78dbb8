"""The check that a comparison was complete. Only a complete comparison without a difference is a proof."""

from ceprop.common.errors import CepropError
from ceprop.sim import Comparison


def require_whole(comparison: Comparison, simulator: str, samples: int) -> None:
    """Raise :class:`CepropError` if a comparison found no difference but ended before all samples were compared."""
    done = comparison.samples_compared
    if not comparison.mismatches and (done < samples or not comparison.states_compared or not comparison.cycles):
        raise CepropError(
            f"{simulator}: the simulation ended after {done} of {samples} samples, so the comparison is no proof"
        )


def comparison_rows(comparison: Comparison) -> list[tuple[str, str]]:
    """Return the rows of a table of what was compared, each with a name and a value."""
    followed = comparison.followed_samples
    return [
        ("samples", f"{comparison.samples_compared:,}"),
        ("steps", f"{comparison.steps_compared:,}"),
        ("states", f"{comparison.states_compared:,}"),
        ("weights and biases", f"{comparison.weights_compared:,}"),
        ("cycles", f"{comparison.cycles:,}"),
        ("samples without a pause", f"{followed:,} in {comparison.elapsed_cycles:,} cycles" if followed else "none"),
        ("cycles per second", f"{comparison.cycles_per_second:,.0f}"),
        ("weights_sha256", comparison.weights_sha256),
        ("mismatches", f"{comparison.mismatches:,}"),
    ]
