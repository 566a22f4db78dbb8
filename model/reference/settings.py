"""The settings of a run in floating point: the network, the rule, the dynamics and all their numbers."""

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from ceprop.common.errors import CepropError
from ceprop.specification import Section

Positive = Annotated[float, Field(gt=0, strict=False)]
Steps = Annotated[int, Field(ge=1)]


class Settings(Section):
    """The settings of one run of the float reference. Lists run from input to output.

    :meth:`of` makes validated settings and raises :class:`CepropError` for a wrong field.

    Fields
    ------
    layers, rates
        The number of units per layer, and the learning rate of each connection.
    rule, activation
        The learning rule, and the activation of all neurons.
    setting
        `prototypical` is the paper's discrete time, and `energy-based` is its real time. `consistent` is real time with
        an output layer that is treated like every other layer. Then a step is the gradient of a scalar, and Theorem 1
        is exact.
    free_steps, nudged_steps
        The numbers of steps of the two phases, `T` and `K`.
    beta, random_sign, centred
        The strength of the nudge. With `random_sign`, its sign is drawn for every batch. With `centred`, each batch is
        nudged towards the target and then away from it.
    dt
        The length of a step in real time.
    clip
        Whether every state is limited to the range from 0 to 1.
    angle
        The initial angle, in degrees, between forward and backward weights.
    first_bias
        Whether the bias of the first hidden layer is trained. The authors' discrete VF does not train it.
    partial_drive_slopes
        A second form of the vector-field rules. The change of a unit, from which its synapses learn, is multiplied by
        `rho'` at a part of the sum of the unit. For forward weights and biases, this is the part that the forward
        weights and the bias bring. For backward weights, it is the part that the backward weights bring. States and
        weights are those before the step. This form needs the prototypical setting, because in real time no state is
        the activation of a sum.
    batch, precision, seed
        The number of samples per batch, the number format, and the seed of all random numbers.
    order
        The order of the layers in a step. With `synchronous`, all layers are computed from the old states. With
        `alternating`, the odd layers and the even layers are computed in turn, each from the newest states of the
        others.
    """

    layers: tuple[Steps, ...] = Field(min_length=2, strict=False)
    rule: Literal["ep", "c-ep", "vf", "c-vf"] = "c-ep"
    setting: Literal["prototypical", "energy-based", "consistent"] = "prototypical"
    activation: Literal["sigmoid", "hard-sigmoid", "tanh"] = "sigmoid"
    free_steps: Steps
    nudged_steps: Steps
    beta: Annotated[float, Field(strict=False)]
    rates: tuple[Annotated[float, Field(ge=0, strict=False)], ...] = Field(strict=False)
    dt: Positive = 1.0
    clip: bool = False
    random_sign: bool = False
    centred: bool = False
    angle: Annotated[float, Field(ge=0, le=180, strict=False)] = 0.0
    first_bias: bool = True
    partial_drive_slopes: bool = False
    batch: Steps = 20
    precision: Literal["float32", "float64"] = "float32"
    seed: Annotated[int, Field(ge=0)] = 1
    order: Literal["synchronous", "alternating"] = "synchronous"

    @classmethod
    def of(cls, **fields: Any) -> Self:
        """Return validated settings. Raises :class:`CepropError` with a message of one line for a wrong field."""
        try:
            return cls(**fields)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise CepropError(f"settings: {where or 'fields'} = {first['input']!r}: {first['msg']}") from None

    def but(self, **fields: Any) -> Self:
        """Return the same settings with some fields changed."""
        return type(self).of(**(self.model_dump() | fields))

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Check the conditions that involve several fields."""
        if len(self.rates) != len(self.layers) - 1:
            raise ValueError(f"rates must hold one rate a connection, {len(self.layers) - 1}")
        if self.beta == 0:
            raise ValueError("beta must not be 0")
        if self.angle and not self.asymmetric:
            raise ValueError(f"an angle needs two weight sets, which {self.rule} does not have")
        if self.partial_drive_slopes and not self.asymmetric:
            raise ValueError(f"partial_drive_slopes needs two weight sets, which {self.rule} does not have")
        if self.partial_drive_slopes and self.real_time:
            raise ValueError(f"partial_drive_slopes needs the prototypical setting, this is {self.setting}")
        return self

    @property
    def connections(self) -> range:
        """The numbers of the connections. Connection `l` joins layer `l - 1` and layer `l`."""
        return range(1, len(self.layers))

    @property
    def asymmetric(self) -> bool:
        """Whether forward and backward weights are two sets."""
        return self.rule in ("vf", "c-vf")

    @property
    def continual(self) -> bool:
        """Whether weights are updated at every nudged step."""
        return self.rule in ("c-ep", "c-vf")

    @property
    def real_time(self) -> bool:
        """Whether a step is one of Euler's method, of length `dt`."""
        return self.setting != "prototypical"

    @property
    def alternating(self) -> bool:
        """Whether the order of the layers in a step is alternating and matters. Without a hidden layer, no state
        depends on another layer."""
        return self.order == "alternating" and len(self.layers) > 2

    @cached_property
    def free_halves(self) -> tuple[tuple[int, ...], ...]:
        """The layers of a free step that are computed together, in order. They are all layers, or the odd layers and
        then the even layers."""
        if not self.alternating:
            return (tuple(self.connections),)
        return tuple(self.connections[::2]), tuple(self.connections[1::2])

    @cached_property
    def nudged_halves(self) -> tuple[tuple[int, ...], ...]:
        """The same for a nudged step. They are all layers, or the half with the output layer and then the other
        half."""
        return self.free_halves if self.connections[-1] in self.free_halves[0] else self.free_halves[::-1]
