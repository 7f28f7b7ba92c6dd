"""Make the sample table: a business register, *invented* by a seeded generator.

No enterprise in it exists and no figure was measured. Only the letters and titles of the
sections are those of the NACE classification. The truth is known: turnover follows employees,
section and chance as `enterprises` writes it, so that what an analysis finds can be checked.

Shape: 5,000 rows, one per enterprise. Columns: `id` (text), `name`, `activity` (free text as a
person would declare it), `section` (letter A to S), `region`, `employees` (persons),
`turnover` (thousand euros a year), `registered` (date). The same seed gives the same bytes with
the same DuckDB.
"""

from __future__ import annotations

import asyncio
import csv
import random
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from sardonyx.errors import SystemFault
from sardonyx.text import N_

SAMPLE_KEY = "sample/enterprises.parquet"
SAMPLE_README_KEY = "sample/README.md"
ROWS = 5_000
SEED = 20_250_101

Row = tuple[str, str, str, str, str, int, int, date]

_COLUMNS = (
    "id VARCHAR, name VARCHAR, activity VARCHAR, section VARCHAR, region VARCHAR, "
    "employees INTEGER, turnover INTEGER, registered DATE"
)

# Section: weight among enterprises, turnover per person (thousand euros), declared activities.
_SECTIONS: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "A": (7, 90, ("growing cereals", "raising dairy cows", "vineyard", "market gardening")),
    "C": (9, 160, ("baking bread and pastry", "joinery workshop", "machining metal parts")),
    "F": (15, 120, ("roofing", "electrical installation", "house painting", "masonry work")),
    "G": (20, 250, ("retail sale of shoes", "online sale of books", "wholesale of fruit")),
    "H": (6, 110, ("parcel delivery by bicycle", "road haulage", "taxi service")),
    "I": (10, 70, ("restaurant", "food truck", "guest house", "café and bar")),
    "J": (7, 130, ("software development", "web design", "data consulting")),
    "M": (10, 120, ("architect's office", "bookkeeping for small firms", "translation")),
    "N": (6, 80, ("cleaning of offices", "landscape care", "temporary work agency")),
    "Q": (6, 75, ("nursing at home", "physiotherapist's practice", "day nursery")),
    "S": (4, 45, ("hairdressing", "repair of computers", "dog grooming")),
}
_REGIONS = ("North", "East", "South", "West", "Centre", "Islands")
_FIRST = ("Alder", "Birch", "Cedar", "Dune", "Ember", "Fern", "Garnet", "Heath", "Iris", "Juniper")
_SECOND = ("brook", "field", "gate", "hill", "mere", "ridge", "stone", "vale", "wick", "wood")
_FORM = ("Ltd", "Co-op", "& Daughters", "Partners", "Group")
_FIRST_DAY = date(1990, 1, 1)
_DAYS = 35 * 365


class SampleDataError(SystemFault):
    code = "sample_data"
    title = N_("The sample data could not be made")
    detail = N_("The program that writes the table ended with code {exit_code}.")
    next_step = N_("Check that the disk is not full; “sardonyx doctor” tells.")


def enterprises(rows: int = ROWS, seed: int = SEED) -> Iterator[Row]:
    """Yield the invented enterprises, the same ones for the same `seed`."""
    draw = random.Random(seed)  # noqa: S311 - repeatable on purpose, protects nothing
    letters = list(_SECTIONS)
    weights = [_SECTIONS[letter][0] for letter in letters]
    for number in range(1, rows + 1):
        section = draw.choices(letters, weights)[0]
        _, per_person, activities = _SECTIONS[section]
        employees = int(draw.lognormvariate(1.1, 1.2))
        persons = employees + 1  # who works in it: the owner too
        yield (
            f"E{number:05d}",
            f"{draw.choice(_FIRST)}{draw.choice(_SECOND)} {draw.choice(_FORM)}",
            draw.choice(activities),
            section,
            draw.choice(_REGIONS),
            employees,
            int(persons * per_person * draw.lognormvariate(0, 0.4)),
            _FIRST_DAY + timedelta(days=draw.randrange(_DAYS)),
        )


def write_sample(path: Path) -> None:
    """Write the table to `path` as Parquet."""
    import duckdb  # noqa: PLC0415 - 40 MB that only this process should pay

    rows = path.with_suffix(".csv")
    # By a file: values bound to a statement would make DuckDB import pandas, for seconds.
    with rows.open("w", newline="") as file:
        csv.writer(file).writerows(enterprises())
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"CREATE TABLE enterprises ({_COLUMNS})")
        connection.read_csv(str(rows), header=False).insert_into("enterprises")
        connection.table("enterprises").write_parquet(str(path), compression="zstd")
    rows.unlink()


async def sample_parquet() -> bytes:
    """Return the table as Parquet, made in a process of its own. Raises SampleDataError."""
    with tempfile.TemporaryDirectory(prefix="sardonyx-sample-") as folder:
        path = Path(folder) / "enterprises.parquet"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sardonyx.data.sample", str(path)
        )
        exit_code = await process.wait()
        if exit_code != 0:
            raise SampleDataError(exit_code=exit_code)
        return await asyncio.to_thread(path.read_bytes)


def sample_readme() -> str:
    """Return the note that lies beside the table: its level, its columns."""
    return f"""# enterprises.parquet

**Level: invented.** Made by a seeded generator of sardonyx (`sardonyx.data.sample`, seed
{SEED}). No enterprise in it exists, no figure was measured: for trying things out only.

{ROWS:,} rows, one per enterprise.

| column | what it is |
| --- | --- |
| id | identifier |
| name | invented name |
| activity | main activity, in words as one would declare it |
| section | letter of the NACE section the activity belongs to |
| region | invented region |
| employees | persons employed, the owner not counted |
| turnover | thousand euros a year |
| registered | date of registration |

Known truth: turnover = (employees + 1) x a rate of the section x chance (log-normal, sigma 0.4).
"""


if __name__ == "__main__":
    write_sample(Path(sys.argv[1]))
