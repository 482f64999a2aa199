"""Every command of these tests runs in an empty folder, far from the project's own broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.running import Fraud


@pytest.fixture
def fraud(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Fraud:
    """Runs `fraud` with arguments in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FRAUD_BOOTSTRAP", raising=False)
    return Fraud(capfd)
