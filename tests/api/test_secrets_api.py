"""REST of secrets."""

from __future__ import annotations

import pytest
from tests.api.world import caller, portal


async def test_values_are_masked_until_asked_for() -> None:
    async with caller(portal()) as client:
        put = await client.put("/secrets/db/main", json={"entries": {"PASSWORD": "hunter2"}})
        assert put.status_code == 200
        hidden = await client.get("/secrets/db/main")
        shown = await client.get("/secrets/db/main", params={"reveal": "true"})
        listed = await client.get("/secrets", params={"path": "db"})
    for answer in (put, hidden, listed):
        assert "hunter2" not in answer.text
    assert list(hidden.json()["entries"]) == ["PASSWORD"]
    assert shown.json()["entries"] == {"PASSWORD": "hunter2"}
    assert shown.headers["cache-control"] == "no-store"
    assert listed.json()["secrets"] == ["main"]


async def test_a_change_from_an_old_version_is_refused() -> None:
    async with caller(portal()) as client:
        first = await client.put("/secrets/s", json={"entries": {"A": "1"}})
        tag = first.headers["etag"]
        again = {"entries": {"A": "2"}}
        new = await client.put("/secrets/s", json=again, headers={"if-none-match": "*"})
        assert (new.status_code, new.json()["code"]) == (412, "secret_conflict")
        assert (
            await client.put("/secrets/s", json=again, headers={"if-match": tag})
        ).status_code == 200
        for method in ("PUT", "PATCH"):
            late = await client.request(
                method, "/secrets/s", json={"entries": {"A": "3"}}, headers={"if-match": tag}
            )
            assert late.status_code == 412
        odd = await client.put("/secrets/s", json=again, headers={"if-match": '"x"'})
        assert (odd.status_code, odd.json()["code"]) == (422, "version_tag")
        shown = await client.get("/secrets/s", params={"reveal": "true"})
    assert shown.json()["entries"] == {"A": "2"}


async def test_a_patch_sets_removes_and_leaves() -> None:
    async with caller(portal()) as client:
        await client.put("/secrets/s", json={"entries": {"A": "1", "B": "2", "C": "3"}})
        patch = await client.patch("/secrets/s", json={"entries": {"A": "9", "B": None}})
        assert patch.json()["version"] == 2
        shown = await client.get("/secrets/s", params={"reveal": "true"})
        assert shown.json()["entries"] == {"A": "9", "C": "3"}
        gone = await client.patch("/secrets/s", json={"entries": {"B": None}})
        assert gone.status_code == 404
        assert (await client.delete("/secrets/s")).status_code == 200
        assert (await client.get("/secrets/s")).status_code == 404


@pytest.mark.parametrize("raw", ["%2e%2e/user-eve/x", "a%3Fb", "a%0Ab", "a//b", ""])
async def test_a_path_that_leads_elsewhere_is_refused(raw: str) -> None:
    async with caller(portal()) as client:
        answer = await client.put(f"/secrets/{raw}", json={"entries": {"A": "1"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "secret_name")


async def test_a_wrong_body_never_comes_back() -> None:
    async with caller(portal()) as client:
        wrong = await client.put("/secrets/s", json={"entries": {"A": ["hunter2"]}})
        key = await client.put("/secrets/s", json={"entries": {"A-B": "hunter2"}})
    assert wrong.status_code == key.status_code == 422
    assert wrong.json()["problems"][0]["pointer"] == "/entries/A"
    assert key.json()["code"] == "secret_name"
    assert "hunter2" not in wrong.text + key.text


async def test_a_token_for_one_s_own_tools() -> None:
    async with caller(portal()) as client:
        answer = await client.get("/credentials/secrets")
    assert answer.json()["environment"]["BAO_ADDR"] == "http://127.0.0.1:8"
    assert answer.headers["cache-control"] == "no-store"
