"""Read tables by DuckDB, in a process of its own that can reach nothing but the storage.

`reader` is the port's adapter and runs in the portal. `worker` runs shut in (`confinement`),
checks the query (`statement`) and talks to the storage through one door (`relay`).
"""
