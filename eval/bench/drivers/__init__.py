"""One program a system, run in a process of its own: `python -m eval.bench.drivers.NAME`."""
