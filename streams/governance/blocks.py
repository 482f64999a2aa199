"""A document as blocks, written once and shown as Markdown and as one HTML page.

Pictures are inline SVG and stand in the page alone: their numbers are in a table beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from streams.html_page import document
from streams.html_page import table as html_table


@dataclass(frozen=True)
class Heading:
    """A title; level 1 stands once, at the top."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Plain text."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    """Heads and rows of cells as text."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """An inline SVG; empty where there is nothing to draw."""

    svg: str


Block = Heading | Paragraph | Bullets | Table | Picture


def markdown(blocks: Sequence[Block]) -> str:
    """The document as GitHub's Markdown.

    >>> print(markdown([Heading("Card", 1), Bullets(["a | b"]), Table(["x"], [["1"]])]), end="")
    # Card
    <BLANKLINE>
    - a \\| b
    <BLANKLINE>
    | x |
    | --- |
    | 1 |
    """
    parts = [part for part in map(_markdown, blocks) if part]
    return "\n\n".join(parts) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {_plain(text)}"
        case Paragraph(text):
            return _plain(text)
        case Bullets(items):
            return "\n".join(f"- {_plain(item)}" for item in items)
        case Table(heads, rows):
            lines = [heads, ["---"] * len(heads), *rows]
            return "\n".join(f"| {' | '.join(map(_plain, line))} |" for line in lines)
        case Picture():
            return ""


def _plain(text: str) -> str:
    """Text that neither ends a table's cell nor begins a tag: reasons are written by people."""
    if text == "---":
        return text
    for sign in ("|", "<", "`", "*"):
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def page(title: str, blocks: Sequence[Block]) -> str:
    """The document as one HTML page that loads nothing from elsewhere."""
    return document(title, [_html(block) for block in blocks])


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case Bullets(items):
            return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"
        case Table(heads, rows):
            return html_table(heads, rows)
        case Picture(svg):
            return svg
