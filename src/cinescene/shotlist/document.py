"""YAML with the line of every entry, so that what is wrong can be shown where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cinescene.errors import InputError
from cinescene.files import readable_file

MOST_BYTES = 4 * 1000**2
MOST_DEPTH = 32

Keys = tuple[str | int, ...]
"""Where an entry stands: the names and numbers that lead to it from the top."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Document:
    """Plain values (dicts, lists, texts, numbers, booleans, None) and the line, from 1, where each begins."""

    source: str
    values: Any
    lines: dict[Keys, int]

    def error(self, keys: Keys, problem: str) -> InputError:
        """What is wrong with an entry, with its line; for one that is missing, the line of what should hold it."""
        known = keys
        while known and known not in self.lines:
            known = known[:-1]
        name = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
        return InputError(f"{self.source}, line {self.lines.get(known, 1)}: {f'{name}: ' if name else ''}{problem}")


def read_document(path: Path) -> Document:
    """A YAML file of plain values. Raises `InputError` with the line for what is no YAML, and for repeated names."""
    readable_file(path, "shot list")
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path}: expected a shot list of at most {MOST_BYTES} bytes, got {path.stat().st_size}")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected text in UTF-8 ({error.reason} at byte {error.start})") from error
    return document_of(text, str(path))


def document_of(text: str, source: str) -> Document:
    """The same for a text; ``source`` names it in messages."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[Keys, int] = {}
        values = None if root is None else _plain(root, (), lines, source)
    except yaml.MarkedYAMLError as error:
        line = 1 + (error.problem_mark.line if error.problem_mark else 0)
        raise InputError(f"{source}, line {line}: this is no YAML ({error.problem})") from error
    except yaml.YAMLError as error:
        raise InputError(f"{source}: this is no YAML ({' '.join(str(error).split())})") from error
    except RecursionError as error:
        raise InputError(f"{source}: this is nested too deeply") from error
    return Document(source=source, values=values, lines=lines)


def _plain(node: yaml.Node, keys: Keys, lines: dict[Keys, int], source: str) -> Any:
    line = node.start_mark.line + 1
    if len(keys) > MOST_DEPTH:
        raise InputError(f"{source}, line {line}: this is nested too deeply")
    lines[keys] = line
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, keys, lines, source)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*keys, i), lines, source) for i, item in enumerate(node.value)]
    loader = yaml.SafeLoader("")
    try:
        value = loader.construct_object(node, deep=True)
    except ValueError as error:
        raise InputError(f"{source}, line {line}: this value cannot be read ({error})") from error
    # Dates and the like are what somebody wrote, not what was meant.
    return value if value is None or isinstance(value, str | int | float | bool) else str(node.value)


def _mapping(node: yaml.MappingNode, keys: Keys, lines: dict[Keys, int], source: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise InputError(f"{source}, line {line}: expected a name before the colon")
        name = str(key_node.value)
        if name in values:
            raise InputError(f"{source}, line {line}: {name} stands here twice; keep one")
        place: Keys = (*keys, name)
        values[name] = _plain(value_node, place, lines, source)
        lines[place] = line
    return values
