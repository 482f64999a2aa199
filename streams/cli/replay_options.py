"""The options of `fraud replay`, with what each means; the command itself reads as a list."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

Source = Annotated[
    str,
    typer.Argument(
        metavar="PATH",
        help="A CSV or Parquet file, a folder with both, or `kafka:` for the topics of a broker.",
    ),
]
Protocol = Annotated[
    Literal["handbook", "plain"],
    typer.Option(help="The Handbook's folds, or the whole file and by week."),
]
Folds = Annotated[
    Literal["test", "valid"],
    typer.Option(help="Of the Handbook: settings are chosen on valid, test reports."),
]
Models = Annotated[
    str, typer.Option(help="Names, or module:factory; commas between; all: the whole portfolio.")
]
RulesOnly = Annotated[bool, typer.Option("--rules-only", help="No model at all.")]
Maturity = Annotated[
    float, typer.Option(min=0, help="Unlabelled for so long is presumed legitimate.")
]
RowsKept = Annotated[
    int,
    typer.Option(min=1, help="Rows held for verdicts to come; a million are 380 MB."),
]
Alerts = Annotated[int, typer.Option(min=1, help="Transactions a day that analysts can look at.")]
FeedbackPerDay = Annotated[
    int, typer.Option(min=0, help="Highest scores of a day labelled the next day; 0: none.")
]
Feedback = Annotated[
    Literal["separate", "live", "pooled", "none"],
    typer.Option(help="Two models, of feedback and of late labels or all, averaged; one; unused."),
]
PublishEvery = Annotated[
    int, typer.Option(min=1, help="Outcomes between two publications of a model.")
]
Seed = Annotated[int, typer.Option(help="Of the models.")]
Processes = Annotated[
    int,
    typer.Option(
        min=0, show_default="one a core",
        help="Beside this one, at most, in which models learn and score; 0: all in this one.",
    ),
]  # fmt: skip
Since = Annotated[
    datetime | None, typer.Option("--from", help="Of the topics: arrived at or after it, UTC.")
]
Until = Annotated[
    datetime | None, typer.Option("--to", help="Of the topics: arrived before it, UTC.")
]
Out = Annotated[
    Path | None, typer.Option(file_okay=False, help="Folder for an HTML report and Parquet.")
]
Track = Annotated[
    str | None,
    typer.Option(
        envvar="FRAUD_TRACK",
        metavar="STORE",
        help="Where the run goes on record for MLflow: a folder, a file, sqlite:///FILE, or off. "
        "Default: .fraud/runs.db if the extra `tracking` is installed.",
    ),
]
