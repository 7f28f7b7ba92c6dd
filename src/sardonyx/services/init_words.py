"""Own the words of the steps before a service: their names, and why one ended as it did.

The codes are those of the init program (`adapters/processes/init_steps.py`); a test holds both
together. Its sentence (`said`) stays the evidence, in the tools' own words.
"""

from __future__ import annotations

from collections.abc import Mapping

from sardonyx.text import N_

STEP_NAMES: Mapping[str, str] = {
    "home": N_("The service's folder is ready"),
    "region": N_("Settings of this place applied"),
    "secrets": N_("Your secret loaded"),
    "git": N_("Git: your name, e-mail and token"),
    "clone": N_("Git repository brought in"),
    "duckdb": N_("DuckDB connected to your files"),
    "personal": N_("Your own start script ran"),
    "database": N_("Database prepared"),
    "credentials": N_("Keys to your files and secrets received"),
}

REASONS: Mapping[str, str] = {
    "home_unwritable": N_("the folder cannot be written: is the disk full?"),
    "io": N_("a file could not be read or written"),
    "git_missing": N_("Git is not installed on this machine"),
    "git_host": N_("your token was not used: no https repository says its host"),
    "git_failed": N_("Git could not do it"),
    "git_slow": N_("it took too long"),
    "clone_address": N_("the address must begin with https:// and hold no password"),
    "clone_branch": N_("this is no name of a branch"),
    "clone_there": N_("it was already there"),
    "clone_in_the_way": N_("a folder of that name is in the way"),
    "secrets_unknown": N_("the secret store is not known here"),
    "secrets_silent": N_("the secret store does not answer"),
    "secret_path": N_("this is no name of a secret"),
    "secret_missing": N_("there is no secret of that name"),
    "secret_refused": N_("the secret store refused"),
    "secret_names": N_("some keys cannot be variables and were left out"),
    "duckdb_absent": N_("DuckDB is not installed here"),
    "duckdb_there": N_("as before"),
    "duckdb_secret": N_("DuckDB could not get its keys"),
    "duckdb_slow": N_("it took too long"),
    "script_address": N_("the address must begin with https://"),
    "script_arguments": N_("the arguments cannot be read"),
    "script_unreachable": N_("the script cannot be fetched"),
    "script_status": N_("the address does not give the script"),
    "script_is_a_page": N_("the address gives a web page, not a script"),
    "script_size": N_("the script is too large"),
    "script_failed": N_("the script ended with an error; the log has its words"),
    "script_slow": N_("the script took too long and was stopped"),
}
