"""The bench of `fraud whatif` fails where a day takes too long."""

from __future__ import annotations

import pytest

from tests.bench import whatif_bench


@pytest.mark.parametrize(("most", "code"), [(30.0, 0), (0.0, 1)])
def test_it_fails_beyond_its_limit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], most: float, code: int
) -> None:
    monkeypatch.setattr(whatif_bench, "MOST_SECONDS", most)
    monkeypatch.setattr(whatif_bench, "CUSTOMERS", 30)
    assert whatif_bench.main(200) == code
    assert "transactions of a day decided twice" in capsys.readouterr().out
