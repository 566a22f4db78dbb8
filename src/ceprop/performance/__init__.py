"""How fast a design is: cycles from the cycle model, clocks from builds, rates from both, and the benches that measure.

In come a specification, an array and a board. Out go estimates before synthesis, measured rates, and the limits that no
schedule of work can beat. `ceprop.boards.resources` decides whether a design fits a board.
"""

from ceprop.performance.cycle_replay import Costs, Replay, replay

__all__ = ["Costs", "Replay", "replay"]
