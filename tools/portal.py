"""Start the portal's process again, so that it runs the code as it is now: `make portal`.

Services, storage and secrets keep running. The platform is that of SARDONYX_HOME, else the usual.
"""

from __future__ import annotations

import sys
import time

import httpx2

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.supervisor import Supervisor, running
from sardonyx.settings import Settings

_SECONDS = 30.0
_PAUSE = 0.02


def main() -> int:
    start = time.monotonic()
    home = Home(Settings().home)
    if not running(home):
        print(f"nothing runs on {home.root}: “make up” first", file=sys.stderr)
        return 4
    before = began(home)
    Supervisor(home).restart("portal")
    while began(home) == before or not answers(home):
        if time.monotonic() - start > _SECONDS:
            print(f"the portal does not answer: see {home.logs / 'portal.log'}", file=sys.stderr)
            return 5
        time.sleep(_PAUSE)
    print(f"the portal answers again after {time.monotonic() - start:.1f} s", file=sys.stderr)
    return 0


def began(home: Home) -> int:
    """Return when the portal's process made its socket, in nanoseconds."""
    try:
        return home.portal_socket.stat().st_ctime_ns
    except FileNotFoundError:
        return 0


def answers(home: Home) -> bool:
    """Tell whether the portal answers on its own socket."""
    transport = httpx2.HTTPTransport(uds=str(home.portal_socket))
    with httpx2.Client(transport=transport, timeout=2, trust_env=False) as client:
        try:
            return client.get("http://localhost/healthz").is_success
        except httpx2.TransportError:
            return False


if __name__ == "__main__":
    sys.exit(main())
