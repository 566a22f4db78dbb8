"""The sections of a specification: every field with its range, its default and its meaning.

`docs/specification.md` is generated from the types, defaults and docstrings here."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True)
class Within:
    """A check for `Annotated` fields: an integer from `low` to `high`."""

    low: int
    high: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: int) -> int:
        if not self.low <= value <= self.high:
            raise ValueError(f"must be from {self.low} to {self.high}")
        return value


RateShift = Annotated[int, Within(0, 31)]
"""A rate as the number of bits that its product is shifted to the right."""


class Section(BaseModel):
    """Fields that are frozen, strictly typed, and refused where they are unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class Formats(Section):
    """Number formats. States and inputs are unsigned. Weights and biases are signed and saturate."""

    state_bits: Annotated[int, Within(2, 16)] = 8
    """Bits `S` of a state. Its value is `s / 2^S`."""
    input_bits: Annotated[int, Within(1, 16)] = 8
    """Bits `X` of a quantised input. Its value is `x / 2^X`."""
    weight_bits: Annotated[int, Within(2, 24)] = 14
    """Bits of a weight or a bias, with the sign."""
    weight_fraction: Annotated[int, Within(1, 24)] = 13
    """Fraction bits `G` of a weight or a bias. Its value is `W / 2^G`."""


class Activation(Section):
    """The function that makes a state from a sum."""

    kind: Literal["hard-sigmoid", "sigmoid"] = "hard-sigmoid"
    """`hard-sigmoid` is `clip(a, 0, 1)`. `sigmoid` is `1 / (1 + exp(-4 (a - 1/2)))`, read from a table."""
    table_bits: Annotated[int, Within(4, 12)] = 9
    """The table of the sigmoid has `2^table_bits` entries. The hard sigmoid has no table and ignores this field."""


class Phases(Section):
    """The greatest lengths of the two phases of a sample. A phase that settles ends before."""

    free_steps: Annotated[int, Within(1, 1023)] = 20
    """Most steps `T` of the free phase."""
    nudged_steps: Annotated[int, Within(1, 1023)] = 10
    """Most steps `K` of the nudged phase."""
    order: Literal["synchronous", "alternating"] = "synchronous"
    """The order of the layers in a step. With `synchronous`, all layers are computed from the old states. With
    `alternating`, the odd layers and the even layers are computed in turn, each from the newest states of the
    others."""


class Nudge(Section):
    """Strength and sign of the force that pulls the output towards the target."""

    shift: Annotated[int, Within(1, 15)] = 2
    """The strength is `beta = 2^-shift`."""
    sign: Literal["positive", "negative", "alternating", "random", "centred"] = "positive"
    """Sign of `beta`: fixed, alternating from sample to sample, or random for each sample. `centred` nudges every
    sample twice from the same free end, first with the positive sign and then with the negative one."""


class RateChange(Section):
    """A change of the rates during training."""

    epoch: Annotated[int, Within(1, 1_000_000)]
    """The first epoch with the new rates. The first epoch of all is 0."""
    shifts: tuple[RateShift, ...] = Field(strict=False)
    """The rate shifts from this epoch on, one per connection, from input to output."""


class Update(Section):
    """How large an update is and how it is rounded to the bits of a weight."""

    rounding: Literal["stochastic", "nearest", "floor"] = "stochastic"
    """How the fraction that a weight cannot hold is rounded."""
    shifts: tuple[RateShift, ...] = Field(strict=False)
    """The rate shifts `m` before the first change of the schedule, one per connection, from input to output. The rate
    of connection `l` is `eta_l / beta = 2^-m_l`."""
    schedule: tuple[RateChange, ...] = Field(default=(), strict=False)
    """Changes of the rates, in rising order of their epochs."""
    largest: tuple[RateShift, ...] | None = Field(default=None, strict=False)
    """The largest rate shift `m_max` that the hardware can be set to, one per connection. It fixes the bit at which an
    update is rounded. Without it, it is the largest of the connection's shifts in `update.shifts` and in the
    schedule."""


class Quantiser(Section):
    """How raw integer inputs become inputs of `formats.input_bits` bits."""

    mode: Literal["fixed", "minmax"] = "fixed"
    """`fixed` maps `low` to 0 and `high` to the largest input. `minmax` maps the smallest and the largest value of
    each sample so, and ignores `low` and `high`."""
    low: Annotated[int, Within(-(2**31), 2**31)] = 0
    """The raw value that becomes 0, with the mode `fixed`. Smaller values become 0 too."""
    high: Annotated[int, Within(-(2**31), 2**31)] = 255
    """The raw value that becomes the largest input, with the mode `fixed`. Larger values become the same."""


class Array(Section):
    """The systolic array. No field of it changes a result. Where the whole section is left out, a board gets the array
    that suits it, and everything else gets these defaults."""

    rows: Annotated[int, Within(1, 64)] = 4
    """Rows of cells."""
    cols: Annotated[int, Within(1, 64)] = 4
    """Columns of cells."""
    memory_words: Annotated[int, Within(1, 2**20)] = 2**16
    """Weights for which a cell's memory has room."""
    memory_ports: Annotated[int, Within(1, 2)] = 2
    """Accesses per cycle to a cell's memory. With 2 it is a read and a write; with 1 it is one of them, as in the
    SPRAM of an iCE40."""
    input_lists: Annotated[int, Within(1, 2)] = 2
    """Samples whose inputs a column lane can list. With 2 the next sample is taken in while the present one is at
    work; 1 saves the memory of a list."""
    drives: Annotated[int, Within(1, 2)] = 1
    """Samples whose drives a row lane can keep. With 2 the drive of the next sample is summed, in inference, in the
    cycles that the present one leaves idle. It needs two input lists and two memory ports."""
    trace: bool = False
    """Whether the core has a stream of every state after every step."""
