"""Conversion of the payloads of the core's streams, with the layouts in the manifest."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import bitstring
import numpy as np


@dataclass(frozen=True)
class Codec:
    """Packs and unpacks a payload with the layout `payload`, which is `manifest["streams"][name]["payload"]`."""

    payload: dict[str, Any]

    def pack(self, **values: int | Sequence[int]) -> int:
        """Return the payload with these fields. All other fields are zero. An array takes a sequence with one integer
        per element.

        Raises `ValueError` if a value does not fit its field.
        """
        packed = bitstring.BitArray.from_zeros(self.payload["bits"])
        for name, value in values.items():
            field = self._field(name)
            elements = [value] if isinstance(value, int) else list(value)
            # Element 0 lies in the lowest bits, which are the last ones in bitstring's order.
            bits = bitstring.Array(f"uint{field['bits'] // field.get('length', 1)}", elements[::-1]).data
            packed.overwrite(self.payload["bits"] - field["offset"] - len(bits), bits)
        return packed.uint

    def number(self, beat: int, name: str) -> int:
        """Return one field, which must not be an array, of one payload."""
        field = self._field(name)
        return beat >> field["offset"] & ((1 << field["bits"]) - 1)

    def unpack(self, beats: Sequence[int], name: str, element: str | None = None, signed: bool = False) -> np.ndarray:
        """Return one field of many payloads, int64 (beats,), or (beats, length) for an array.

        `element` selects a field of a structured element. With `signed`, values are in two's complement.
        """
        size = (self.payload["bits"] + 7) // 8
        raw = np.frombuffer(b"".join(beat.to_bytes(size, "little") for beat in beats), np.uint8)
        bits = np.unpackbits(raw.reshape(-1, size), axis=1, bitorder="little")
        field = self._field(name)
        length = field.get("length", 1)
        stride = field["bits"] // length
        inner = {"offset": 0, "bits": stride}
        if element is not None:
            inner = next(entry for entry in field["element"] if entry["name"] == element)
        starts = field["offset"] + inner["offset"] + stride * np.arange(length)
        columns = starts[:, None] + np.arange(inner["bits"])
        values = bits[:, columns].astype(np.int64) @ (1 << np.arange(inner["bits"], dtype=np.int64))
        if signed:
            values = sign_extend(values, inner["bits"])
        return values if "length" in field else values[:, 0]

    def offset(self, name: str) -> int:
        """Return the lowest bit of a field."""
        return self._field(name)["offset"]

    def _field(self, name: str) -> dict[str, Any]:
        """Return the layout of a field."""
        return self._fields[name]

    @cached_property
    def _fields(self) -> dict[str, Any]:
        """The layouts of all fields, by name."""
        return {entry["name"]: entry for entry in self.payload["fields"]}


def sign_extend(values: np.ndarray, bits: int) -> np.ndarray:
    """Return the low `bits` bits of every value as a number in two's complement."""
    values = values & ((1 << bits) - 1)
    return values - ((values >> (bits - 1)) << bits)
