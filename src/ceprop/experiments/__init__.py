"""Experiments with the golden model and the float reference: training runs, the paper's results and studies.

In come specifications or the paper's settings, and data. Out go results that are kept on the way, so that an
interrupted run goes on, and their plots. No hardware is made or simulated here. This file imports nothing, so that
`ceprop --help` stays fast.
"""
