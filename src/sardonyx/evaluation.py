"""Wire the evaluation of a platform on a cluster: its own store, secrets, keys and front door.

One pod, one container for each part, one folder they share (`Home`, as on one machine); the
chart starts each with `python -m sardonyx.evaluation PART`. `cluster.py` takes from here who the
one person is, and lets running services open behind the front door.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2

from sardonyx.adapters.caddy.front_door import CaddyFrontDoor
from sardonyx.adapters.kubernetes.credential import OWN_PASSWORD
from sardonyx.adapters.oidc.issuer import ADMIN_AUDIENCE, PLATFORM_SUBJECT, Issuer
from sardonyx.adapters.openbao.roles import configure
from sardonyx.adapters.openbao.server import openbao_part
from sardonyx.adapters.processes.home import PART_PORTS, Home, write_private
from sardonyx.adapters.processes.parts import Part
from sardonyx.adapters.processes.programs import find_program
from sardonyx.adapters.s3.seaweedfs import seaweedfs_part
from sardonyx.deployment import ClusterSettings
from sardonyx.errors import PlatformError, SystemFault
from sardonyx.projects.claims import ClaimNames, ProjectRules, actor_of_claims
from sardonyx.projects.errors import SignInRequiredError
from sardonyx.projects.models import Actor
from sardonyx.projects.sign_in import PORTAL, Grant, SignIn, SignInRecords
from sardonyx.services.models import Observation, State
from sardonyx.services.ports import Runtime
from sardonyx.values import Secret

# In a pod of its own nothing else listens: fixed ports, which the chart's region names.
_FIRST_PORT = 18101
S3_PORT, SECRETS_PORT = 8333, 8200
_LINK_LIFE = timedelta(hours=24)
_COMMAND_LINE_LIFE = timedelta(days=3650)
_RETRY_SECONDS = 1.0
# A load of the front door takes far less; a page is told of a service at the latest after this.
_OPEN_SECONDS = 15.0


def prepare(home: Home) -> None:
    """Make the folder the parts share, once; ports are fixed, so that settings can name them."""
    home.prepare()
    ports = {name: _FIRST_PORT + number for number, name in enumerate(PART_PORTS)}
    write_private(home.root / "ports.json", json.dumps(ports).encode())
    # Sockets of a pod that was killed are in the way of the next one.
    for stale in home.run.glob("*.sock"):
        stale.unlink()


def part(name: str, home: Home, *, port: int, portal: str) -> Part:
    """Write the settings of one part and return its program. Raises ProgramMissingError.

    port: of the front door, on loopback. portal: `host:port` of the platform's own process.
    """
    ports = home.ports()
    if name == "store":
        return seaweedfs_part(home, ports, find_program("weed").path)
    if name == "secrets":
        return openbao_part(home, ports, find_program("bao").path)
    return front_door(home, port=port, portal=portal).part(str(find_program("caddy").path))


def front_door(
    home: Home,
    *,
    port: int,
    portal: str,
    s3_port: int = S3_PORT,
    secrets_port: int = SECRETS_PORT,
) -> CaddyFrontDoor:
    """Return the pod's only ways in: pages and services on loopback, S3 and secrets for pods.

    The inner ports of the store and the secrets stay on loopback, as on one machine; of both,
    only the door that judges each request by its signature or token can be reached.
    """
    ports = home.ports()
    return CaddyFrontDoor(
        home=home,
        port=port,
        portal=portal,
        open_doors={
            f":{s3_port}": f"127.0.0.1:{ports['s3']}",
            f":{secrets_port}": f"127.0.0.1:{ports['openbao']}",
        },
    )


@dataclass(frozen=True, slots=True)
class EvaluationPerson:
    """An IdentityProvider that knows one administrator, vouched for by the pod's own issuer."""

    issuer: Issuer
    person: Actor

    async def actor(self, username: str) -> Actor:
        """Return the person. Raises SignInRequiredError for any other name."""
        if username != self.person.username:
            raise SignInRequiredError
        return self.person

    async def web_identity(self, username: str) -> Secret:
        """Return a token of some minutes for S3 and the secret store."""
        return self.issuer.mint((await self.actor(username)).username)

    def platform_identity(self) -> Secret:
        """Return the platform's own token: it configures the secret store, nothing else."""
        return self.issuer.mint(PLATFORM_SUBJECT, ADMIN_AUDIENCE)


class Ways:
    """Which services the front door has been told of: their addresses answer."""

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._changed = asyncio.Event()

    def has(self, release: str) -> bool:
        return release in self._open

    def note(self, release: str, *, is_open: bool) -> None:
        (self._open.add if is_open else self._open.discard)(release)
        self._changed.set()
        self._changed = asyncio.Event()

    async def opened(self, release: str) -> None:
        """Return when the way is open; after some seconds also when it is not."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_OPEN_SECONDS):
                while release not in self._open:
                    await self._changed.wait()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `cluster.py` takes for an evaluation in place of a provider and of exposure.

    service_host: host name and port of a service, with `{release}` in it. ways: kept equal to the
    front door's.
    """

    home: Home
    identity: EvaluationPerson
    door: CaddyFrontDoor
    service_host: str
    link_file: Path
    ways: Ways

    @classmethod
    def of(cls, settings: ClusterSettings) -> Evaluation:
        """Return the evaluation that the settings ask for; they must have that part."""

        asked = settings.evaluation
        assert asked is not None  # noqa: S101 - said above
        home = Home(asked.home)
        public = urlsplit(settings.public_url)
        rules = ProjectRules.of_region(settings.regions[0], own_namespace=asked.namespace)
        names = ClaimNames(admin_values=frozenset(settings.identity.admin_values))
        claims: dict[str, Any] = {
            names.username: asked.username,
            names.admin: list(settings.identity.admin_values),
            "email": f"{asked.username}@localhost",
        }
        return cls(
            home=home,
            identity=EvaluationPerson(
                Issuer.of_home(home), actor_of_claims(claims, names=names, rules=rules)
            ),
            door=front_door(home, port=public.port or 80, portal=f"127.0.0.1:{settings.port}"),
            service_host=f"{{release}}.{public.netloc}",
            link_file=asked.link_file,
            ways=Ways(),
        )

    async def admit(self, records: SignInRecords, sign_in: SignIn) -> None:
        """Let the chart's one-time link work, once ever; and the pod's own command line."""
        username = self.identity.person.username
        token = self.link_file.read_text().strip()
        digest = hashlib.sha256(token.encode()).hexdigest()
        known = self.home.keys / "links"
        seen = known.read_text().split() if known.exists() else []
        if token and digest not in seen:
            expires = datetime.now(UTC) + _LINK_LIFE
            await records.add_link(digest, Grant(username, PORTAL, expires))
            # Written after: a crash between the two gives the link again, never none.
            write_private(known, "\n".join([*seen, digest]).encode())
        await sign_in.adopt(self.command_line_token(), username, life=_COMMAND_LINE_LIFE)

    def command_line_token(self) -> Secret:
        """Return the token by which a command inside the pod speaks to the portal."""
        file = self.home.keys / "cli.token"
        if not file.exists():
            write_private(file, secrets.token_urlsafe(32).encode())
        return Secret(file.read_text())

    async def configure_secrets(self) -> None:
        """Write the secret store's roles as soon as it answers."""
        address = f"http://127.0.0.1:{self.home.ports()['openbao']}"
        while True:
            with suppress(SystemFault):
                await configure(
                    address, self.identity.issuer.url, self.identity.platform_identity()
                )
                return
            await asyncio.sleep(_RETRY_SECONDS)

    def opened(self, runtime: Runtime) -> Runtime:
        """Return the runtime with addresses at the front door for services that run."""
        return cast("Runtime", _Opened(runtime, self.service_host, self.ways))

    @asynccontextmanager
    async def open_services(self, runtime: Runtime) -> AsyncIterator[None]:
        """Keep the front door's ways equal to the services that run, until the block ends."""
        # What `opened` gives waits for the ways that are opened here.
        seen: object = runtime
        inner = seen.runtime if isinstance(seen, _Opened) else runtime
        tasks = [
            asyncio.create_task(self._follow(inner, project.id))
            for project in self.identity.person.projects
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, runtime: Runtime, project: str) -> None:
        while True:
            with suppress(PlatformError):
                for seen in runtime.releases(project):
                    await self._adapt(runtime, seen)
                async for seen in runtime.observe(project):
                    await self._adapt(runtime, seen)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _adapt(self, runtime: Runtime, seen: Observation) -> None:
        with suppress(PlatformError):
            if not _answers(seen):
                self.ways.note(seen.release, is_open=False)
                await self.door.remove(seen.release)
                return
            header: tuple[str, Secret] | None = None
            with suppress(PlatformError):  # a service without a credential of its own
                name, value = await runtime.service_credential(
                    seen.project, seen.release, life=timedelta(days=1)
                )
                if name != OWN_PASSWORD:  # one that its own page asks for is no header
                    header = name, value
            upstream = urlsplit(seen.address or "").netloc
            await self.door.add(
                release=seen.release, upstream=upstream, header=header, address_port=None
            )
            self.ways.note(seen.release, is_open=True)


class _Opened:
    """A runtime whose running services have their address at the front door, once it answers."""

    def __init__(self, runtime: Runtime, host: str, ways: Ways) -> None:
        self.runtime = runtime
        self._host = host
        self._ways = ways

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all else is the runtime's own
        return getattr(self.runtime, name)

    def releases(self, project: str) -> Sequence[Observation]:
        return [self._with_address(seen) for seen in self.runtime.releases(project)]

    def release(self, project: str, release: str) -> Observation:
        return self._with_address(self.runtime.release(project, release))

    async def observe(self, project: str) -> AsyncIterator[Observation]:
        async for seen in self.runtime.observe(project):
            if _answers(seen):
                await self._ways.opened(seen.release)
            yield self._with_address(seen)

    def _with_address(self, seen: Observation) -> Observation:
        if seen.urls or not (_answers(seen) and self._ways.has(seen.release)):
            return seen
        return replace(seen, urls=(f"http://{self._host.format(release=seen.release)}",))


def _answers(seen: Observation) -> bool:
    return seen.state is State.RUNNING and (seen.address or "").startswith("http://")


def link(home: Home, port: int) -> str:
    """Return a new one-time address of the portal, asked for inside the pod."""
    token = (home.keys / "cli.token").read_text()
    with httpx2.Client(trust_env=False, timeout=10) as client:
        answer = client.post(
            f"http://127.0.0.1:{port}/api/v1/sign-in-links",
            headers={"authorization": f"Bearer {token}"},
        )
    answer.raise_for_status()
    address: str = answer.json()["url"]
    return address


def main() -> None:
    """Become one part of the pod, or print a new one-time address."""
    parser = argparse.ArgumentParser(prog="sardonyx-evaluation")
    parser.add_argument("part", choices=("prepare", "keys", "store", "secrets", "door", "link"))
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8000, help="of the front door")
    parser.add_argument("--portal-port", type=int, default=8080)
    asked = parser.parse_args()
    home = Home(asked.home)
    if asked.part == "prepare":
        prepare(home)
    elif asked.part == "link":
        print(link(home, asked.portal_port))  # noqa: T201 - what the command is for
    elif asked.part == "keys":
        command = [sys.executable, "-m", "sardonyx.adapters.oidc.server", "--home", str(home.root)]
        os.execv(command[0], command)  # noqa: S606 - an argument list of our own
    else:
        portal = f"127.0.0.1:{asked.portal_port}"
        become(part(asked.part, home, port=asked.port, portal=portal))


def become(program: Part) -> None:
    """Replace this process by the part's program."""
    os.chdir(program.directory)
    os.execve(program.command[0], program.command, dict(program.environment))  # noqa: S606


if __name__ == "__main__":
    main()
