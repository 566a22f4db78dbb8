"""A testbench of the whole board: a host learns over a bus model that others wrote, beside the golden model.

In come a specification and the name of a transport. Out goes what a host driver measured and compared through it.
"""
