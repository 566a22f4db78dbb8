"""The sections of a specification: every field with its default and what is allowed."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def within(low: int, high: int) -> Callable[[int], int]:
    """A check for `Annotated` fields: an integer from `low` to `high`."""

    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"must be from {low} to {high}")
        return value

    return AfterValidator(check)  # pyright: ignore[reportReturnType]


class Section(BaseModel):
    """Fields that are frozen, strictly typed, and refused where they are unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Formats(Section):
    """Number formats. A state is `state_bits` wide and unsigned, value `s / 2^state_bits`; an input likewise with
    `input_bits`; a weight or bias is signed, `weight_bits` wide with `weight_fraction` fraction bits, saturating."""

    state_bits: Annotated[int, within(2, 16)] = 8
    input_bits: Annotated[int, within(1, 16)] = 8
    weight_bits: Annotated[int, within(2, 24)] = 14
    weight_fraction: Annotated[int, within(1, 24)] = 13


class Activation(Section):
    """`hard-sigmoid` is `clip(a, 0, 1)`; `sigmoid` is `1 / (1 + exp(-4 (a - 1/2)))` from a table of `2^table_bits`."""

    kind: Literal["hard-sigmoid", "sigmoid"] = "hard-sigmoid"
    table_bits: Annotated[int, within(4, 12)] = 9


class Phases(Section):
    """Most steps of the free phase (`T` in the paper) and of the nudged phase (`K`)."""

    free_steps: Annotated[int, within(1, 1023)] = 20
    nudged_steps: Annotated[int, within(1, 1023)] = 10


class Nudge(Section):
    """`beta = 2^-shift`, its sign fixed, alternating from sample to sample, or random; `centred` nudges every sample
    twice from the same free end, first forwards, then backwards."""

    shift: Annotated[int, within(1, 15)] = 2
    sign: Literal["positive", "negative", "alternating", "random", "centred"] = "positive"


class RateChange(Section):
    """From this epoch on (the first is 0) the connections learn at these shifts."""

    epoch: Annotated[int, within(1, 1_000_000)]
    shifts: tuple[Annotated[int, within(0, 31)], ...] = Field(strict=False)


class Update(Section):
    """`eta_l / beta = 2^-shifts[l]`, one shift a connection, and how an update is rounded to a weight's bits.

    `largest` bounds the run-time shift of each connection and fixes the position of rounding; where it is left out it
    is the largest shift of the schedule."""

    rounding: Literal["stochastic", "nearest", "floor"] = "stochastic"
    shifts: tuple[Annotated[int, within(0, 31)], ...] = Field(strict=False)
    schedule: tuple[RateChange, ...] = Field(default=(), strict=False)
    largest: tuple[Annotated[int, within(0, 31)], ...] | None = Field(default=None, strict=False)


class Quantiser(Section):
    """How raw inputs become `input_bits`: `fixed` maps `low..high` onto the full range, `minmax` each sample's own
    smallest and largest value."""

    mode: Literal["fixed", "minmax"] = "fixed"
    low: Annotated[int, within(-(2**31), 2**31)] = 0
    high: Annotated[int, within(-(2**31), 2**31)] = 255


class Array(Section):
    """Shape of the systolic array. `memory_words` is the room of one cell's weight memory, `memory_ports` how many
    accesses it takes in a cycle (2: a read and a write; 1: one of them, as in iCE40's SPRAM); `input_lists` how many
    samples' inputs a column lane lists (2: the next one's are taken in while one is at work; 1 saves their memory);
    `drives` how many samples' drives a row lane keeps (2: in inference the next one's is summed in the cycles that the
    one at work leaves idle, for which it takes two lists and two ports; 1 saves its memory); `trace` adds the stream of
    every state after every step. Where the whole section is left out, what is made for a board has the shape that suits
    it, and everything else these defaults."""

    rows: Annotated[int, within(1, 64)] = 4
    cols: Annotated[int, within(1, 64)] = 4
    memory_words: Annotated[int, within(1, 2**20)] = 2**16
    memory_ports: Annotated[int, within(1, 2)] = 2
    input_lists: Annotated[int, within(1, 2)] = 2
    drives: Annotated[int, within(1, 2)] = 1
    trace: bool = False
