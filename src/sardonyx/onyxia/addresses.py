"""Lead Onyxia's addresses to ours, so that links in documents and mails go on working."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

router = APIRouter()


@router.get("/launcher/{catalog}/{chart}")
async def launcher(request: Request) -> Response:
    """Lead to the launcher of the same chart with the same query, byte for byte.

    A query is no form there (a plus is a plus, launcher.md 12): it is not read, only passed on.
    """
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope["query_string"]
    target = b"/launch/" + path.partition(b"?")[0].split(b"/launcher/", 1)[1]
    return Response(
        status_code=308,
        headers={"location": _plain(target + (b"?" + query if query else b""))},
    )


def _plain(address: bytes) -> str:
    """Return an address that a header can hold: what is no visible ASCII is escaped."""
    return "".join(chr(one) if 0x20 < one < 0x7F else f"%{one:02X}" for one in address)
