"""A real Kubernetes on one machine, to test on: built from source, loopback only.

    python -m tools.cluster up [light|node]     see `__main__`

Two forms. *light*: API server, controllers, scheduler and simulated nodes; no root. *node*: one
whole node with containerd and real pods in a network namespace of its own; root. Everything
lives under `build/cluster/`; `down` leaves the machine as it was. Standard library only.
"""
