"""A process without a key reads, writes and deletes nothing, whatever port it knocks at."""

from __future__ import annotations

import os
import ssl
import stat
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from tests.contracts.object_store import Place, pieces
from tests.parts.closed import (
    answer_to_grpc,
    answer_to_plain_grpc,
    listening_ports,
    listening_sockets,
    tcp,
    unix,
)

from sardonyx.adapters.oidc.identity import OnePerson, personal_project
from sardonyx.adapters.oidc.service_credentials import register_service_credentials
from sardonyx.adapters.processes.programs import find_program
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.sts import WebIdentityBroker
from sardonyx.files.models import S3Credentials
from sardonyx.testing.parts import RunningParts

pytestmark = pytest.mark.real

CONTENT = b"nobody else's business"
KEY = "folder/private.txt"
HTTP_PARTS = ("seaweedfs_master", "seaweedfs_volume", "seaweedfs_filer", "seaweedfs_admin", "s3")
GRPC_OFFSET = 10000
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading authorities takes a while
SETTINGS = 4  # the type of HTTP/2's first frame, at its fourth byte


@dataclass(frozen=True, slots=True)
class Machine:
    """The running parts, their ports, a file of ada's, and a client without any key."""

    parts: RunningParts
    ports: dict[str, int]
    client: httpx2.AsyncClient
    place: Place

    async def knock(self, method: str, part: str, path: str, **request: str) -> httpx2.Response:
        return await self.client.request(
            method,
            f"http://127.0.0.1:{self.ports[part]}{path}",
            content=request.get("content"),
            headers={"Content-Type": request.get("kind", "text/plain")},
        )

    async def nothing_happened(self) -> None:
        assert await self.place.read(KEY) == CONTENT
        assert await self.place.names() == [KEY]


@pytest.fixture
async def machine(real_parts: RunningParts) -> AsyncIterator[Machine]:
    async with httpx2.AsyncClient(trust_env=False, verify=_NO_TLS, timeout=60) as client:
        keys = await _keys_of(real_parts, client, "walled")
        store = S3ObjectStore(client=client)
        await store.ensure_bucket(keys, "user-walled")
        await store.put(keys, "user-walled", KEY, pieces(CONTENT))
        place = Place(store, keys, "", "user-walled")
        yield Machine(real_parts, real_parts.home.ports(), client, place)


async def _keys_of(parts: RunningParts, client: httpx2.AsyncClient, name: str) -> S3Credentials:
    broker = WebIdentityBroker(
        identity=OnePerson.of_login(parts.issuer, name),
        client=client,
        endpoint=parts.s3_endpoint,
    )
    return await broker.credentials(username=name, project=personal_project(name))


async def test_the_parts_listen_on_the_ports_of_the_home_and_on_loopback_only(
    machine: Machine,
) -> None:
    """A port that is new here has no test of its refusal yet."""
    of_seaweedfs = {machine.ports[part] for part in HTTP_PARTS}
    expected = {
        "seaweedfs": of_seaweedfs | {port + GRPC_OFFSET for port in of_seaweedfs},
        "openbao": {machine.ports["openbao"], machine.ports["openbao_cluster"]},
        "keys": {machine.ports["keys"]},
    }
    for name, ports in expected.items():
        found = listening_ports(machine.parts.processes[name].pid)
        assert found == {("127.0.0.1", port) for port in ports}, name


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        f"/buckets/user-walled/{KEY}",
        "/buckets/user-walled/folder/?recursive=true",
        "/buckets/user-walled?recursive=true",
        "/buckets/user-walled/folder/forged.txt",
        "/etc/iam/identity.json",
        "/.tus/forged",
    ],
)
async def test_the_filer_does_nothing(machine: Machine, method: str, path: str) -> None:
    answer = await machine.knock(method, "seaweedfs_filer", path, content="forged")
    assert answer.status_code == 404
    assert CONTENT not in answer.content
    await machine.nothing_happened()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path",
    [
        "/col/delete?collection=user-walled",
        "/dir/assign?collection=user-walled",
        "/dir/lookup?volumeId=1",
        "/dir/status",
        "/vol/grow?count=1",
        "/vol/vacuum",
        "/submit",
        "/1,01637037d6",
    ],
)
async def test_the_master_does_nothing(machine: Machine, method: str, path: str) -> None:
    answer = await machine.knock(method, "seaweedfs_master", path)
    assert answer.status_code == 404
    await machine.nothing_happened()


async def test_the_volume_server_asks_for_a_signed_token(machine: Machine) -> None:
    status = (await machine.knock("GET", "seaweedfs_volume", "/status")).json()
    volumes = [volume["Id"] for volume in status["Volumes"]]
    assert volumes, "the file must lie somewhere"
    for volume in volumes:
        for method in ("GET", "PUT", "POST", "DELETE"):
            answer = await machine.knock(
                method, "seaweedfs_volume", f"/{volume},01637037d6", content="forged"
            )
            assert answer.status_code == 401, (method, volume)
    await machine.nothing_happened()


async def test_the_inner_pages_hold_no_content(machine: Machine) -> None:
    """What stays open says how the parts are, not what they hold."""
    for part, path in (
        ("seaweedfs_master", "/"),
        ("seaweedfs_master", "/cluster/status"),
        ("seaweedfs_volume", "/status"),
        ("seaweedfs_admin", "/metrics"),
        ("seaweedfs_admin", "/health"),
    ):
        answer = await machine.knock("GET", part, path)
        assert b"private.txt" not in answer.content, path
        assert CONTENT not in answer.content, path


@pytest.mark.parametrize("path", ["/", "/api/config", "/api/object-store/users", "/login"])
async def test_the_admin_pages_are_off(machine: Machine, path: str) -> None:
    assert (await machine.knock("GET", "seaweedfs_admin", path)).status_code == 404


@pytest.mark.parametrize("part", HTTP_PARTS)
async def test_grpc_asks_for_our_certificate(machine: Machine, part: str) -> None:
    port = machine.ports[part] + GRPC_OFFSET
    folder = machine.parts.home.parts / "seaweedfs"
    let_in = answer_to_grpc(tcp(port), (folder / "grpc.pem", folder / "grpc.key"))
    assert let_in[3:4] == bytes([SETTINGS]), "with the certificate the port answers"
    assert answer_to_grpc(tcp(port)) == b""
    assert answer_to_plain_grpc(tcp(port)) == b""


async def test_grpc_refuses_a_certificate_of_somebody_else(
    machine: Machine, tmp_path: Path
) -> None:
    from sardonyx.adapters.s3.certificates import inner_certificate

    foreign = inner_certificate(tmp_path)
    for part in HTTP_PARTS:
        connection = tcp(machine.ports[part] + GRPC_OFFSET)
        assert answer_to_grpc(connection, (foreign.certificate, foreign.key)) == b"", part


async def test_unix_sockets_are_the_owners_and_ask_for_our_certificate(machine: Machine) -> None:
    sockets = listening_sockets(machine.parts.processes["seaweedfs"].pid)
    assert sockets
    for path in sockets:
        in_run = path.parent == machine.parts.home.run
        # Connecting takes the right to write (unix(7)).
        assert in_run or not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH), path
        if "grpc" in path.name:
            assert answer_to_grpc(unix(path)) == b"", path
            assert answer_to_plain_grpc(unix(path)) == b"", path
    assert stat.S_IMODE(machine.parts.home.run.stat().st_mode) == 0o700


async def test_the_shell_of_seaweedfs_gets_nothing(machine: Machine, tmp_path: Path) -> None:
    """With the certificate it lists every bucket; without, it waits until it is killed."""
    certified = _weed_shell(machine, machine.parts.home.parts / "seaweedfs")
    assert "user-walled" in certified
    assert "user-walled" not in _weed_shell(machine, tmp_path)


def _weed_shell(machine: Machine, directory: Path) -> str:
    master = f"127.0.0.1:{machine.ports['seaweedfs_master']}"
    shell = subprocess.Popen(
        [find_program("weed").path, "shell", f"-master={master}"],
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", "HOME": str(directory)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        return shell.communicate("s3.bucket.list\nexit\n", timeout=15)[0]
    except subprocess.TimeoutExpired:
        shell.kill()
        return shell.communicate()[0]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/user-walled"),
        ("GET", f"/user-walled/{KEY}"),
        ("PUT", "/user-walled/forged"),
        ("DELETE", f"/user-walled/{KEY}"),
        ("DELETE", "/user-walled"),
        ("PUT", "/forged"),
        ("POST", "/user-walled?delete"),
    ],
)
async def test_s3_without_keys_is_refused(machine: Machine, method: str, path: str) -> None:
    answer = await machine.knock(method, "s3", path, content="forged")
    assert answer.status_code == 403
    await machine.nothing_happened()


@pytest.mark.parametrize("action", ["ListUsers", "CreateUser", "CreateAccessKey", "AssumeRole"])
async def test_users_and_keys_are_not_made_without_keys(machine: Machine, action: str) -> None:
    answer = await machine.knock(
        "POST",
        "s3",
        "/",
        content=f"Action={action}&Version=2010-05-08&UserName=forged",
        kind="application/x-www-form-urlencoded",
    )
    assert answer.is_client_error
    assert b"AccessKeyId>" not in answer.content


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/kv/data/user-walled/x"),
        ("POST", "/v1/kv/data/user-walled/x"),
        ("LIST", "/v1/kv/metadata/user-walled"),
        ("DELETE", "/v1/kv/metadata/user-walled/x"),
        ("GET", "/v1/sys/mounts"),
        ("GET", "/v1/sys/auth"),
        ("PUT", "/v1/sys/seal"),
        ("GET", "/v1/sys/raw/core"),
        ("GET", "/v1/sys/storage/raft/snapshot"),
        ("POST", "/v1/auth/token/create"),
        ("PUT", "/v1/sys/policies/acl/admin"),
    ],
)
async def test_openbao_without_a_token_is_refused(machine: Machine, method: str, path: str) -> None:
    answer = await machine.knock(method, "openbao", path, content="{}")
    assert answer.status_code == 403
    assert (await machine.knock("GET", "openbao", "/v1/sys/health")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/sys/init"),
        ("PUT", "/v1/sys/generate-root/attempt"),
        ("PUT", "/v1/sys/rekey/init"),
        ("PUT", "/v1/sys/rotate/root/init"),
    ],
)
async def test_openbao_is_not_taken_over(machine: Machine, method: str, path: str) -> None:
    body = '{"secret_shares": 1, "secret_threshold": 1}'
    answer = await machine.knock(method, "openbao", path, content=body)
    assert answer.is_client_error


async def test_the_cluster_port_of_openbao_lets_nobody_in(machine: Machine) -> None:
    assert answer_to_grpc(tcp(machine.ports["openbao_cluster"])) == b""
    assert answer_to_plain_grpc(tcp(machine.ports["openbao_cluster"])) == b""


async def test_a_persons_token_does_not_open_the_platforms_login(machine: Machine) -> None:
    for subject, audience in (
        ("walled", "sardonyx"),
        ("sardonyx", "sardonyx"),
        ("walled", "sardonyx-admin"),
    ):
        token = machine.parts.issuer.mint(subject, audience).reveal()
        answer = await machine.knock(
            "POST",
            "openbao",
            "/v1/auth/platform/login",
            content=f'{{"role": "platform", "jwt": "{token}"}}',
        )
        assert answer.is_client_error, (subject, audience)


@pytest.mark.parametrize("token", [None, "", "wrong", "Bearer wrong"])
async def test_keys_are_not_given_without_a_services_token(
    machine: Machine, token: str | None
) -> None:
    register_service_credentials(
        machine.parts.home, release="walled", username="walled", project="user-walled"
    )
    answer = await machine.client.get(
        f"{machine.parts.issuer.url}/creds",
        headers={} if token is None else {"Authorization": token},
    )
    assert answer.status_code == 401
    assert b"SecretAccessKey" not in answer.content


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
async def test_another_hosts_name_is_refused(machine: Machine, host: str) -> None:
    for path in ("/creds", "/jwks", "/.well-known/openid-configuration"):
        answer = await machine.client.get(
            f"{machine.parts.issuer.url}{path}", headers={"Host": host}
        )
        assert answer.status_code == 400, path


async def test_state_is_the_owners_alone(machine: Machine) -> None:
    home = machine.parts.home
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
    for folder in (home.keys, home.run, home.parts, home.services, home.logs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    secret_files = [
        home.keys / "issuer.json",
        home.parts / "openbao" / "seal.key",
        home.parts / "openbao" / "openbao.hcl",
        *(home.parts / "seaweedfs" / name for name in _SEAWEEDFS_FILES),
    ]
    for path in secret_files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


_SEAWEEDFS_FILES = ("keys.json", "s3.json", "iam.json", "security.toml", "grpc.key")


@pytest.mark.skipif(os.getuid() != 0, reason="becoming another user of the machine needs root")
def test_another_user_of_the_machine_reads_nothing(real_parts: RunningParts) -> None:
    home = real_parts.home
    for path in (
        home.root,
        home.keys / "issuer.json",
        home.parts / "openbao" / "seal.key",
        home.parts / "seaweedfs" / "security.toml",
        home.run / "s3.sock",
    ):
        command = ["ls", str(path)] if path.is_dir() else ["cat", str(path)]
        answer = subprocess.run(
            command,
            user=65534,
            group=65534,
            extra_groups=[],
            capture_output=True,
            check=False,
            cwd="/",
        )
        assert answer.returncode != 0, path
        assert answer.stdout == b"", path
        assert b"Permission denied" in answer.stderr, path
