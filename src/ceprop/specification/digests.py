"""What identifies a specification: the canonical form of its fields, and the digest of that (docs/specification.md)."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ceprop.specification.specification import Specification


def digest(fields: dict[str, Any]) -> str:
    """SHA-256 of fields as JSON with sorted keys and no spaces, in hexadecimal."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def canonical_fields(specification: Specification) -> dict[str, Any]:
    """Return the fields that determine bits, each in the one form that all equal specifications have."""
    fields = specification.model_dump(mode="json", exclude_none=True, exclude={"name", "array"})
    if specification.two_weight_sets:
        fields["angle"] = specification.angle or 0
    if specification.activation.kind == "hard-sigmoid":
        del fields["activation"]["table_bits"]
    # Without a hidden layer no state depends on another one, so both orders learn the same bits.
    if not specification.alternating:
        del fields["phases"]["order"]
    if specification.quantiser.mode == "minmax":
        del fields["quantiser"]["low"], fields["quantiser"]["high"]
    update = specification.update
    before = [update.shifts, *(change.shifts for change in update.schedule)]
    fields["update"]["largest"] = list(specification.largest_shifts)
    fields["update"]["schedule"] = [
        change.model_dump(mode="json")
        for change, shifts in zip(update.schedule, before, strict=False)
        if change.shifts != shifts
    ]
    return fields
