"""All claims. Those whose cases take longest stand first, so that no long case is left to the end."""

from ceprop.common.errors import CepropError
from ceprop.verification.case import Claim
from ceprop.verification.claims.boards import BOARDS, LINE_NOISE
from ceprop.verification.claims.compiled_model import COMPILED_MODEL
from ceprop.verification.claims.cores import CORE_ON_ICARUS, CORE_ON_VERILATOR
from ceprop.verification.claims.flash import FLASH, PACKED_SAMPLES
from ceprop.verification.claims.gradients import GRADIENTS
from ceprop.verification.claims.interruptions import RESETS, RESETS_EVERYWHERE, REWRITES
from ceprop.verification.claims.kills import KILLS
from ceprop.verification.claims.levels import BELOW_SYNTHESIS, SYNTHESIZED
from ceprop.verification.claims.parts import DEVICE_PARTS, PARTS
from ceprop.verification.claims.phase_ends import PHASE_ENDS
from ceprop.verification.claims.proofs import PROOFS
from ceprop.verification.claims.silent_checks import SILENT_CHECKS
from ceprop.verification.claims.soak import SOAK
from ceprop.verification.claims.work_saved import DRIVE_AHEAD, SKIPPING
from ceprop.verification.claims.worked_example import WORKED_EXAMPLE

CLAIMS: tuple[Claim, ...] = (
    BELOW_SYNTHESIS,
    FLASH,
    BOARDS,
    SOAK,
    KILLS,
    LINE_NOISE,
    SYNTHESIZED,
    PARTS,
    DEVICE_PARTS,
    CORE_ON_VERILATOR,
    SKIPPING,
    RESETS,
    RESETS_EVERYWHERE,
    SILENT_CHECKS,
    CORE_ON_ICARUS,
    PHASE_ENDS,
    DRIVE_AHEAD,
    REWRITES,
    PROOFS,
    COMPILED_MODEL,
    GRADIENTS,
    PACKED_SAMPLES,
    WORKED_EXAMPLE,
)


def claim_named(name: str) -> Claim:
    """Return a claim. Raises :class:`CepropError` with all names where there is none of this name."""
    for claim in CLAIMS:
        if claim.name == name:
            return claim
    raise CepropError(f"claim {name!r}: must be one of {', '.join(claim.name for claim in CLAIMS)}")


__all__ = ["CLAIMS", "claim_named"]
