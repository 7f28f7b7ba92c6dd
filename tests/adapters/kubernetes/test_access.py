"""How the cluster is reached, and what must not leak or be believed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sardonyx.adapters.kubernetes.access import ClusterAccess
from sardonyx.adapters.kubernetes.kinds import DEPLOYMENTS, NAMESPACES, PODS
from sardonyx.adapters.kubernetes.watch import lines
from sardonyx.adapters.sql.database import sqlite_database
from sardonyx.adapters.sql.logs import SqlKeptLogs
from sardonyx.services.errors import ClusterRefusedError, ClusterUnavailableError
from sardonyx.testing.cluster_objects import BEGUN
from sardonyx.values import Secret

KUBECONFIG = """apiVersion: v1
kind: Config
current-context: here
clusters: [{name: here, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: me, user: {token: own-token}}]
contexts: [{name: here, context: {cluster: here, user: me}}]
"""


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        "current-context: x\nclusters: []\ncontexts: []\n",
        KUBECONFIG.replace("user: me", "user: nobody"),
        KUBECONFIG.replace("{token: own-token}", "{exec: {apiVersion: 3}}"),
        KUBECONFIG.replace('server: "http', 'certificate-authority: missing.pem, server: "http'),
    ],
)
def test_an_unfit_kubeconfig_is_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(content)
    with pytest.raises(ClusterUnavailableError, match="kubeconfig"):
        ClusterAccess(file)
    with pytest.raises(ClusterUnavailableError, match="missing"):
        ClusterAccess(tmp_path / "missing")


async def test_helm_s_kubeconfig_holds_the_given_token_alone(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(KUBECONFIG)
    access = ClusterAccess(file)
    text = access.kubeconfig(Secret("confined"), "user-ada")
    assert "confined" not in repr(text)
    content = json.loads(text.reveal())
    assert content["users"][0]["user"] == {"token": "confined"}
    assert content["contexts"][0]["context"]["namespace"] == "user-ada"
    assert "own-token" not in text.reveal()
    await access.aclose()


async def test_reserved_names_are_nobody_s(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(KUBECONFIG)
    access = ClusterAccess(file)
    for user, groups in (
        ("system:admin", []),
        ("ada", ["system:masters"]),
        ("ada", [""]),
        ("ada\nx", []),
    ):
        with pytest.raises(ClusterRefusedError):
            access.impersonating(user, groups)
    await access.aclose()


def test_a_name_leads_to_no_other_address() -> None:
    assert PODS.path("n", "a", "log") == "/api/v1/namespaces/n/pods/a/log"
    assert DEPLOYMENTS.path("n") == "/apis/apps/v1/namespaces/n/deployments"
    assert NAMESPACES.path("", "x") == "/api/v1/namespaces/x"
    assert PODS.path("..", "../../secrets") == (
        "/api/v1/namespaces/%2E%2E/pods/%2E%2E%2F%2E%2E%2Fsecrets"
    )
    assert "?" not in PODS.path("n", "a?b=c#d")


async def test_a_line_of_sixty_megabytes_is_left_out() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one\ntw"
        yield b"o\n\n"
        for _ in range(60):
            yield b"x" * 1_000_000
        yield b"x\nthree"
        yield b"\nrest"

    assert [line async for line in lines(parts())] == [b"one", b"two", b"three"]


async def test_last_lines_are_kept_in_sql(tmp_path: Path) -> None:
    kept = SqlKeptLogs(sqlite_database(tmp_path / "kept.sqlite"))
    assert await kept.kept("n", "one") is None
    await kept.keep("n", "one", "first\0\n", BEGUN)
    await kept.keep("n", "one", "second é\n", BEGUN)
    assert await kept.kept("n", "one") == ("second é\n", BEGUN)
    assert await kept.kept("m", "one") is None
    kept.close()
