"""`sardonyx chart preview`: a chart's form for a sample person, without a platform."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated

import typer

from sardonyx.cli.errors import LocalFileError, OneChoiceError
from sardonyx.cli.language import user_language
from sardonyx.cli.options import JsonOption
from sardonyx.cli.output import document, say, worded
from sardonyx.text import LANGUAGES, N_


def preview(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The chart's folder.")],
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the page to a file.")
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the form: en or fr.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Show the form of a chart for a sample person; it follows the files. Launches nothing.

    The page is served on this machine alone until Ctrl-C, at an address printed first.
    """
    if not folder.is_dir():
        reason = worded(N_("it is not a folder."))
        raise LocalFileError(path=str(folder), reason=reason, field="DIR")
    if as_json + open_ + (html is not None) > 1:
        raise OneChoiceError(choices="--open, --html, --json", field="--html")
    from sardonyx.web.preview import preview as made_preview
    from sardonyx.web.preview import preview_page

    if language and language not in LANGUAGES:
        raise typer.BadParameter(", ".join(LANGUAGES), param_hint="--language")
    chosen = language or user_language()
    if as_json:
        document(made_preview(folder, language=chosen).document())
    elif html is not None:
        try:
            html.write_text(preview_page(made_preview(folder, language=chosen)), encoding="utf-8")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise LocalFileError(path=str(html), reason=reason, field="--html") from error
        say(N_("Written to {file}."), file=str(html))
    else:
        _serve(folder, chosen, open_=open_)


def _serve(folder: Path, language: str, *, open_: bool) -> None:
    """Serve the page on a port of loopback that nobody else has, until a signal."""
    import webbrowser

    import uvicorn

    from sardonyx.web.preview import preview_application

    with socket.socket(socket.AF_INET) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        print(address, flush=True)
        if open_:
            webbrowser.open(address)
        config = uvicorn.Config(
            preview_application(folder, language=language),
            access_log=False,
            server_header=False,
            ws="none",
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
        uvicorn.Server(config).run(sockets=[listener])
