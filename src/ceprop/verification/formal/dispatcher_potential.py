"""How many changes a request of a dispatcher still takes at most, from its state and its counters."""

from amaranth.hdl import Module, Mux, Signal, Value

from ceprop.boards.protocol import LONGEST_BODY, LONGEST_PAYLOAD, Identity, Status
from ceprop.boards.rtl.requests.parts import DispatcherParts
from ceprop.boards.rtl.requests.reply_states import REFUSAL_BYTES


class Potential:
    """A number for every state of a dispatcher. Each change of the state, or of a counter, makes it smaller.

    Parameters
    ----------
    parts : DispatcherParts
        What the states share.
    to_come : Value
        The bytes of the frame that are still to come.
    """

    def __init__(self, parts: DispatcherParts, to_come: Value):
        self._parts, self._to_come = parts, to_come
        self._group = parts.ports.group_bytes
        groups = LONGEST_PAYLOAD // self._group
        # At least the changes of any reply.
        self._reply = 8 + max(groups * (self._group + 1), 2 * LONGEST_PAYLOAD, 1 << len(parts.registers.index))
        self.most = self._reply + 25 + 5 * LONGEST_BODY

    def of_states(self) -> dict[str, Value]:
        """The potential in each state, by the name of the state."""
        left = self._parts.registers.left
        return {**self._until_checked(), **self._until_done(), **self._reply_states(left), "END": Value.cast(1)}

    def selected(self, m: Module, states: dict[str, Value]) -> Signal:
        """The potential now. `states` has, for each state, whether the dispatcher is in it."""
        found = Signal(range(self.most + 1), name="potential")
        for name, value in self.of_states().items():
            with m.If(states[name]):
                m.d.comb += found.eq(value)
        return found

    def _until_checked(self) -> dict[str, Value]:
        """Head and checks. WRITE is measured by groups."""
        to_come, left, reply = self._to_come, self._parts.registers.left, self._reply
        measured = 2 * Mux(left[-1], 0, left)
        return {
            "IDLE": Value.cast(0),
            "SEQUENCE": reply + 24 + 5 * to_come,
            "CODE": reply + 24 + 5 * to_come,
            "DECODE": reply + 24 + 5 * to_come,
            "CHECK": reply + 20 + 5 * to_come,
            "MEASURE": reply + 11 + 3 * to_come + measured,
            "MEASURED": reply + 12 + 3 * to_come + measured,
        }

    def _until_done(self) -> dict[str, Value]:
        """Arguments and execution."""
        to_come, reply = self._to_come, self._reply
        return {
            "ARGUMENTS": reply + 10 + 3 * to_come,
            "EXECUTE": Value.cast(reply + 9),
            "ASK": Value.cast(reply + 1),
            "RESET": reply + 1 + self._until(3),
            "SAMPLES": reply + 1 + to_come,
            "WORDS": reply + 1 + 3 * to_come,
            "SHIFTED": reply + 3 + 3 * to_come,
            "PUT": reply + 2 + 3 * to_come,
        }

    def _reply_states(self, left: Value) -> dict[str, Value]:
        registers, request = self._parts.registers, self._parts.request
        statuses = Mux(request.status, Status.BYTES - 1, Identity.BYTES - 1)
        payload = 1 + self._until(Mux(registers.refused, REFUSAL_BYTES - 1, statuses))
        groups = 1 + left * (self._group + 1)
        count = 2 + 2 * left
        others = Mux(request.read, groups, Mux(request.results, count, payload + Mux(request.status, 2, 0)))
        after_code = Mux(registers.refused, payload, Mux(request.changing, 1, others))
        return {
            "REPLY SEQUENCE": 2 + after_code,
            "REPLY CODE": 1 + after_code,
            "HOLD": payload + 2,
            "READ STATUS": payload + 1,
            "PAYLOAD": payload,
            "GROUP": groups,
            "BYTES": 1 + (left - 1) * (self._group + 1) + self._until(self._group - 1),
            "COUNT": count,
            "RESULT": 1 + 2 * left - registers.index[0],
        }

    def _until(self, last: Value | int) -> Value:
        """The changes of the index, which begins again behind its largest value, until it is behind `last`."""
        index = self._parts.registers.index
        return 1 + ((last - index) & ((1 << len(index)) - 1))
