"""Name what only looks unused, for `vulture`: each group says who uses it.

Not run. A name that nothing uses any more leaves this list with its code.
"""

# ruff: noqa: F821, B018 - names of other modules, only mentioned
# mypy: ignore-errors

# Rules of launcher.md that no page uses yet; tests hold them.

# Templates and JSON read them.
(
    switch_address,
    lastUsed,
    has_page,
    runs_here,
    arc,
    can_pause,
    can_resume,
    can_restart,
    earlier,
    is_set,
    can_remove,
    item_count,
    suggestions,
)
chart_schema
edit_address, values_address, is_first  # of a saved configuration on a page
OVERWRITE  # what an import does with a taken name: a word of REST and the command line
SKIP_PATCHES, PROD, read_at  # words of catalogues, by REST and as Onyxia writes them
INFO  # the mildest severity of a finding: templates and REST name it

navigation  # of a viewer, read by templates
can_edit, can_delete, can_adopt, has_crashed, runs_long  # of a card, read by templates
last_seen  # of a cluster's event, in REST and for Python programs
reset  # of a difference, read by a template
before_version, after_version  # of a comparison, by REST

# Fields of local.yaml, read from the model as a whole.
api_version, activity, busy

# Tests use them: what the fakes offer, and what holds a file to its model.
(
    People,
    MemoryBroker,
    MemoryConfigurations,
    MemoryEvents,
    MemoryMarks,
    MemoryObjectStore,
    MemoryProbe,
    MemoryRuntime,
    MemorySecretStore,
    fetch,
    put_file,
)
build_info, profile_problems, profile_schema, reload, set_keys, remove_key, UNRESOLVED

# Libraries call or read them by these names.
capture_signals, should_exit  # uvicorn
_pool  # httpx2
lifespan_context, trust_env, make_connection, _connection, cleanup_fds, test, doctype
handle_starttag, convert, to_string, default_flow_style, key_id, __getattr__, Unresolved
frame, function, trace, pubid, spec  # arguments whose names a protocol fixes
formatter_class, gid, gname, uname, linkname, mtime  # argparse, and the members of a tar
CONFIG_MAPS  # a kind that tests write

# The standard library's HTML reader calls them.
handle_data, handle_endtag
