"""Studies: the same network learned again with one thing changed, over seeds, as tables, curves and JSON.

`variants` lists what each study changes, `runs` makes and keeps the result of one run, `study` goes through all of
them, `pictures` draws what came out.
"""
