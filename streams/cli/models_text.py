"""What `fraud models` prints without `--json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHOWN = 10


def table(found: Mapping[str, Any]) -> str:
    """The versions, one a line, a star before the one in force."""
    head = f"in force: {found['in_force'] or 'rules alone'}"
    if found["in_force"]:
        head += f", threshold {found['threshold']:.4g}"
    if found["reason"]:
        head += f" ({found['reason']})"
    refs = [f"{one['name']}@{one['version']}" for one in found["versions"]]
    width = max(map(len, refs), default=0)
    lines = [
        f"{'*' if one['in_force'] else ' '} {ref:{width}}  learned {one['learned']:>9,}  "
        f"AP {number(one['average_precision'])}  AUC {number(one['auc_roc'])}  "
        f"{one['published']}  parent {'-' if one['parent'] is None else one['parent']}"
        for ref, one in zip(refs, found["versions"], strict=True)
    ]
    return "\n".join([head, *lines] if lines else [head, "no model published yet"])


def described(found: Mapping[str, Any]) -> str:
    """A version, a fact a line, its largest weights."""
    held = found["contents"]
    flat = {k: v for k, v in {**found, **held}.items() if not isinstance(v, dict | list)}
    members = [
        f"{one['name']}@{one['version']}" for one in held.get("members", ()) if "name" in one
    ]
    flat |= {"members": ", ".join(members)} if members else {}
    lines = [f"{name:18} {plain(value)}" for name, value in flat.items()]
    lines += ["metrics", *(f"  {name:38} {plain(v)}" for name, v in found["metrics"].items())]
    for name, value in held.items():
        if isinstance(value, dict):
            largest = sorted(value.items(), key=lambda item: -abs(item[1]))[:SHOWN]
            lines += [f"{name} (largest {len(largest)} of {len(value)})"]
            lines += [f"  {key:38} {plain(weight)}" for key, weight in largest]
    return "\n".join(lines)


def compared(found: Mapping[str, Any]) -> str:
    """A difference, a number a line: all metrics that changed, and the largest other changes."""
    same = "the same weights" if found["same"] else "other weights"
    lines = [f"{found['one']} -> {found['other']}: {same}"]
    metrics = {name: row for name, row in sorted(found["metrics"].items()) if row[2] != 0}
    for part, rows in {"metrics": metrics, **found["contents"]}.items():
        if isinstance(rows, dict) and not rows:
            continue
        if isinstance(rows, dict):
            shown = [*rows.items()] if part == "metrics" else [*rows.items()][:SHOWN]
            lines += [part, *(f"  {name:38} {change(*row)}" for name, row in shown)]
        elif part == "form":
            lines.append(f"{part:18} {rows if isinstance(rows, str) else ' -> '.join(rows)}")
        else:
            lines.append(f"{part:18} {change(*rows)}")
    return "\n".join(lines)


def change(one: float | None, other: float | None, by: float | None) -> str:
    """A number's change."""
    moved = "" if by is None else f" ({by:+.4g})"
    return f"{plain(one)} -> {plain(other)}{moved}"


def plain(value: object) -> str:
    """A number to six digits, anything else as it is, a dash for nothing."""
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def number(value: float | None) -> str:
    """A measure, or a dash where it is not known yet."""
    return "    -" if value is None else f"{value:.3f}"
