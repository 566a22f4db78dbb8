"""What a run in floating point is: the network, the rule, the setting and every number they take."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from ceprop.common.errors import CepropError
from ceprop.specification import Section

Positive = Annotated[float, Field(gt=0, strict=False)]
Steps = Annotated[int, Field(ge=1)]


class Settings(Section):
    """One run of the float reference. Lists run from input to output.

    `setting` is the paper's `prototypical` (discrete time), its `energy-based` (real time), or `consistent`: real time
    with the output layer treated as every other, so that a step is the gradient of a scalar and Theorem 1 is exact.
    `clip` holds every state in [0, 1]. `angle` is the initial angle, in degrees, between forward and backward
    weights; `random_sign` draws the sign of `beta` for every batch; `centred` nudges each batch towards the target and
    then away from it. `first_bias` trains the bias of the first hidden layer, which the authors' discrete VF leaves as
    it began.

    `partial_drive_slopes` belongs to the vector-field rules: the movement of a unit, from which its synapses learn, is
    multiplied by `rho'` at the part of the unit's drive that the same set of synapses brings, forward synapses and the
    bias together, or backward synapses. States and weights are those before the step. It needs the prototypical
    setting, for in real time no state is the activation of a drive.

    Raises :class:`CepropError` through :meth:`of`."""

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

    @classmethod
    def of(cls, **fields: Any) -> Self:
        """Validated settings; an error is one line."""
        try:
            return cls(**fields)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise CepropError(f"settings: {where or 'fields'} = {first['input']!r}: {first['msg']}") from None

    def but(self, **fields: Any) -> Self:
        """The same settings with some fields changed."""
        return type(self).of(**(self.model_dump() | fields))

    @model_validator(mode="after")
    def _check(self) -> Self:
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
        """Numbers of the connections; connection `l` joins layer `l - 1` to layer `l`."""
        return range(1, len(self.layers))

    @property
    def asymmetric(self) -> bool:
        """Whether forward and backward weights are two sets."""
        return self.rule in ("vf", "c-vf")

    @property
    def continual(self) -> bool:
        """Whether weights move at every nudged step."""
        return self.rule in ("c-ep", "c-vf")

    @property
    def real_time(self) -> bool:
        """Whether a step is one of Euler's, of length `dt`."""
        return self.setting != "prototypical"
