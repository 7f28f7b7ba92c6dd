"""A service's token works with the secret store's own program, in the project's folder only."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.openbao.store import OpenBaoStore
from sardonyx.adapters.processes.programs import find_program
from sardonyx.testing.parts import RunningParts
from sardonyx.values import Secret

pytestmark = pytest.mark.real


@pytest.fixture
async def token(real_parts: RunningParts) -> Secret:
    person = OnePerson.of_login(real_parts.issuer, "tools")
    store = OpenBaoStore(identity=person, address=real_parts.openbao_address)
    return await store.service_token(
        username="tools", project=person.person.personal_project, service="own-tools"
    )


def _bao(
    parts: RunningParts, token: Secret, home: Path, *arguments: str, says: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [find_program("bao").path, *arguments],
        env={
            "BAO_ADDR": parts.openbao_address,
            "BAO_TOKEN": token.reveal(),
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
        },
        input=says,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_secrets_are_written_and_read_by_bao(
    real_parts: RunningParts, token: Secret, tmp_path: Path
) -> None:
    written = _bao(
        real_parts,
        token,
        tmp_path,
        *("kv", "put", "-mount=kv", "user-tools/by/hand", "PASSWORD=-"),
        says="from standard input",
    )
    assert written.returncode == 0, written.stderr
    read = _bao(
        real_parts,
        token,
        tmp_path,
        *("kv", "get", "-mount=kv", "-format=json", "user-tools/by/hand"),
    )
    assert json.loads(read.stdout)["data"]["data"] == {"PASSWORD": "from standard input"}
    listed = _bao(
        real_parts, token, tmp_path, *("kv", "list", "-mount=kv", "-format=json", "user-tools")
    )
    assert json.loads(listed.stdout) == ["by/"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("kv", "list", "-mount=kv", "user-other"),
        ("kv", "put", "-mount=kv", "user-other/x", "A=1"),
        ("kv", "list", "-mount=kv", ""),
        ("policy", "read", "admin"),
        ("auth", "list"),
        ("token", "create", "-policy=admin"),
        ("operator", "raft", "snapshot", "save", "stolen"),
    ],
)
def test_the_token_opens_nothing_else(
    real_parts: RunningParts, token: Secret, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    refused = _bao(real_parts, token, tmp_path, *arguments)
    assert refused.returncode != 0
    assert "permission denied" in (refused.stderr + refused.stdout).lower()


def test_the_token_is_periodic_and_renewed_by_itself(
    real_parts: RunningParts, token: Secret, tmp_path: Path
) -> None:
    looked = _bao(real_parts, token, tmp_path, "token", "lookup", "-format=json")
    about = json.loads(looked.stdout)["data"]
    assert about["period"] == 30 * 24 * 3600
    assert set(about["policies"]) == {"default", "sardonyx-home"}
    assert _bao(real_parts, token, tmp_path, "token", "renew").returncode == 0
