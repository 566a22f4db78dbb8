"""The one object that makes the golden model, the hardware, the testbench and the host driver.

A specification is frozen and validated. It is read from TOML and written to TOML. Lists with one entry per layer or per
connection run from input to output. `docs/numerics.md` tells what every field does to the bits.
"""

import itertools
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import tomli_w
from pydantic import Field, ValidationError, model_validator

from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.paths import StrPath
from ceprop.specification import digests
from ceprop.specification.field_checks import check_fields
from ceprop.specification.fields import Activation, Array, Formats, Nudge, Phases, Quantiser, Section, Update, Within
from ceprop.specification.toml_text import one_line, read_toml, set_field

NAME = r"^[a-z][a-z0-9_-]{0,39}$"
"""Pattern of a name, from which files, modules and identifiers are made."""


class Specification(Section):
    """Everything that a network, its learning and its hardware are made from.

    :meth:`from_mapping` and :meth:`load` raise :class:`CepropError` with one line that names the field, the value and
    what is allowed.
    """

    name: Annotated[str, Field(pattern=NAME)] = "network"
    """Name of the network, from which files and modules are named."""
    layers: tuple[Annotated[int, Within(1, 2**15)], ...] = Field(strict=False)
    """Units of each layer, from input to output. There are at least two layers."""
    rule: Literal["ep", "c-ep", "vf", "c-vf"] = "c-ep"
    """The learning rule. `c-ep` and `c-vf` update after every nudged step, `ep` and `vf` once after the nudged phase.
    `vf` and `c-vf` have backward weights of their own."""
    angle: Annotated[int, Within(0, 180)] | None = None
    """Angle in degrees between the initial forward and backward weights; only for `vf` and `c-vf`, where it is 0 if it
    is left out."""
    seed: Annotated[int, Within(0, 2**64 - 1)] = 1
    """Seed of every random number."""
    formats: Formats = Formats()
    activation: Activation = Activation()
    phases: Phases = Phases()
    nudge: Nudge = Nudge()
    update: Update
    quantiser: Quantiser = Quantiser()
    array: Array | None = None

    # --- reading and writing

    @classmethod
    def from_mapping(cls, fields: dict[str, Any]) -> Self:
        """Return a validated specification from nested fields, as TOML gives them."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            raise CepropError(f"specification: {one_line(first)}") from None

    @classmethod
    def load(cls, path: StrPath, overrides: Iterable[str] = ()) -> Self:
        """Return the specification in a TOML file. Every override is `key=value` with a dotted key and a TOML value."""
        return cls._with(read_toml(Path(path)), overrides)

    @classmethod
    def from_overrides(cls, overrides: Iterable[str]) -> Self:
        """Return the specification that overrides alone make, each as in :meth:`load`."""
        return cls._with({}, overrides)

    def override(self, *overrides: str) -> Self:
        """Return the same specification with some fields set. Each override is `key=value`."""
        return self._with(self.fields(), overrides)

    @classmethod
    def _with(cls, fields: dict[str, Any], overrides: Iterable[str]) -> Self:
        for override in overrides:
            set_field(fields, override)
        return cls.from_mapping(fields)

    def fields(self) -> dict[str, Any]:
        """Return the nested fields in plain types. Fields without a value are left out."""
        return self.model_dump(mode="json", exclude_none=True)

    def chosen_fields(self) -> dict[str, Any]:
        """Return the nested fields in plain types, without those that have their default. :meth:`from_mapping` makes
        an equal object from them."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)

    def save(self, path: StrPath) -> None:
        """Write TOML from which :meth:`load` makes an equal object."""
        write_aside(Path(path), tomli_w.dumps(self.fields()).encode())

    # --- identity

    @property
    def learning_digest(self) -> str:
        """SHA-256 over the canonical fields.

        By definition, two specifications that learn the same bits have the same digest (docs/specification.md).
        """
        return digests.digest(self.canonical_fields)

    @property
    def build_digest(self) -> str:
        """SHA-256 over the canonical fields, the name and the array. A specification without an array counts as one
        with the array's defaults."""
        whole = self.with_array().fields()
        return digests.digest(self.canonical_fields | {"name": whole["name"], "array": whole["array"]})

    @property
    def canonical_fields(self) -> dict[str, Any]:
        """The fields that determine bits, each in the one form that all equal specifications have."""
        return digests.canonical_fields(self)

    def with_array(self) -> Self:
        """Return the same specification with an array. Where none is given it is the default array, which must hold the
        weights."""
        return self if self.array is not None else type(self).from_mapping(self.fields() | {"array": {}})

    # --- what follows from the fields

    @property
    def connections(self) -> range:
        """Numbers of the connections; connection `l` joins layer `l - 1` to layer `l`."""
        return range(1, len(self.layers))

    @property
    def classes(self) -> int:
        """Units of the output layer."""
        return self.layers[-1]

    @property
    def weights(self) -> int:
        """Number of weights of all connections, backward weights included."""
        forward = [below * above for below, above in itertools.pairwise(self.layers)]
        return sum(forward) + (sum(forward[1:]) if self.two_weight_sets else 0)

    @property
    def continual(self) -> bool:
        """Whether weights change in every nudged step (C-EP, C-VF) or once after the nudged phase (EP, VF)."""
        return self.rule in ("c-ep", "c-vf")

    @property
    def two_weight_sets(self) -> bool:
        """Whether a layer receives the states of the layer above through weights of its own (VF, C-VF)."""
        return self.rule in ("vf", "c-vf")

    @property
    def centred(self) -> bool:
        """Whether a sample has two nudged phases, with opposite signs."""
        return self.nudge.sign == "centred"

    @property
    def sign_changes(self) -> bool:
        """Whether the sign of the nudge changes from sample to sample."""
        return self.nudge.sign in ("alternating", "random")

    @property
    def alternating(self) -> bool:
        """Whether the order of the layers in a step is alternating and matters. Without a hidden layer no state depends
        on another one."""
        return self.phases.order == "alternating" and len(self.layers) > 2

    @property
    def free_halves(self) -> tuple[tuple[int, ...], ...]:
        """The layers of a free step that are computed together, in order: all, or the odd layers and then the even
        ones."""
        if not self.alternating:
            return (tuple(self.connections),)
        return tuple(self.connections[::2]), tuple(self.connections[1::2])

    @property
    def nudged_halves(self) -> tuple[tuple[int, ...], ...]:
        """The same of a nudged step: all, or the half with the output layer and then the other half."""
        return self.free_halves if self.connections[-1] in self.free_halves[0] else self.free_halves[::-1]

    def shifts_at(self, epoch: int) -> tuple[int, ...]:
        """Return the rate shifts of an epoch, from input to output. The first epoch is 0."""
        shifts = self.update.shifts
        for change in self.update.schedule:
            if change.epoch <= epoch:
                shifts = change.shifts
        return shifts

    @property
    def all_shifts(self) -> list[tuple[int, ...]]:
        """The rate shifts of the first epoch, then those of every change of the schedule."""
        return [self.update.shifts, *(change.shifts for change in self.update.schedule)]

    @property
    def largest_shifts(self) -> tuple[int, ...]:
        """The largest rate shift of each connection (`m_max`)."""
        if self.update.largest is not None:
            return self.update.largest
        return tuple(max(column) for column in zip(*self.all_shifts, strict=True))

    @property
    def smallest_shifts(self) -> tuple[int, ...]:
        """The smallest rate shift of each connection that the schedule uses."""
        return tuple(min(column) for column in zip(*self.all_shifts, strict=True))

    def update_shift(self, connection: int) -> int:
        """Return the number of bits that an update drops (`SH`), from the fraction of the product to that of the
        weight."""
        source = self.formats.input_bits if connection == 1 else self.formats.state_bits
        return source + self.bias_shift(connection) - self.formats.state_bits

    def bias_shift(self, connection: int) -> int:
        """Return `SH` of the bias of layer `connection`. A bias is a synapse from a constant unit of state
        `2^state_bits`."""
        return 2 * self.formats.state_bits + self.largest_shifts[connection - 1] - self.formats.weight_fraction

    @property
    def generator_bits(self) -> int:
        """Width of a neuron's xorshift generator. It is 16, or 32 where a rounding position or the size of the network
        needs it."""
        widest = max(max(self.update_shift(c), self.bias_shift(c)) for c in self.connections)
        return 16 if widest <= 16 and sum(self.layers[1:]) < 2**15 else 32

    def row_slot_bits(self, rows: int) -> int:
        """Return the number of bits that number the row slots of a cell's weights, for the odd layer with the most
        slots."""
        return max(1, (math.ceil(max(self.layers[1::2]) / rows) - 1).bit_length())

    def column_words(self, cols: int) -> tuple[int, ...]:
        """Return the column slots of every weight set in a cell.

        The forward weights come first, from input to output. With two weight sets, the backward weights of the
        connections from 2 on follow.
        """
        forward = [math.ceil(self.layers[l - l % 2] / cols) for l in self.connections]
        return tuple(forward + (forward[1:] if self.two_weight_sets else []))

    def cell_words(self, rows: int, cols: int) -> int:
        """Return the words that a cell of a `rows x cols` array needs. The row slots of a column slot take a power of
        two."""
        return sum(self.column_words(cols)) << self.row_slot_bits(rows)

    def sum_fraction(self, layer: int) -> int:
        """Return the fraction bits of a neuron's sum: those of a weight plus those of the finer of its sources."""
        formats = self.formats
        source = max(formats.state_bits, formats.input_bits) if layer == 1 else formats.state_bits
        return formats.weight_fraction + source

    @property
    def sigmoid_range(self) -> int:
        """`h` of the range `1/2 - 2^h <= a < 1/2 + 2^h` that the table of the sigmoid spans."""
        return 1 if self.formats.state_bits <= 10 else 2

    def largest_sum(self, layer: int) -> int:
        """Return a bound on the magnitude of a neuron's sum, in units of `2^-sum_fraction`."""
        formats = self.formats
        weight, state = 1 << (formats.weight_bits - 1), 1 << formats.state_bits
        above = self.layers[layer + 1] if layer + 1 < len(self.layers) else 0
        below, source = (self.layers[layer - 1], formats.input_bits if layer == 1 else formats.state_bits)
        fraction = self.sum_fraction(layer) - formats.weight_fraction
        from_below = below * weight * ((1 << source) - 1) << (fraction - source)
        return from_below + (weight * (above * (state - 1) + state) << (fraction - formats.state_bits))

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_fields(self)
        return self
