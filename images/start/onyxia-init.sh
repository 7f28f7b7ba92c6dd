#!/bin/sh
# Prepare the home, then become the command: `/opt/onyxia-init.sh jupyter lab …`.
# Each step of init_steps.py tells on standard output how it went; only a home that cannot be
# written keeps the command from starting (exit code 3).
python=/opt/venv/bin/python
"$python" /opt/sardonyx/init_steps.py || exit $?
exec "$python" /opt/sardonyx/enter.py "$@"
