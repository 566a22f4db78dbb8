"""The float reference of an integer network: the same equations without number formats."""

from ceprop.model.network import Network
from ceprop.model.reference.network import ReferenceNetwork
from ceprop.model.reference.settings import Settings
from ceprop.specification import Specification


def float_settings(specification: Specification, epoch: int = 0) -> Settings:
    """Return the settings with which the float reference runs `specification`, at the rates of `epoch`.

    The batch is 1, states are clipped as integers saturate, and numbers are float64. As everywhere in the reference,
    the caller chooses the sign of the nudge.
    """
    beta = 2.0**-specification.nudge.shift
    return Settings.of(
        layers=specification.layers,
        rule=specification.rule,
        activation=specification.activation.kind,
        centred=specification.nudge.sign == "centred",
        free_steps=specification.phases.free_steps,
        nudged_steps=specification.phases.nudged_steps,
        beta=beta,
        rates=[beta * 2.0**-shift for shift in specification.shifts_at(epoch)],
        clip=True,
        batch=1,
        precision="float64",
        order=specification.phases.order,
    )


def float_network(network: Network, epoch: int = 0) -> ReferenceNetwork:
    """Return a network with the weights and biases of `network` as real numbers."""
    settings = float_settings(network.specification, epoch)
    scale = 2.0**-network.specification.formats.weight_fraction
    forward = [weights * scale for weights in network.weights]
    backward = [weights.T for weights in forward]
    if network.backward:
        backward[1:] = [weights.T * scale for weights in network.backward]
    return ReferenceNetwork(settings, forward, backward, [biases * scale for biases in network.biases])
