"""Write files, folders and tables as JSON, the same for REST and the command line."""

from __future__ import annotations

from sardonyx.files.models import Listing, S3Credentials, StoredObject, Table
from sardonyx.values import JsonObject


def object_json(stored: StoredObject) -> JsonObject:
    return {
        "key": stored.key,
        "size": stored.size,
        "modified": stored.modified.isoformat(),
        "etag": stored.etag,
    }


def listing_json(listing: Listing) -> JsonObject:
    """`next` is there when the folder has more: give it back as `cursor`."""
    document: JsonObject = {
        "prefix": listing.prefix,
        "folders": list(listing.folders),
        "files": [object_json(stored) for stored in listing.objects],
    }
    if listing.cursor is not None:
        document["next"] = listing.cursor
    return document


def table_json(table: Table) -> JsonObject:
    """`seconds` of the query, `peakBytes` of memory; `total` where it is known."""
    document: JsonObject = {
        "columns": [{"name": column.name, "type": column.type} for column in table.columns],
        "rows": [list(row) for row in table.rows],
        "truncated": table.truncated,
        "seconds": table.seconds,
        "peakBytes": table.peak_bytes,
    }
    if table.total is not None:
        document["total"] = table.total
    return document


def credentials_json(keys: S3Credentials) -> JsonObject:
    """Return the keys in plain text, as the environment that AWS's tools read."""
    return {
        "expiration": keys.expiration.isoformat(),
        "environment": {
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key.reveal(),
            "AWS_SESSION_TOKEN": keys.session_token.reveal(),
            "AWS_ENDPOINT_URL": keys.endpoint,
            "AWS_REGION": keys.region,
            "AWS_DEFAULT_REGION": keys.region,
        },
    }
