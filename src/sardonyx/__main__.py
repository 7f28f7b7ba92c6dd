"""Run the command line as `python -m sardonyx`."""

from sardonyx.cli.main import run

run()
