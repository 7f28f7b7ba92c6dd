"""Keys end under a running kernel, and nobody there notices.

Keys live 45 seconds here. The first ones are kept aside and asked until the store refuses them:
from then on whatever works has renewed by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from tests.e2e.data import flights
from tests.e2e.jupyter import Kernel
from tests.e2e.platform import TestPlatform, running_platform, until

from sardonyx.adapters.s3.signing import signed_request
from sardonyx.files.models import S3Credentials
from sardonyx.values import Secret

pytestmark = [pytest.mark.heavy, pytest.mark.real, pytest.mark.xdist_group("platform")]

# Objects made before the end and used after it, one for each way to read.
LIVING = """\
import os, json, urllib.request
import boto3, duckdb, s3fs, polars as pl, pandas as pd, pyarrow.dataset as ds, pyarrow.fs as pafs
uri = "URI"
bucket, key = uri.removeprefix("s3://").split("/", 1)
count = f"select count(*) from '{uri}'"
con = duckdb.connect()
client = boto3.client("s3")
files = s3fs.S3FileSystem()
arrow, inside = pafs.FileSystem.from_uri(uri)
dataset = ds.dataset(uri)
lazy = pl.scan_parquet(uri).select(pl.len())
ways = {
    "duckdb, same connection": lambda: con.sql(count).fetchone()[0],
    "duckdb, new connection": lambda: duckdb.connect().sql(count).fetchone()[0],
    "boto3, same client": lambda: client.head_object(Bucket=bucket, Key=key)["ContentLength"],
    "s3fs, same file system": lambda: (files.invalidate_cache(), files.info(uri)["size"])[1],
    "pyarrow, same file system": lambda: arrow.get_file_info(inside).size,
    "pyarrow, same dataset": lambda: dataset.count_rows(),
    "polars, same lazy frame": lambda: lazy.collect().item(),
    "polars, new scan": lambda: pl.scan_parquet(uri).select(pl.len()).collect().item(),
    "pandas": lambda: len(pd.read_parquet(uri)),
}
def tried(way):
    try:
        return ways[way]()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
"""
SHOWN = "print(json.dumps({way: tried(way) for way in ways}))"
KEYS = """\
request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
token = open(os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).read()
request.add_header("Authorization", token)
keys = json.load(urllib.request.urlopen(request))
print(json.dumps({**keys, "endpoint": os.environ["AWS_ENDPOINT_URL"]}))
"""


@pytest.fixture
def short_lived() -> Iterator[TestPlatform]:
    with running_platform(SARDONYX_KEY_LIFE="45s") as platform:
        yield platform


def test_a_kernel_goes_on_when_its_first_keys_have_ended(
    short_lived: TestPlatform, tmp_path: Path
) -> None:
    platform = short_lived
    sample = flights(tmp_path)
    platform.run("files", "cp", str(sample.file), "platform:flights.parquet")
    name = platform.launch("jupyter-python")
    opened = platform.json("services", "token", name)
    with Kernel(opened["address"], (opened["header"], opened["value"])) as kernel:
        kernel.run(LIVING.replace("URI", f"s3://{platform.project}/flights.parquet"))
        first_keys = json.loads(kernel.run(KEYS))
        assert not refused(first_keys, platform.project)
        before = json.loads(kernel.run(SHOWN))
        until(lambda: refused(first_keys, platform.project), seconds=120, what="the keys' end")
        after = json.loads(kernel.run(SHOWN))
    rows, size = sample.rows, sample.file.stat().st_size
    assert set(before.values()) == {rows, size}
    assert after == before


def refused(keys: dict[str, str], bucket: str) -> bool:
    """Tell whether the store refuses these very keys by now."""
    credentials = S3Credentials(
        keys["AccessKeyId"],
        Secret(keys["SecretAccessKey"]),
        Secret(keys["Token"]),
        datetime.now(UTC),
        keys["endpoint"],
        "us-east-1",
    )
    asked = signed_request(
        credentials, "GET", f"/{bucket}", query=[("list-type", "2")], now=datetime.now(UTC)
    )
    return httpx2.get(asked.url, headers=dict(asked.headers)).status_code == 403
