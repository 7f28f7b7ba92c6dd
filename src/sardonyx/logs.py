"""Own how a platform on a cluster writes its log: one JSON object a line, secrets taken out.

Our events and those of libraries pass the same processors. Redaction is the last of them and
looks at every text, however deep: a credential that a library put into a message is not kept.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO

import structlog

from sardonyx.values import Secret

HIDDEN = "…"
_NAMES = re.compile(
    r"(?i)(?:token|secret|passw|authori[sz]ation|cookie|credential|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|kubeconfig|(?:^|_)(?:values|jwt)$)"
)
# A name that ends so is about a secret and holds none.
_HARMLESS = re.compile(r"(?i)(?:_file|_name|_count|_kind|_seconds|_paths?)$")
_TEXTS = (
    re.compile(r"(?i)(\b(?:bearer|basic|token)\s+)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"),
    re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)"),
    re.compile(
        r"(?i)([?&;](?:t|code|state|token|[a-z_]*token|x-amz-[a-z-]+|signature|key|password)=)[^&\s\"']+"
    ),
    re.compile(
        r"(?i)(\b[\w-]*(?:password|passwd|secret|token|api[_-]?key)[\w-]*[\"']?\s*[:=]\s*[\"']?)[^\s\"',&}]+"
    ),
    re.compile(r"()-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*-----|$)"),
    re.compile(r"()\b(?:hvs|hvb|s|b)\.[A-Za-z0-9_-]{20,}"),
)
# Members that say the event again, with colours.
_FOR_TERMINALS = frozenset({"color_message"})
_QUIET = ("uvicorn.access", "httpx", "httpx2", "httpcore", "hpack")


def configure_logs(*, stream: TextIO | None = None, level: str = "info") -> None:
    """Let every log of this process pass here, one JSON line each, on `stream` (stderr)."""
    shared: list[Callable[[Any, str, MutableMapping[str, Any]], Any]] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redacted,
                structlog.processors.JSONRenderer(default=_shown, ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def redacted(
    _logger: Any,  # noqa: ANN401 - structlog's own protocol
    _method: str,
    event: MutableMapping[str, Any],
) -> MutableMapping[str, Any]:
    """Return the event without credentials: by the name of a member, and inside every text."""
    kept = (item for item in event.items() if item[0] not in _FOR_TERMINALS)
    return {name: _clean(name, value) for name, value in kept}


def _clean(name: str, value: object) -> object:
    if isinstance(value, Secret):
        return HIDDEN
    if (
        _NAMES.search(name)
        and not _HARMLESS.search(name)
        and not isinstance(value, (bool, type(None)))
    ):
        return HIDDEN
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {key: _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean("", inner) for inner in value]
    return value


def clean_text(text: str) -> str:
    """Return a text without what looks like a credential."""
    for pattern in _TEXTS:
        text = pattern.sub(lambda found: found.group(1) + HIDDEN, text)
    return text


def _shown(value: object) -> str:
    """Return what JSON cannot hold as text, redacted as every text is."""
    return clean_text(str(value))
