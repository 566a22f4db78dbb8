"""Bits that flip in the memories while a network learns: what they cost, what learning repairs, and what the counters
of the core show.

`bit_flips` flips bits of weights and states. `state_flips` runs samples while states flip, with sums that are kept as
in the core. `fault_runs` makes the results.
"""
