"""Studies: one network is learned again with one choice changed, over seeds, as tables, curves and JSON.

`variants` lists what each study changes. `study_runs` makes and keeps the result of one run. `study` goes through all
runs. `study_plots` draws the results.
"""
