"""Own the equivalent commands of every action on a service, in both tabs.

They come from what was executed: the request of a launch, the runtime's own script. A secret
never stands in them.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from sardonyx.services.models import Commands

PAUSE_UNDERNEATH = (
    "# A pause ends the program and keeps its folder. Where it runs by its script, that is\n"
    "# Ctrl-C in its terminal.\n"
)
DELETE_UNDERNEATH = "# Deleting ends the program (Ctrl-C in its terminal) and removes its folder.\n"


def command(*words: str) -> str:
    """Return one `sardonyx …` command line, quoted for a POSIX shell."""
    return shlex.join(("sardonyx", *words)) + "\n"


def on_service(verb: Sequence[str], name: str, *, project: str | None, underneath: str) -> Commands:
    """Return the commands of one action on one service; `project` None when it is one's own."""
    where = () if project is None else ("--project", project)
    return Commands(
        platform=command("services", verb[0], name, *verb[1:], *where), underneath=underneath
    )


def launched_again(script: str) -> str:
    """Return the underneath tab of resume and restart: the script of the launch, run again."""
    return "# Run the launch again: its folder is still there.\n" + script
