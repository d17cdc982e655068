"""Words, numbers and signs of the move notation, and messages that point at one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, NoReturn

from cinescene.errors import InputError

TokenKind = Literal["number", "word", "sign", "end"]

LONGEST_TEXT = 10_000
CONTEXT = 32
"""Characters of the text shown on each side of the word that a message points at."""

_TOKEN = re.compile(
    r"""
    (?P<number> [-−]? (?: [0-9]+ (?:\.[0-9]*)? | \.[0-9]+ ) )
  | (?P<word>   [^\W\d_]+ (?: -[^\W\d_]+ )* )
  | (?P<sign>   -> | [→;,+°×():] )
    """,
    re.VERBOSE,
)


class NotationError(InputError):
    """A mistake in a text of moves; the message shows where."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A piece of the text, lower case, and the part of the text it is."""

    kind: TokenKind
    text: str
    begin: int
    end: int


def tokens_of(text: str) -> list[Token]:
    """The pieces of a text, with an ``end`` token last; raises `NotationError` at a sign that the notation lacks."""
    if len(text) > LONGEST_TEXT:
        raise NotationError(f"camera: expected moves in up to {LONGEST_TEXT} characters, got {len(text)}")
    tokens = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            bad = Token(kind="sign", text=text[position], begin=position, end=position + 1)
            fail(
                text, bad, 'this sign has no meaning here; moves look like "dolly in 1.5m over 2s; then pan left 30deg"'
            )
        kind: TokenKind = "number" if match["number"] else "word" if match["word"] else "sign"
        tokens.append(Token(kind=kind, text=match[0].lower(), begin=position, end=match.end()))
        position = match.end()
    return [*tokens, Token(kind="end", text="", begin=len(text), end=len(text))]


def fail(text: str, token: Token, expected: str, candidates: Iterable[str] = ()) -> NoReturn:
    """Raises a `NotationError` of one line that shows the text around a token, marks it and says what was expected.

    Names among ``candidates`` that are close to the token are suggested.
    """
    before = text[max(0, token.begin - CONTEXT) : token.begin]
    after = text[token.end : token.end + CONTEXT]
    shown = (
        ("…" if token.begin > CONTEXT else "")
        + before
        + f">>>{text[token.begin : token.end]}<<<"
        + after
        + ("…" if token.end + CONTEXT < len(text) else "")
    )
    close = get_close_matches(token.text, list(candidates), n=1, cutoff=0.6) if token.kind == "word" else []
    hint = f'; did you mean "{close[0]}"?' if close else ""
    name = f'"{_printable(text[token.begin : token.end])}"' if token.kind != "end" else "the end"
    raise NotationError(f"camera: {_printable(shown)} – {name} (character {token.begin + 1}): {expected}{hint}")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)
