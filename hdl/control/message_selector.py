"""The message selector: what enters the first lanes, from the walkers or, between samples, from a command."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.checks import check, earlier
from ceprop.hdl.control.signatures import Banks, CommandMessages, EdgeSettings, SlotMessages, StepMessages
from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.messages import Messages, Operation
from ceprop.hdl.lanes.signatures import NeuronChain
from ceprop.hdl.typing import Fields, Interface
from ceprop.specification import Edge, Geometry


class MessageSelector(wiring.Component):
    """Selects the messages of each cycle, and delays the `sum` messages until their sums come back.

    Latency: none, except that a `sum` message leaves `sum_delays[edge]` cycles later.

    Parameters
    ----------
    geometry : Geometry
        Layouts.
    sum_delays : dict
        For each edge with neurons the cycles by which a `sum` message follows the `source` message of its slot.

    Members
    -------
    slots, steps, commands : In
        Messages of the sweep walker or the drive prefetch, of the step walker, and of the command port.
    banks, settings : In
        Which banks a command reads and writes; what goes to the neurons beside the messages.
    row, column : Out
        Messages into the first neuron cell of each edge.
    tile : Out
        Message into the first column lane.
    """

    slots: Interface
    steps: Interface
    commands: Interface
    banks: Interface
    settings: Interface
    row: Interface
    column: Interface
    tile: Fields

    def __init__(self, geometry: Geometry, sum_delays: dict[Edge, int]):
        self._sum_delays = sum_delays
        super().__init__(
            {
                "slots": In(SlotMessages(geometry)),
                "steps": In(StepMessages(geometry)),
                "commands": In(CommandMessages(geometry)),
                "banks": In(Banks()),
                "settings": In(EdgeSettings(geometry)),
                "row": Out(NeuronChain(geometry, "row")),
                "column": Out(NeuronChain(geometry, "column")),
                "tile": Out(Messages(geometry).tile),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The row edge, the column edge, the column lanes."""
        m = Module()
        slots, steps, commands = self.slots, self.steps, self.commands
        stepping = (steps.row.operation != Operation.NONE) | (steps.column.operation != Operation.NONE)
        check(m, "step_message_lost_to_a_command", commands.busy & stepping)
        check(m, "slot_lost_to_a_command", lambda c: commands.busy & earlier(c, slots.walking, 1))
        # A command reads and writes weights at addresses of its own, whatever the walker sent last.
        m.d.comb += [
            self.tile.eq(Mux(commands.busy, commands.tile.as_value(), slots.tile.as_value())),
            self.row.source.eq(Mux(commands.busy, commands.row_source.as_value(), slots.row_source.as_value())),
            self.column.source.eq(Mux(commands.busy, 0, slots.column_source.as_value())),
            self.row.settings.eq(self.settings.row),
            self.column.settings.eq(self.settings.column),
        ]
        row_sum: Fields = Signal(slots.row_sum.shape(), name="row_sum_or_read")
        m.d.comb += [row_sum.eq(slots.row_sum), row_sum.read.eq(commands.row_sum.read)]
        m.d.comb += self.row.sum.eq(delay(m, row_sum, self._sum_delays["row"], "row_sum"))
        if "column" in self._sum_delays:
            delayed = delay(m, slots.column_sum, self._sum_delays["column"], "column_sum")
            m.d.comb += self.column.sum.eq(delayed)
        self._select_step(m, self.row.step, commands.row_step, self.steps.row, "row")
        self._select_step(m, self.column.step, commands.column_step, self.steps.column, "column")
        return m

    def _select_step(self, m: Module, selected: Fields, of_command: Fields, of_walker: Fields, name: str) -> None:
        """A command reads and writes the banks that are in use."""
        command: Fields = Signal(of_command.shape(), name=f"{name}_command_step")
        m.d.comb += [
            command.eq(of_command),
            command.bank.eq(self.banks.bank),
            command.swap.eq(self.banks.swap),
            selected.eq(Mux(self.commands.busy, command.as_value(), of_walker.as_value())),
        ]
