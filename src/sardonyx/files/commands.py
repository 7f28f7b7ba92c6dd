"""Own the equivalent commands of every action on files, in both tabs.

Underneath, AWS's own command line does the same. It reads keys from the environment; they are
asked from the platform and never stand in the text.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from sardonyx.done import Commands
from sardonyx.files.formats import Format
from sardonyx.files.names import file_name

KEYS = (
    "# Short-lived keys and the address of the storage, as AWS_… variables:\n"
    'eval "$(sardonyx account credentials --format env)"\n'
)
PREAMBLE = (
    KEYS + "# Without AWS's command line here, uv fetches it:\n"
    "command -v aws >/dev/null || aws() { uv tool run --from 'awscli<2' aws \"$@\"; }\n"
)


def uri(bucket: str, key: str) -> str:
    """Return `s3://bucket/key`."""
    return f"s3://{bucket}/{key}"


def listing_commands(bucket: str, prefix: str) -> Commands:
    return _commands(
        (("sardonyx", "files", "ls", uri(bucket, prefix)),),
        (("aws", "s3", "ls", uri(bucket, prefix)),),
    )


def upload_commands(bucket: str, key: str, *, overwrite: bool = True) -> Commands:
    """The local file is named as the object is: the platform never learns where it was."""
    local = "./" + file_name(key)
    careful = () if overwrite else ("--no-overwrite",)
    return _commands(
        (("sardonyx", "files", "cp", *careful, local, uri(bucket, key)),),
        (("aws", "s3", "cp", local, uri(bucket, key)),),
    )


def download_commands(bucket: str, key: str) -> Commands:
    local = "./" + file_name(key)
    return _commands(
        (("sardonyx", "files", "cp", uri(bucket, key), local),),
        (("aws", "s3", "cp", uri(bucket, key), local),),
    )


def copy_commands(bucket: str, source: str, to: str) -> Commands:
    return _commands(
        (("sardonyx", "files", "cp", uri(bucket, source), uri(bucket, to)),),
        (("aws", "s3", "cp", uri(bucket, source), uri(bucket, to)),),
    )


def move_commands(bucket: str, source: str, to: str) -> Commands:
    return _commands(
        (("sardonyx", "files", "mv", uri(bucket, source), uri(bucket, to)),),
        (("aws", "s3", "mv", uri(bucket, source), uri(bucket, to)),),
    )


def delete_commands(bucket: str, keys: Sequence[str]) -> Commands:
    return _commands(
        (("sardonyx", "files", "rm", *(uri(bucket, key) for key in keys)),),
        tuple(("aws", "s3", "rm", uri(bucket, key)) for key in keys),
    )


def delete_folder_commands(bucket: str, prefix: str) -> Commands:
    return _commands(
        (("sardonyx", "files", "rm", "--recursive", uri(bucket, prefix)),),
        (("aws", "s3", "rm", "--recursive", uri(bucket, prefix)),),
    )


def table_commands(
    bucket: str, key: str, *, kind: Format | None, sql: str | None, rows: int
) -> Commands:
    """Return the commands of a preview (`sql` None) or of a query.

    Underneath it is DuckDB in Python; its S3 extension comes as a package, so that nothing is
    fetched when it starts.
    """
    address = uri(bucket, key)
    # A query may begin with a comment, `--`: it must not be read as an option.
    limit = ("--rows", str(rows), "--", address)
    action = ("preview", *limit) if sql is None else ("sql", *limit, sql)
    reader = f"read_{(kind or Format.CSV).value}"
    wanted = sql or "FROM data"
    program = "\n".join(
        (
            "import glob, os, urllib.parse",
            "import duckdb, duckdb_extension_httpfs as httpfs",
            "env = os.environ",
            "folder = os.path.dirname(httpfs.__file__)",
            "con = duckdb.connect()",
            'con.load_extension(glob.glob(folder + "/extensions/*/httpfs.duckdb_extension")[0])',
            'store = urllib.parse.urlsplit(env["AWS_ENDPOINT_URL"])',
            'for name, value in {"access_key_id": env["AWS_ACCESS_KEY_ID"],',
            '        "secret_access_key": env["AWS_SECRET_ACCESS_KEY"],',
            '        "session_token": env["AWS_SESSION_TOKEN"], "region": env["AWS_REGION"],',
            '        "endpoint": store.netloc, "url_style": "path",',
            '        "use_ssl": store.scheme == "https", "url_compatibility_mode": True}.items():',
            '    con.execute(f"SET s3_{name} = ?", [value])',
            f"data = con.{reader}({address!r})",
            f"print(con.sql({wanted!r}).limit({rows}))",
        )
    )
    return Commands(
        platform=_line("sardonyx", "files", *action),
        underneath=KEYS
        + _line("uv", "pip", "install", "duckdb==1.5.5", "duckdb-extension-httpfs==1.5.5")
        + _line("python", "-c", program),
    )


def _commands(platform: Sequence[Sequence[str]], underneath: Sequence[Sequence[str]]) -> Commands:
    return Commands(
        platform="".join(_line(*words) for words in platform),
        underneath=PREAMBLE + "".join(_line(*words) for words in underneath),
    )


def _line(*words: str) -> str:
    return shlex.join(words) + "\n"
