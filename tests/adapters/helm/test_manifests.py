"""What Helm renders is read whatever it is, and what reaches out is named."""

from __future__ import annotations

import pytest

from sardonyx.adapters.helm.hiding import Hidden
from sardonyx.adapters.helm.manifests import (
    ManifestUnreadableError,
    offences,
    read_manifest,
    write,
)

MANIFEST = """
---
# Source: hello/templates/a.yaml
apiVersion: v1
kind: Service
metadata: {name: a}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b, namespace: other}
---
apiVersion: v1
kind: List
items:
- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: c}}
- {apiVersion: v1, kind: Secret, metadata: {name: d, namespace: mine}}
---
apiVersion: v1
kind: Pod
metadata: {name: e, annotations: {helm.sh/hook: "test, post-install"}}
--- # empty
---
just text
"""
KINDS = {"ClusterRole": False, "Service": True, "ConfigMap": True, "Secret": True, "Pod": True}


def test_objects_are_read_with_those_of_lists() -> None:
    found = read_manifest(MANIFEST)
    assert [(one.kind, one.name, one.namespace) for one in found] == [
        ("Service", "a", ""), ("ConfigMap", "b", "other"), ("ClusterRole", "c", ""),
        ("Secret", "d", "mine"), ("Pod", "e", ""),
    ]  # fmt: skip
    assert [one.is_test for one in found] == [False, False, False, False, True]


def test_what_reaches_out_is_named() -> None:
    found = offences(read_manifest(MANIFEST), "mine", lambda _api, kind: KINDS.get(kind))
    assert found == ("ConfigMap “b” (namespace other)", "ClusterRole “c” (whole cluster)")


@pytest.mark.parametrize(
    "text",
    [
        "kind: [" * 50_000,
        "[" * 100_000,
        "kind: {a: " * 20_000,
        "kind: X\n  broken: [",
        "a: !!python/object/apply:os.system [id]",
        "a: &a [1,1,1,1,1,1,1,1,1]\n"
        + "".join(
            f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n"
            for i in range(8)
        )
        + "kind: X\n",
        "kind: X\n" + "a: [" + "1," * 500_000 + "]",
        "\x00",
    ],
    ids=["deep-1", "deep-2", "deep-3", "broken", "tag", "laughs", "large", "binary"],
)
def test_hostile_text_is_refused(text: str) -> None:
    with pytest.raises(ManifestUnreadableError):
        read_manifest(text)


def test_aliases_may_not_multiply_from_object_to_object() -> None:
    one = "kind: X\na: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
    one += "c: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"  # some 1,000 values
    assert len(read_manifest(one + "---\n" + one)) == 2
    with pytest.raises(ManifestUnreadableError):
        read_manifest((one + "---\n") * 1_000)
    listed = "kind: List\nitems:\n- &a {kind: X, a: [" + "1," * 1_000 + "]}\n" + "- *a\n" * 1_000
    with pytest.raises(ManifestUnreadableError):
        read_manifest(listed)


def test_too_many_objects_are_refused() -> None:
    with pytest.raises(ManifestUnreadableError):
        read_manifest("kind: X\n---\n" * 2_001)


def test_nothing_secret_is_shown() -> None:
    hidden = Hidden(
        {"git": {"token": "ghp-4711"}, "n": 12345678, "short": "ab"},
        frozenset({("git", "token"), ("n",), ("short",)}),
    )
    assert hidden.text("with ghp-4711 and Z2hwLTQ3MTE= and 12345678 and ab") == (
        "with $GIT_TOKEN and $GIT_TOKEN and $N and ab"
    )
    shown = hidden.object(
        {
            "kind": "Secret",
            "metadata": {"name": "a", "annotations": {"checksum": "ghp-4711"}},
            "stringData": {"other": "unknown secret"},
            "data": {"key": "c2VjcmV0"},
        }
    )
    assert shown["metadata"] == {"name": "a", "annotations": {"checksum": "$GIT_TOKEN"}}
    assert shown["stringData"] == {"other": "$A_OTHER"}
    assert shown["data"] == {"key": "$A_KEY"}
    assert "unknown secret" not in write(shown)
