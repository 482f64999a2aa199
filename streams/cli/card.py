"""`fraud card`: a model's card, from the log alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import errors_console, example, result

if TYPE_CHECKING:
    from streams.governance.blocks import Block

Out = Annotated[
    Path | None, typer.Option(file_okay=False, help="Folder for Markdown, an HTML page and JSON.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud card logistic@4000 --out cards"))(card)


def card(
    model: Annotated[
        str, typer.Argument(metavar="NAME[@VERSION]", help="A version; without it the newest.")
    ],
    *,
    out: Out = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Write a model's card: purpose, data, labels, metrics and spread, limits, drift, approvals.

    Everything is read from the log; without --out the Markdown is printed.
    """
    from streams.governance.blocks import markdown  # noqa: PLC0415 - keeps `--help` quick
    from streams.governance.card import card as make  # noqa: PLC0415
    from streams.governance.card_page import blocks  # noqa: PLC0415
    from streams.history.log import KafkaLog  # noqa: PLC0415

    errors_console().print("reading fraud.outcomes from its beginning")
    found = make(KafkaLog(reachable(bootstrap)), model)
    document = blocks(found)
    if out is None:
        result(found, markdown(document).rstrip(), as_json=as_json)
        return
    name = f"card-{found['model'].replace('@', '-').replace(':', '-')}"
    found["out"] = written(out, name, found, document)
    result(found, "\n".join(found["out"]), as_json=as_json)


def written(out: Path, name: str, found: Mapping[str, Any], document: list[Block]) -> list[str]:
    """Write a document's three files into a folder, made if needed; their paths."""
    from streams.governance.blocks import markdown, page  # noqa: PLC0415 - quick `--help`

    out.mkdir(parents=True, exist_ok=True)
    texts = {
        "md": markdown(document), "html": page(name, document),
        "json": json.dumps(found, ensure_ascii=False, indent=1),
    }  # fmt: skip
    for ending, text in texts.items():
        (out / f"{name}.{ending}").write_text(text, encoding="utf-8")
    return [str(out / f"{name}.{ending}") for ending in texts]
