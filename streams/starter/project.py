"""The starter project: five files, written together or not at all."""

from __future__ import annotations

import os
import shlex
from importlib.resources import files
from pathlib import Path

from models.features import FEATURES
from producers.source import Source
from schemas.errors import FraudStreamsError
from streams.starter import columns
from streams.starter.guess import guess

_FEATURES = """\
# The features that model.py is shown. Put a # before a line to leave one out; the windows are
# computed all the same. A new feature is one entry in models/feature_catalogue.py.
features:
"""
_RULES = """\
# Your rules: a copy of the baseline to edit. Rules are data, evaluated before any model has
# learned anything, and beside it afterwards; the strongest action of those that fire decides.
#   action: NOTE (a reason only), REVIEW, CHALLENGE or DECLINE
#   mode: shadow   reports a rule without letting it act: the way to try one
#   when:          {feature: NAME, ge: 5}, {field: country, not_in: [BE]}, all, any, not, ratio
#   text:          the reason an analyst reads, with the values in it
# Give your copy a name of its own. What is wrong in it is said with the rule and the field:
#   fraud rules lint rules.yaml
#
"""
_README = """\
# A starting point

| file | what to do with it |
| --- | --- |
| `columns.yaml` | check how your columns became our fields |
| `features.yaml` | choose what the model is shown |
| `rules.yaml` | the baseline's rules, to edit: for a running stream, by `fraud rules apply` |
| `model.py` | a River pipeline as `model:make`, to edit |

Run these in this folder, in this order:

```sh
{commands}
```

`profile/profile.html` says what is odd in the file and how long to wait for labels.
`report/report.html` compares the rules alone, the shipped model and yours, labels arriving when
they would have arrived. `X.parquet` has the same features for a model of any other kind;
`infra/examples/xgboost_on_identical_rows.py` of the project trains XGBoost on them and compares it
with `report/scores.parquet`, on identical rows (`--folds last`: the file's own last four weeks).
"""


class WouldOverwrite(FraudStreamsError):
    """A file of the starter project exists already; nothing was written."""

    code = "WOULD_OVERWRITE"
    advice = "Name an empty folder, or move the files away."


def write(folder: Path, sample: Path | None = None) -> list[Path]:
    """Write the project into `folder`, made if needed; the mapping is guessed from `sample`.

    Raises `WouldOverwrite` before anything is written, `FileInvalid` for an unreadable sample.
    """
    contents = _contents(folder, sample)
    existing = [name for name in contents if (folder / name).exists()]
    if existing:
        raise WouldOverwrite(f"{folder}", expected="none of its files", came=", ".join(existing))
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in contents]


def commands(folder: Path, sample: Path | None) -> list[str]:
    """What to run next, in the folder."""
    if sample is None:
        first, where = ["fraud simulate handbook --out world --days 60"], "world"
    else:
        first, where = [], f"{_relative(sample, folder)} --mapping columns.yaml"
        labels = labels_beside(sample)
        if labels is not None:
            where += f" --labels {_relative(labels, folder)}"
    return [
        *first,
        f"fraud profile {where} --out profile",
        f"fraud replay {where} --models logistic,model:make --out report",
        f"fraud features {where} --out X.parquet",
    ]


def labels_beside(sample: Path) -> Path | None:
    """The file of labels in the folder of `transactions.*`; None where those hold them themselves.

    As `fraud profile FOLDER` would find it.
    """
    if sample.stem != "transactions" or "label" in guess(sample).labels:
        return None
    return Source.open(sample.parent).labels


def _relative(file: Path, folder: Path) -> str:
    return shlex.quote(os.path.relpath(file.resolve(), folder.resolve()))


def features_text() -> str:
    """Every feature with its meaning beside it."""
    lines = [f"  - {one.name}  # {one.meaning}" for one in FEATURES.features]
    return _FEATURES + "\n".join(lines) + "\n"


def _contents(folder: Path, sample: Path | None) -> dict[str, str]:
    found = None if sample is None else guess(sample)
    baseline = files("models").joinpath("rulesets/baseline.yaml").read_text(encoding="utf-8")
    return {
        "columns.yaml": columns.text(found, "" if sample is None else str(sample)),
        "features.yaml": features_text(),
        "rules.yaml": _RULES + baseline.replace("name: baseline", "name: mine"),
        "model.py": Path(__file__).with_name("model.py").read_text(encoding="utf-8"),
        "README.md": _README.format(commands="\n".join(commands(folder, sample))),
    }
