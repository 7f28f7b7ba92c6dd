"""Records of Helm and Onyxia, good and bad, decoded."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sardonyx.adapters.kubernetes.releases import ReleaseRecord, read_onyxia, read_release
from sardonyx.adapters.kubernetes.routes import USUAL_EXPOSURE
from sardonyx.testing.cluster_objects import helm_secret, onyxia_secret, raw
from sardonyx.values import JsonObject

MANIFEST = """---
# Source: hello/templates/all.yaml
apiVersion: v1
kind: Service
metadata: {name: one}
spec: {ports: [{port: 80, name: http}]}
"""


def read(secret: JsonObject) -> ReleaseRecord:
    return read_release(raw(secret), USUAL_EXPOSURE)[1]


def test_a_record_is_read_whole() -> None:
    record = read(
        helm_secret(
            "user-ada",
            "one",
            revision=3,
            chart="with-dashes-2",
            version="1.2.3-rc.1+build",
            config={"global": {"suspend": True}, "a": 1},
            defaults={"global": {"suspend": False}},
            manifest=MANIFEST,
            notes="Hello **you**",
            hooks=[{"name": "prepare", "kind": "Job", "events": ["pre-install"], "extra": 1}],
            first=datetime(2026, 5, 4, 9, 12, 33, tzinfo=UTC),
        )
    )
    assert (record.release, record.revision, record.status) == ("one", 3, "deployed")
    assert (record.chart, record.chart_version) == ("with-dashes-2", "1.2.3-rc.1+build")
    assert record.config() == {"global": {"suspend": True}, "a": 1}
    assert (record.manifest(), record.notes()) == (MANIFEST, "Hello **you**")
    assert record.suspendable
    assert record.suspended
    assert record.address == "http://one.user-ada.svc:80"
    assert [(hook.kind, hook.name, hook.events) for hook in record.hooks] == [
        ("Job", "prepare", ("pre-install",))
    ]
    assert record.fault == ""
    # Nanoseconds of Go are cut to what Python holds.
    assert record.first_deployed == datetime(2026, 5, 4, 9, 12, 33, 123456, tzinfo=UTC)


def test_an_older_revision_keeps_its_values_and_nothing_else() -> None:
    record = read(helm_secret("n", "one", config={"a": 1}, manifest=MANIFEST)).lean()
    assert record.config() == {"a": 1}
    assert record.manifest() == record.notes() == ""


def test_a_record_without_gzip_is_read() -> None:
    assert read(helm_secret("n", "one", compress=False)).fault == ""


@pytest.mark.parametrize("suspend", ["true", True])
def test_suspended_by_text_counts_too(suspend: str | bool) -> None:
    record = read(helm_secret("n", "one", config={"global": {"suspend": suspend}}))
    assert (record.suspendable, record.suspended) == (True, True)


@pytest.mark.parametrize(
    "odd", [None, {"global": None}, {"global": "x"}, {"global": {"suspend": 3}}]
)
def test_odd_values_mean_not_suspendable(odd: JsonObject | None) -> None:
    record = read(helm_secret("n", "one", config=odd, defaults={"global": []}))
    assert (record.suspendable, record.suspended, record.fault) == (False, False, "")
    assert record.config() == (odd or {})


def test_moments_keep_their_offset() -> None:
    there = datetime(2026, 5, 4, 9, 12, 33, tzinfo=timezone(timedelta(hours=2)))
    secret = helm_secret("n", "one", first=there)
    assert read(secret).first_deployed.astimezone(UTC).hour == 7


BAD = {
    "not base64": "%%%",
    "base64 once": base64.b64encode(b"{}").decode(),
    "cut gzip": base64.b64encode(base64.b64encode(gzip.compress(b"{}" * 500)[:20])).decode(),
    "not JSON": base64.b64encode(base64.b64encode(gzip.compress(b"hello"))).decode(),
    "a list": base64.b64encode(base64.b64encode(gzip.compress(b"[]"))).decode(),
    "no info": base64.b64encode(base64.b64encode(b'{"name":"one","version":1}')).decode(),
    "deep": base64.b64encode(base64.b64encode(gzip.compress(b"[" * 5_000_000))).decode(),
    "empty": "",
}


@pytest.mark.parametrize("stored", BAD.values(), ids=BAD.keys())
def test_a_corrupt_record_is_still_listed(stored: str) -> None:
    secret = helm_secret("n", "one", revision=2, status="superseded")
    secret["data"] = {"release": stored}
    record = read(secret)
    assert (record.release, record.revision, record.status) == ("one", 2, "superseded")
    assert record.fault == "corrupt"
    assert record.config() == {}


def test_a_bomb_costs_only_itself() -> None:
    bomb = gzip.compress(b'{"name":"one","manifest":"' + b" " * 60_000_000)
    record = read(helm_secret("n", "one", payload=bomb, compress=False))
    assert record.fault == "too_large"


def test_sixty_megabytes_cost_only_themselves() -> None:
    secret = helm_secret("n", "one")
    secret["data"] = {"release": "A" * 60_000_000}
    assert read(secret).fault == "too_large"


def test_a_form_to_come_is_listed_with_a_warning() -> None:
    secret = helm_secret("n", "one")
    secret["type"] = "helm.sh/release.v2"
    secret["metadata"] = {**_object(secret["metadata"]), "name": "sh.helm.release.v2.one.v1"}
    record = read(secret)
    assert (record.release, record.revision, record.fault) == ("one", 1, "unknown_version")


def test_a_secret_of_another_name_is_no_record() -> None:
    secret = helm_secret("n", "one")
    secret["metadata"] = {**_object(secret["metadata"]), "name": "mine"}
    with pytest.raises(ValueError, match="mine"):
        read(secret)


def test_null_members_are_no_fault() -> None:
    content = json.dumps(
        {
            "name": "one",
            "version": 1,
            "info": {"status": "deployed", "notes": None, "first_deployed": None},
            "chart": None,
            "config": None,
            "manifest": None,
            "hooks": None,
        }
    ).encode()
    assert read(helm_secret("n", "one", payload=content)).fault == ""


def test_what_onyxia_keeps_is_read() -> None:
    _, record = read_onyxia(
        raw(
            onyxia_secret(
                "n",
                "one",
                {
                    "catalog": "ide",
                    "owner": "Ada",
                    "friendlyName": "mon café",
                    "share": "true",
                    "sardonyx-secret-paths": '[["a","b"],["c",0]]',
                    "sardonyx-s3-profile": "nas",
                },
            )
        )
    )
    assert (record.catalog, record.owner, record.friendly_name) == ("ide", "Ada", "mon café")
    assert record.shared
    assert record.secret_paths == {("a", "b"), ("c", 0)}
    assert record.s3_profile == "nas"


@pytest.mark.parametrize("value", ["%%%", "//79", ""])
def test_onyxia_keys_that_cannot_be_read_are_absent(value: str) -> None:
    secret = onyxia_secret("n", "one", {})
    secret["data"] = {"owner": value, "share": value, "sardonyx-secret-paths": value}
    _, record = read_onyxia(raw(secret))
    assert (record.owner, record.shared, record.secret_paths) == ("", False, frozenset())


def _object(value: object) -> JsonObject:
    assert isinstance(value, dict)
    return value
