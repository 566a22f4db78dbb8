"""Golden vectors for a board: its answers from registers to a network that learned."""

from collections.abc import Callable, Iterator

import numpy as np

from ceprop.boards.host.driver import HostDriver
from ceprop.boards.host.proof import Proof
from ceprop.boards.host.sequence import batches
from ceprop.common.report import Advance
from ceprop.model import Dataset, Network, Records, Span
from ceprop.performance.cycle_replay import replay
from ceprop.specification import Register, registers

Watch = Callable[[str], Advance]
"""Is called with the name of what begins, and returns the function to call with the progress."""


def selftest(driver: HostDriver, dataset: Dataset, samples: int, watch: Watch) -> Proof:
    """Check registers and their bounds, RESET, memories, learning, inference and counters of a board.

    `samples` samples are learned and as many are inferred. They are the first of training, at most those of one epoch.
    The last check is that RESET leaves the memories unchanged. The proof has all differences. Raises
    :class:`CepropError` as the driver does.
    """
    specification = driver.geometry.specification
    start = Network.initial(specification)
    proof = Proof(driver, start.copy())
    span = Span(0, 0, samples)
    _check_registers(proof, watch("registers"))
    driver.load(start, watch("loading"))
    proof.compare_memories(watch("reading back"))
    driver.reset()
    (batch,) = batches(specification, dataset.train_inputs, dataset.train_labels, samples)
    records = proof.learn(batch, samples, watch("learning"))
    _check_counters(proof, records, dataset, start, span)
    proof.infer(dataset.test_inputs[:samples], watch("inferring"))
    driver.reset()
    proof.compare_memories(watch("reading back"))
    return proof


def _check_registers(proof: Proof, advance: Advance) -> None:
    """Check initial values after RESET, that a write within the bounds is taken, and that a write outside is
    ignored."""
    driver = proof.driver
    bank = registers(driver.geometry.specification)
    driver.reset()
    for done, register in enumerate(bank):
        name = f"register {register.name}"
        proof.compare_number(f"{name} after RESET", driver.read_register(register.name), register.initial)
        for value, held in _writes(register):
            driver.write_register(register.name, value)
            proof.compare_number(f"{name} after {value} was written", driver.read_register(register.name), held)
        advance(done + 1, len(bank))
    driver.reset()
    for register in bank:
        found = driver.read_register(register.name)
        proof.compare_number(f"register {register.name} after RESET", found, register.initial)


def _writes(register: Register) -> Iterator[tuple[int, int]]:
    """Give values to be written, and what the register holds after each write."""
    if not register.writable:
        yield register.initial + 1, register.initial
        return
    yield register.least, register.least
    yield register.most, register.most
    yield register.most + 1, register.most
    if register.least:
        yield register.least - 1, register.most


def _check_counters(proof: Proof, records: Records, dataset: Dataset, start: Network, span: Span) -> None:
    """Compare the core's own counters, cycles included, with the model's records and the cycle model."""
    costs = replay(proof.driver.geometry, dataset, start, span, learn=True).whole
    sums = {
        "samples": span.count,
        "cycles": costs.cycles,
        "slots": costs.slots,
        "free_steps_executed": records.free_steps,
        "nudged_steps_executed": records.nudged_steps,
        "saturations": records.saturations,
        "ties": records.ties,
    }
    for name, value in proof.driver.counters().items():
        proof.compare_number(f"counter {name}", value, int(np.sum(sums[name])) % 2**32)
