"""`make bench` starts every bench, with a folder where its docstring asks for one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BENCHES = {path.stem: path for path in sorted((ROOT / "tests/bench").glob("*_bench.py"))}
FAKE = """#!/bin/sh
echo "$@" >> {log}
for word in "$@"; do test ! -d "$word" || touch "$word/kept"; done
test "$2" != tests.bench.broken_bench
"""


def made(folder: Path, *words: str) -> list[list[str]]:
    """What `make bench` hands to the interpreter, run by run."""
    if shutil.which("make") is None:
        pytest.skip("no make")
    fake, log = folder / "python", folder / "log"
    fake.write_text(FAKE.format(log=log))
    fake.chmod(0o755)
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "-s", "-o", "setup", "bench", f"BIN={folder}", "PYTHON=none", "ARGS="]
    subprocess.run([*command, *words], cwd=ROOT, env=alone, check=True, capture_output=True)
    return [line.split() for line in log.read_text().splitlines()]


def needs_folder(path: Path) -> bool:
    return re.search(rf"tests\.bench\.{path.stem} FOLDER", path.read_text()) is not None


def test_each_is_started_with_what_it_needs(tmp_path: Path) -> None:
    runs = made(tmp_path)
    assert [run[:2] for run in runs] == [["-m", f"tests.bench.{name}"] for name in BENCHES]
    given = {name: run[2:] for name, run in zip(BENCHES, runs, strict=True)}
    assert {name for name, words in given.items() if words} == {
        name for name, path in BENCHES.items() if needs_folder(path)
    }
    (shared,) = {tuple(words) for words in given.values() if words}
    assert not Path(shared[0]).exists(), "a folder of its own is left behind"


def test_a_folder_that_was_named_is_kept(tmp_path: Path) -> None:
    worlds = tmp_path / "worlds"
    worlds.mkdir()
    runs = made(tmp_path, f"WORLDS={worlds}", "BENCHES=poisoning_bench", "ARGS=--write")
    assert runs == [["-m", "tests.bench.poisoning_bench", str(worlds), "--write"]]
    assert (worlds / "kept").exists()


def test_one_that_fails_is_named_and_holds_up_no_other(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as found:
        made(tmp_path, "BENCHES=broken_bench core_bench")
    assert found.value.stderr.startswith(b"failed: broken_bench\n")
    assert len((tmp_path / "log").read_text().splitlines()) == 2
