"""Ask what was started whether it answers. `up` loads this while the portal starts."""

from __future__ import annotations

import time
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

import httpx2

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.supervisor import running
from sardonyx.cli.errors import NotRunningError, StartTimeoutError, SupervisorEndedError
from sardonyx.client.errors import PortalStartingError

_START_SECONDS = 90.0
_PAUSE = 0.05


def wait_for(part: str, address: str, home: Home) -> None:
    """Return once `address` answers. Raises SupervisorEndedError, StartTimeoutError."""
    deadline = time.monotonic() + _START_SECONDS
    with httpx2.Client(timeout=5, trust_env=False, verify=_plain()) as client:
        while True:
            try:
                if client.get(address).is_success:
                    return
            except httpx2.TransportError:
                pass
            if not running(home):
                raise SupervisorEndedError
            if time.monotonic() > deadline:
                log = home.logs / f"{part}.log"
                lines = log.read_text(errors="replace").splitlines() if log.exists() else []
                raise StartTimeoutError(
                    part=part,
                    seconds=int(_START_SECONDS),
                    last=lines[-1] if lines else "–",
                    log=str(log),
                )
            time.sleep(_PAUSE)


def one_time_address(home: Home) -> str:
    """Return an address that signs its first visitor in.

    Raises NotRunningError, PortalStartingError.
    """
    if not running(home):
        raise NotRunningError(home=str(home.root))
    token = (home.keys / "cli.token").read_text()
    transport = httpx2.HTTPTransport(uds=str(home.portal_socket), verify=_plain())
    with httpx2.Client(transport=transport, timeout=10, trust_env=False) as client:
        try:
            answer = client.post(
                "http://localhost/api/v1/sign-in-links",
                headers={"authorization": f"Bearer {token}"},
            )
        except httpx2.TransportError as error:
            raise PortalStartingError from error
    answer.raise_for_status()
    address: str = answer.json()["url"]
    return address


def _plain() -> SSLContext:
    """Return a context that trusts nobody, for http on loopback: loading takes 60 ms."""
    return SSLContext(PROTOCOL_TLS_CLIENT)
