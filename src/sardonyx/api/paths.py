"""A path parameter that takes all the rest of the address, line breaks included.

Starlette's own `path` stops matching at a line break, so that a bad name would look like an
unknown address instead of being told what is wrong with it.
"""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor


class WholeConvertor(Convertor[str]):
    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def register() -> None:
    """Make `{name:whole}` known to routes; called before any route uses it."""
    register_url_convertor("whole", WholeConvertor())
