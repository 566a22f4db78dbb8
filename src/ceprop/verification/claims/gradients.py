"""The float reference: the updates of its nudged phase are gradients."""

import numpy as np

from ceprop.model.reference.network import ReferenceNetwork
from ceprop.model.reference.theory import Sample, median_errors, theory_settings
from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.networks import ORDERS

_BETAS = ((1e-3, 3e-2), (1e-4, 3e-3), (1e-5, 3e-4))
"""Values of beta, and for each the largest relative error that is allowed. It falls in proportion to beta."""
_SAMPLES = 3


def _run(case: Case) -> Found:
    draw, random = case.numpy_draw, case.draw
    layers = (random.randint(8, 16), *sorted(random.sample(range(5, 17), random.randint(0, 3)), reverse=True), 4)
    settings = theory_settings(layers, "consistent", order=ORDERS[case.number % 2], seed=random.getrandbits(31))
    # A free phase that is four times as long comes to rest to the last digits.
    network = ReferenceNetwork.initial(settings.but(free_steps=4 * settings.free_steps))
    targets = np.eye(layers[-1])
    samples = [Sample(draw.uniform(0, 1, (1, layers[0])), targets[k % layers[-1]][None]) for k in range(_SAMPLES)]
    variants = [network.settings.but(beta=beta) for beta, _ in _BETAS]
    found = median_errors(network, samples, variants, lambda: None)
    for (beta, most), errors in zip(_BETAS, found, strict=True):
        largest = max(errors.states + errors.weights)
        if largest >= most:
            return Found({"networks": 1}, f"beta {beta:g}: relative error {largest:.2e}, must be below {most:g}")
    arrays = sum(len(errors.states + errors.weights) for errors in found)
    return Found({"networks": 1, "samples": _SAMPLES, "relative_errors": arrays})


GRADIENTS = Claim(
    name="gradients",
    claim="In the consistent setting, the updates of the float reference are the gradients of BPTT as beta goes to 0.",
    evidence="random networks of C-EP in both orders; the relative error of each layer at three values of beta",
    unit="networks",
    not_covered="the paper's other settings, whose error has a floor, and large rates; `ceprop gdu` measures both",
    quick=20,
    full=1_000,
    together=20,
    run=_run,
)
