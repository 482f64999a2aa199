"""Your own XGBoost and the stream's models, on identical rows.

```sh
fraud features world --out X.parquet
fraud replay world --protocol handbook --models logistic --out report
pip install xgboost-cpu        # or: pip install -e '.[examples]'
python infra/examples/xgboost_on_identical_rows.py X.parquet --scores report/scores.parquet
```

`X.parquet` has each transaction's features as the stream knew them at that moment, and when its
label was observed. For each fold of the Fraud Detection Handbook's protocol XGBoost is fitted anew
on the labels observed before the fold's assessed week begins: on all of them, or (`--history week`)
on the fold's training week alone. It then scores the week, and the protocol's metrics are computed
by the same code and on the same rows as for the scores of `fraud replay`. Choose settings on
`--folds valid`; `test` is for the report. These weeks lie in the Handbook's summer of 2018: for a
file of your own `--folds last` takes its last four weeks.

Without XGBoost, `--engine sklearn` fits scikit-learn's HistGradientBoosting instead.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.protocol import FOLDS, METRICS, WEEK_MS, Assessment, Fold, assess, summary
from models.replay_history import DAY_MS, Recorded

Scores = NDArray[np.float64]
LAST = "last"
ABOUT = (
    "transaction_id", "card_id", "terminal_id", "event_time", "amount_minor", "label",
    "label_observed_at",
)  # fmt: skip


class Rows:
    """The feature table: `inputs` with NaN for missing, and what the protocol asks for.

    Rows without a label are never learned from and never judged.
    """

    def __init__(self, table: pl.DataFrame) -> None:
        names = [name for name in table.columns if name not in ABOUT]
        self.inputs = table.select(pl.col(names).cast(pl.Float32)).to_numpy()
        self.ids = table["transaction_id"]
        self.observed_at = table["label_observed_at"].fill_null(2**62).to_numpy()
        self.recorded = Recorded(
            event_time=table["event_time"].to_numpy(),
            card=table["card_id"].rank("dense").to_numpy().astype(np.int64),
            amount=table["amount_minor"].to_numpy(),
            truth=table["label"].cast(pl.Int8).fill_null(-1).to_numpy(),
            rules=np.zeros(len(table)),
        )

    def known(self, fold: Fold, history: str) -> NDArray[np.bool_]:
        """The rows whose label was observed before the fold's assessed week begins."""
        found = (self.recorded.truth >= 0) & (self.observed_at <= fold.assessed.start)
        if history == "week":
            time = self.recorded.event_time
            found &= (time >= fold.train.start) & (time < fold.train.end)
        return found

    def week(self, fold: Fold) -> NDArray[np.bool_]:
        """The rows of the assessed week."""
        time = self.recorded.event_time
        return (time >= fold.assessed.start) & (time < fold.assessed.end)


def classifier(engine: str, rounds: int, seed: int) -> Any:
    """Your model; change it as you like: it needs `fit` and `predict_proba`, and must take NaN."""
    if engine == "xgboost":
        return extra("xgboost", "xgboost-cpu").XGBClassifier(
            n_estimators=rounds, max_depth=6, learning_rate=0.1, min_child_weight=5,
            subsample=0.8, colsample_bytree=0.8, tree_method="hist", random_state=seed,
        )  # fmt: skip
    return extra("sklearn.ensemble", "scikit-learn").HistGradientBoostingClassifier(
        max_iter=rounds,
        learning_rate=0.1,
        max_leaf_nodes=31,
        early_stopping=False,
        random_state=seed,
    )


def extra(module: str, package: str) -> Any:
    """A module that the project itself does not need; says how to get it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise SystemExit(f"{error}: pip install {package}, or choose another --engine") from None


def refitted(rows: Rows, folds: Sequence[Fold], arguments: argparse.Namespace) -> Scores:
    """A score a row of the assessed weeks, NaN elsewhere; weeks do not overlap."""
    scores = np.full(len(rows.ids), np.nan)
    for fold in folds:
        known, week = rows.known(fold, arguments.history), rows.week(fold)
        truth = rows.recorded.truth[known] == 1
        if not week.any() or truth.all() or not truth.any():
            continue  # nothing to judge, or one class alone: the protocol reports null
        columns = varied(rows.inputs[known])
        model = classifier(arguments.engine, arguments.rounds, arguments.seed)
        model.fit(rows.inputs[known][:, columns], truth)
        scores[week] = model.predict_proba(rows.inputs[week][:, columns])[:, 1]
    return scores


def varied(inputs: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The columns with at least two values; scikit-learn cannot bin the others.

    >>> varied(np.array([[1, 2, np.nan], [1, 3, np.nan]], dtype=np.float32)).tolist()
    [False, True, False]
    """
    missing = np.isnan(inputs)
    most = np.where(missing, -np.inf, inputs).max(axis=0)
    found: NDArray[np.bool_] = most > np.where(missing, np.inf, inputs).min(axis=0)
    return found


def of_stream(rows: Rows, scores: Path) -> Iterator[tuple[str, Scores]]:
    """The scores of `fraud replay --out`, put in the order of the rows; the same rows or an error.

    The rules' score and each model's are the file's last columns.
    """
    theirs = pl.read_parquet(scores)
    joined = rows.ids.to_frame().join(
        theirs, on="transaction_id", how="left", maintain_order="left", validate="1:1"
    )
    if len(theirs) != len(joined) or joined["event_time"].null_count():
        raise SystemExit(
            f"{scores}: {len(theirs)} transactions are not the {len(joined)} of the features: "
            "make both from the same file"
        )
    for name in theirs.columns[theirs.columns.index("rules") :]:
        yield name, joined[name].fill_null(float("nan")).to_numpy()


def weeks(rows: Rows, folds: str) -> Sequence[Fold]:
    """The protocol's folds, or for `last` those that assess the file's last four weeks."""
    if folds != LAST or not len(rows.ids):
        return FOLDS.get(folds, ())
    end = (int(rows.recorded.event_time.max()) // DAY_MS + 1) * DAY_MS
    return [Fold(end - (3 + back) * WEEK_MS) for back in range(4)]


def compared(arguments: argparse.Namespace) -> dict[str, Any]:
    """Every model's means, deviations and folds, by its name."""
    rows = Rows(pl.read_parquet(arguments.features))
    folds = weeks(rows, arguments.folds)
    theirs = {} if arguments.scores is None else dict(of_stream(rows, arguments.scores))
    own = refitted(rows, folds, arguments)
    scores = {f"{arguments.engine}, refitted weekly": own, **theirs}
    return {name: summary(_assessed(rows, found, folds)) for name, found in scores.items()}


def _assessed(rows: Rows, scores: Scores, folds: Sequence[Fold]) -> list[Assessment]:
    return [assess(rows.recorded, scores, fold) for fold in folds]


def text(found: dict[str, Any]) -> str:
    """A line a model, and what to do where no row was judged."""
    lines = [f"{'':>26}  {'AUC ROC':>13}  {'AP':>13}  {'CP@100':>13}  rows judged"]
    for name, one in found.items():
        cells = [
            "-".rjust(13)
            if one["mean"][metric] is None
            else f"{one['mean'][metric]:.4f} ±{one['std'][metric]:.4f}".rjust(13)
            for metric in METRICS
        ]
        judged = sum(fold["transactions"] for fold in one["folds"])
        lines.append(f"{name:>26}  {'  '.join(cells)}  {judged:,}")
    if not any(fold["transactions"] for one in found.values() for fold in one["folds"]):
        lines.append("no row to judge in these weeks: --folds last takes the file's own last four")
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> None:
    """Compare, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("features", type=Path, help="the file of fraud features")
    parser.add_argument("--scores", type=Path, help="scores.parquet of fraud replay --out")
    parser.add_argument("--folds", choices=sorted([*FOLDS, LAST]), default="test")
    parser.add_argument("--history", choices=("all", "week"), default="all")
    parser.add_argument("--engine", choices=("xgboost", "sklearn"), default="xgboost")
    parser.add_argument("--rounds", type=int, default=200, help="trees")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(words)
    for file in (arguments.features, arguments.scores):
        if file is not None and not file.is_file():
            parser.error(f"{file}: expected a Parquet file, found none; `fraud features` makes it")
    found = compared(arguments)
    print(json.dumps(found) if arguments.json else text(found))


if __name__ == "__main__":
    main()
