"""Find the line of a place in a YAML or JSON text, for messages that name `file:line`."""

from __future__ import annotations

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from sardonyx.values import Path


class Positions:
    """Lines of one text. A text that cannot be read has only line 1."""

    def __init__(self, text: str) -> None:
        try:
            # Composing keeps aliases as one node: no text grows by it.
            self._root: Node | None = YAML(typ="safe", pure=True).compose(text)
        except (YAMLError, ValueError, RecursionError):
            self._root = None

    def line(self, path: Path) -> int:
        """Return the line (from 1) of the key or item at `path`, or of the nearest one above."""
        node, line = self._root, 1
        for part in path:
            found = _member(node, part)
            if found is None:
                break
            node, line = found
        return line


def _member(node: Node | None, part: str | int) -> tuple[Node, int] | None:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if str(key.value) == str(part):
                return value, key.start_mark.line + 1
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        item: Node = node.value[part]
        return item, item.start_mark.line + 1
    return None
