"""Ask each local part whether it answers, and say which program it runs.

Used by the “being prepared” strip of pages, by `sardonyx status` and by `sardonyx doctor`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

import httpx2

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.preparation import preparation_progress
from sardonyx.adapters.processes.programs import Program
from sardonyx.parts import PartStatus

_ANSWER_SECONDS = 2.0


class LocalParts:
    """The parts of one machine."""

    def __init__(self, *, home: Home, programs: Mapping[str, Program]) -> None:
        self._home = home
        self._addresses = readiness_addresses(home)
        self._programs = programs

    async def status(self) -> tuple[PartStatus, ...]:
        """Return every part's status, asked side by side."""
        # Plain http on loopback: loading the authorities would take longer than the answers.
        plain = SSLContext(PROTOCOL_TLS_CLIENT)
        async with httpx2.AsyncClient(
            trust_env=False, verify=plain, timeout=_ANSWER_SECONDS
        ) as client:
            answers = await asyncio.gather(
                *(self._answers(client, address) for address in self._addresses.values())
            )
        parts = [
            self._status(name, answered)
            for name, answered in zip(self._addresses, answers, strict=True)
        ]
        building = [
            PartStatus(f"environment:{chart}", ready=False, source="", version="", progress=done)
            for chart, done in preparation_progress(self._home).items()
        ]
        return (*parts, *building)

    async def _answers(self, client: httpx2.AsyncClient, address: str) -> bool:
        try:
            answer = await client.get(address)
        except httpx2.TransportError:
            return False
        return answer.is_success

    def _status(self, name: str, answered: bool) -> PartStatus:
        program = self._programs.get(name)
        return PartStatus(
            name=name,
            ready=answered,
            source=program.source if program else "sardonyx",
            version=program.version if program else "",
        )


def readiness_addresses(home: Home) -> dict[str, str]:
    """Return the address each part answers with 200 once it is ready."""
    ports = home.ports()
    return {
        "keys": f"http://127.0.0.1:{ports['keys']}/jwks",
        "seaweedfs": f"http://127.0.0.1:{ports['s3']}/status",
        "openbao": f"http://127.0.0.1:{ports['openbao']}/v1/sys/health",
    }
