"""Java and Maven: found, refused with what to install, or not needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import JarsNotFetched, ToolMissing
from infra.kafka import jars
from infra.kafka.java import find_java, find_maven, java_version, parse_version


def program(folder: Path, name: str, *lines: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


def java_of(folder: Path, version: str) -> Path:
    return program(folder, "java", f"echo 'openjdk version \"{version}\" 2025-01-01' >&2")


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PATH with nothing but the folder of the test; no JAVA_HOME."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19 LTS', 21),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "22-ea" 2024-03-19', 22),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", None),
    ],
)
def test_the_feature_release_is_read_from_the_banner(banner: str, version: int | None) -> None:
    assert parse_version(banner) == version


def test_no_java_says_what_to_install_on_each_system() -> None:
    with pytest.raises(ToolMissing) as caught:
        find_java()
    message = str(caught.value)
    assert "apt-get install openjdk-17-jdk-headless" in message
    assert "brew install openjdk@17" in message
    assert not caught.value.retriable


def test_an_old_java_is_named_with_its_version(path: Path) -> None:
    java_of(path, "11.0.2")
    with pytest.raises(ToolMissing, match=r"expected 17 or newer, .*java is version 11"):
        find_java()


def test_a_stub_that_finds_no_runtime_is_no_java(path: Path) -> None:
    stub = program(path, "java", "echo 'Unable to locate a Java Runtime.' >&2", "exit 1")
    assert java_version(stub) is None
    with pytest.raises(ToolMissing, match="does not run"):
        find_java()


def test_java_home_goes_before_the_path(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java_of(path, "11.0.2")
    chosen = java_of(tmp_path / "jdk" / "bin", "21.0.1")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert find_java() == chosen


def test_no_maven_says_what_to_install() -> None:
    with pytest.raises(ToolMissing, match=r"apt-get install maven.*brew install maven"):
        find_maven()


def test_jars_that_are_there_need_neither_java_nor_maven(tmp_path: Path) -> None:
    jars.jar_folder(tmp_path).mkdir()
    assert jars.fetch_jars(tmp_path) == jars.jar_folder(tmp_path)


def test_maven_that_fails_is_quoted_and_leaves_nothing_behind(path: Path, tmp_path: Path) -> None:
    java_of(path, "17.0.1")
    program(path, "mvn", "echo 'Could not resolve host'", "exit 7")
    with pytest.raises(JarsNotFetched, match=r"exit 7\):\nCould not resolve host") as caught:
        jars.fetch_jars(tmp_path / "cache")
    assert caught.value.retriable
    assert list((tmp_path / "cache").iterdir()) == []


def test_make_setup_goes_on_without_java_and_says_so_loudly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["jars", str(tmp_path)])
    assert jars.main() == 0
    assert "*** NO KAFKA ON THIS MACHINE ***" in capsys.readouterr().err
