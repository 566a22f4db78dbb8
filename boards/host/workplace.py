"""A machine that stays open from call to call, holding the network that the last call left."""

from contextlib import ExitStack
from pathlib import Path

from ceprop.boards.host.machine import Machine, ModelMachine
from ceprop.boards.host.session import Place, open_board
from ceprop.model import Network
from ceprop.specification import Specification

MODEL = "model"
"""In place of a port: the golden model alone."""


class Workplace:
    """Opens a machine when it is first needed, and another one when the place or the specification has changed."""

    def __init__(self) -> None:
        self._resources = ExitStack()
        self._machine: Machine | None = None
        self._opened: tuple[Place, Specification] | None = None
        self._held: Network | None = None

    def machine(self, place: Place, network: Network) -> Machine:
        """The machine at `place`, holding `network`. Raises :class:`CepropError` where it cannot be opened."""
        wanted = (place, network.specification)
        if self._machine is None or self._opened != wanted:
            self.close()
            with ExitStack() as resources:
                self._machine = _open(place, network.specification, resources)
                self._resources = resources.pop_all()
            self._opened = wanted
        if self._held is not network:
            self._machine.load(network)
            self._held = network
        return self._machine

    def begin_to_learn(self) -> None:
        """What the machine holds is in between, until :meth:`holds` is called."""
        self._held = None

    def holds(self, network: Network) -> None:
        """The machine now holds `network`."""
        self._held = network

    def give_up_learning(self) -> None:
        """Close the machine if it had begun to learn, so that nothing of that is left."""
        if self._held is None:
            self.close()

    def close(self) -> None:
        """Give the machine back."""
        self._machine = self._opened = self._held = None
        self._resources.close()


def _open(place: Place, specification: Specification, resources: ExitStack) -> Machine:
    if place.port == MODEL:
        return ModelMachine(specification)
    driver = resources.enter_context(open_board(specification, place))
    driver.reset()
    return driver


def place_of(port: str, board: str | None, baud: int, line_noise: float, build: Path | str) -> Place:
    """The place that an estimator's parameters name."""
    return Place(port, board, baud, line_noise, build=Path(build))
