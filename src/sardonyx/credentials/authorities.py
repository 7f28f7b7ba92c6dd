"""Read the authorities that an organisation adds to the public ones, from its region.

Onyxia's key `certificateAuthorityInjection.cacerts`: base64 of PEM certificates in a row.
"""

from __future__ import annotations

import base64
import binascii
import ssl

from sardonyx.projects.errors import RegionInvalidError
from sardonyx.values import JsonObject

_PLACE = "certificateAuthorityInjection.cacerts"


def region_authorities(region: JsonObject) -> str:
    """Return the PEM text of the region's authorities, empty for none.

    Raises RegionInvalidError when there is something else.
    """
    block = region.get("certificateAuthorityInjection")
    written = block.get("cacerts") if isinstance(block, dict) else None
    if not isinstance(written, str) or not written.strip():
        return ""
    try:
        text = base64.b64decode(written, validate=True).decode("ascii")
        trusting(text)
    except (binascii.Error, UnicodeDecodeError, ssl.SSLError) as error:
        raise RegionInvalidError(place=_PLACE, reason=str(error)[:200]) from error
    return text


def trusting(authorities: str) -> ssl.SSLContext:
    """Return what verifies servers by the public authorities and by these. Raises SSLError."""
    context = ssl.create_default_context()
    if authorities:
        context.load_verify_locations(cadata=authorities)
    return context
