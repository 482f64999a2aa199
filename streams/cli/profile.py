"""`fraud profile`: what is in a file before anything learns from it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.options import Files, Json, Labels, Mapping
from streams.cli.output import example, result
from streams.cli.progress_bar import bar

if TYPE_CHECKING:
    from streams.profile.report import ProfileRequest


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud profile world --out profile"))(profile)


def profile(
    path: Files,
    *,
    mapping: Mapping = None,
    labels: Labels = None,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder for an HTML page and the JSON.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look at a file: what is missing, odd or repeated, how late labels come, how long to wait."""
    from streams.profile.report import ProfileRequest  # noqa: PLC0415 - quick `--help`
    from streams.profile.words import text  # noqa: PLC0415

    request = ProfileRequest(path, time.time_ns() // 1_000_000, mapping, labels)
    found = with_bar(request)
    if out is not None:
        found["out"] = [str(file) for file in write(out, found)]
    lines = [text(found), *found.get("out", [])]
    result(found, "\n".join(lines), as_json=as_json)


def with_bar(request: ProfileRequest) -> dict[str, Any]:
    """Profile, showing how far the reading is."""
    from streams.profile.report import profile as look  # noqa: PLC0415 - quick `--help`

    total = request.source().total()
    with bar() as progress:
        task = progress.add_task("reading", total=total, rate="")
        return look(request, lambda done: progress.update(task, completed=done))


def write(out: Path, found: dict[str, Any]) -> list[Path]:
    """Write `profile.html` and `profile.json` into a folder, made if needed."""
    from streams.profile.page import page  # noqa: PLC0415 - quick `--help`

    out.mkdir(parents=True, exist_ok=True)
    files = [out / "profile.html", out / "profile.json"]
    files[0].write_text(page(found), encoding="utf-8")
    files[1].write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    return files
