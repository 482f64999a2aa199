"""Reports as one HTML page each: a style, tables, and nothing to load from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .6rem;text-align:right;"
    "border-bottom:1px solid #ccc}th:first-child,td:first-child{text-align:left}"
    "svg{max-width:100%;height:auto}.scroll{overflow-x:auto}"
    "@media(prefers-color-scheme:dark){body{background:#16181c;color:#ddd}td,th{border-color:#444}}"
)


def document(title: str, parts: Sequence[str]) -> str:
    """A whole page of ready HTML parts.

    >>> document("Profile", ["<h1>Profile</h1>"]).startswith("<!doctype html>")
    True
    """
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        "<meta name='viewport' content='width=device-width'>"
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table that scrolls by itself where it is too wide; cells are escaped."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<div class='scroll'><table><tr>{head}</tr>{body}</table></div>"


def shown(value: object) -> str:
    """A value as a cell's text: four digits of a fraction, a dash for nothing.

    >>> shown(0.123456), shown(12)
    ('0.1235', '12')
    """
    if value is None:
        return "–"  # noqa: RUF001 - a dash is what a table shows for nothing
    return f"{value:.4g}" if isinstance(value, float) else str(value)
