"""No credential reaches the log, whichever way a library or we put it there."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from sardonyx.logs import clean_text, configure_logs
from sardonyx.values import Secret

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLWlzLWhlcmU"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs(stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json(log: io.StringIO) -> None:
    structlog.get_logger("sardonyx.x").info("launched", release="demo", project="user-ada")
    logging.getLogger("library").warning("slow %s", "disk")
    first, second = _lines(log)
    assert (first["event"], first["release"], first["level"]) == ("launched", "demo", "info")
    assert str(first["timestamp"]).endswith("Z")
    assert (second["event"], second["logger"]) == ("slow disk", "library")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefgh-hunter2",
        f"refused {JWT}-hunter2",
        "postgresql://ada:hunter2@db/x",
        "https://lab/sign-in?t=hunter2&next=/",
        "https://s3/x?X-Amz-Signature=hunter2",
        "password=hunter2",
        '{"client_secret": "hunter2"}',
        "--set s3.secretAccessKey=hunter2",
        "-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----",
        "VAULT_TOKEN='hunter2'",
    ],
)
def test_a_text_loses_its_credential(text: str, log: io.StringIO) -> None:
    assert "hunter2" not in clean_text(text)
    structlog.get_logger().error("fault", stack=text, inner={"list": [text]})
    logging.getLogger("library").error(text)
    assert "hunter2" not in log.getvalue()


@pytest.mark.parametrize(
    "name", ["token", "git_token", "password", "Authorization", "cookie", "values", "api-key"]
)
def test_a_member_named_so_is_hidden(name: str, log: io.StringIO) -> None:
    structlog.get_logger().info("x", **{name: "hunter2", "deep": {name: ["hunter2"]}})
    logging.getLogger("library").info("y", extra={name: "hunter2"})
    assert "hunter2" not in log.getvalue()


def test_what_tells_nothing_stays(log: io.StringIO) -> None:
    structlog.get_logger().info("x", key_file="/etc/key", held=Secret("hunter2"), has_token=True)
    (line,) = _lines(log)
    assert (line["key_file"], line["held"], line["has_token"]) == ("/etc/key", "…", True)
