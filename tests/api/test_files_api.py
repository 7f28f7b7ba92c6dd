"""REST of files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from tests.api.world import caller, portal

NAME = "d/été 'x' \"y\" 🌞.csv"


def address(key: str) -> str:
    return "/files/" + quote(key, safe="/")


async def half(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def test_a_file_goes_up_and_comes_down_as_an_attachment() -> None:
    async with caller(portal()) as client:
        put = await client.put(address(NAME), content=b"<script>alert(1)</script>")
        assert put.status_code == 201
        assert put.json()["key"] == NAME
        assert put.json()["commands"]["underneath"].endswith("\n")
        got = await client.get(address(NAME))
        head = await client.head(address(NAME))
    assert got.content == b"<script>alert(1)</script>"
    for answer in (got, head):
        assert answer.headers["content-disposition"].startswith("attachment;")
        name = "%C3%A9t%C3%A9%20%27x%27%20%22y%22%20%F0%9F%8C%9E.csv"
        assert f"filename*=UTF-8''{name}" in answer.headers["content-disposition"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "sandbox"
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-length"] == "25"
        assert answer.headers["etag"] == put.headers["etag"]


@pytest.mark.parametrize(
    ("asked", "status", "content", "told"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=8-", 206, b"89", "bytes 8-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=5-500", 206, b"56789", "bytes 5-9/10"),
        ("bytes=-500", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=3-1", 200, b"0123456789", None),
        ("bytes=-", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
    ],
)
async def test_a_part_of_a_file(asked: str, status: int, content: bytes, told: str | None) -> None:
    async with caller(portal()) as client:
        await client.put("/files/n", content=b"0123456789")
        answer = await client.get("/files/n", headers={"range": asked})
    assert (answer.status_code, answer.content) == (status, content)
    assert answer.headers.get("content-range") == told


async def test_an_upload_shorter_than_announced_stores_nothing() -> None:
    async with caller(portal()) as client:
        answer = await client.put(
            "/files/n", content=half(b"half"), headers={"content-length": "1000"}
        )
        assert answer.status_code == 422
        assert answer.json()["code"] == "upload_interrupted"
        assert "4 bytes" in answer.json()["detail"]
        assert (await client.get("/files/n")).status_code == 404


async def test_a_taken_name_is_a_conflict_when_the_caller_says_so() -> None:
    async with caller(portal()) as client:
        first = await client.put("/files/n", content=b"1", headers={"if-none-match": "*"})
        second = await client.put("/files/n", content=b"2", headers={"if-none-match": "*"})
        assert (first.status_code, second.status_code) == (201, 409)
        assert second.json()["code"] == "object_exists"
        assert (await client.get("/files/n")).content == b"1"
        assert (await client.put("/files/n", content=b"3")).status_code == 201
        assert (await client.get("/files/n")).content == b"3"


@pytest.mark.parametrize("raw", ["%2e%2e/x", "a%0Ab", "a//b", "%2Fetc/passwd", "a/%2e/b"])
async def test_a_bad_name_is_refused(raw: str) -> None:
    async with caller(portal()) as client:
        answer = await client.put(f"/files/{raw}", content=b"x")
    assert answer.status_code == 422
    assert answer.json()["code"] == "object_name"
    assert answer.json()["field"] == "key"


async def test_a_folder_is_listed_and_deleted_only_on_purpose() -> None:
    async with caller(portal()) as client:
        for key in ("a", "d/b", "d/e/c"):
            await client.put(address(key), content=b"x")
        listed = (await client.get("/files", params={"prefix": "d/"})).json()
        assert listed["folders"] == ["d/e/"]
        assert [item["key"] for item in listed["files"]] == ["d/b"]
        assert "next" not in listed
        assert (await client.delete("/files/d/")).json()["field"] == "recursive"
        assert (await client.delete("/files/")).status_code == 422
        gone = await client.delete("/files/d/", params={"recursive": "true"})
        assert gone.json()["deleted"] == 2
        assert (await client.delete("/files/a")).json()["deleted"] == 1
        assert (await client.delete("/files/a")).status_code == 404


async def test_actions_beside_the_files() -> None:
    async with caller(portal()) as client:
        await client.put("/files/a", content=b"x")
        copied = await client.post("/files:copy", json={"source": "a", "to": "b"})
        moved = await client.post("/files:move", json={"source": "b", "to": "c"})
        assert (copied.status_code, moved.status_code) == (201, 201)
        recent = (await client.get("/files:recent")).json()["files"]
        assert sorted(item["key"] for item in recent) == ["a", "c"]
        gone = await client.post("/files:delete", json={"keys": ["a", "c"]})
        assert gone.json()["deleted"] == 2
        wrong = await client.post("/files:copy", json={"source": "a"})
        assert wrong.json()["field"] == "to"


async def test_preview_and_query_answer_tables() -> None:
    async with caller(portal()) as client:
        preview = (await client.get("/preview/d/a.csv", params={"rows": 3})).json()
        query = (await client.post("/query/d/a.csv", json={"sql": "select 1"})).json()
    assert preview["columns"] == [{"name": "asked", "type": "VARCHAR"}]
    assert preview["rows"] == [["preview user-ada/d/a.csv 3"]]
    assert query["rows"] == [["select 1 user-ada/d/a.csv 1000"]]
    assert query["commands"]["platform"].startswith("sardonyx files sql ")


async def test_keys_for_one_s_own_tools_are_not_cached() -> None:
    async with caller(portal()) as client:
        answer = await client.get("/credentials")
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()["environment"]) == {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    }


async def test_without_signing_in_or_in_another_s_project_nothing_is_there() -> None:
    app = portal()
    async with caller(app) as client:
        await client.put("/files/n", content=b"1")
    paths = ["/files", "/files/n", "/preview/n", "/credentials", "/secrets", "/secrets/s"]
    for token, status in (("nobody", 401), ("eve-token", 404)):
        async with caller(app, token) as client:
            for path in paths:
                answer = await client.get(path)
                assert (path, answer.status_code) == (path, status)
            assert (await client.put("/files/n", content=b"2")).status_code == status
            assert (await client.delete("/files/n")).status_code == status
