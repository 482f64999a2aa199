"""Kafka's jars: copied once by Maven into a cache folder that any number of brokers share."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.errors import JarsNotFetched, ToolMissing
from infra.kafka.java import find_java, find_maven

POM = Path(__file__).with_name("pom.xml")
FETCH_SECONDS = 600  # 126 MB; a slow line needs minutes, a hanging one must end


def jar_folder(cache: Path) -> Path:
    """Return where the jars of today's pom.xml lie inside ``cache``, fetched or not."""
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    return cache.absolute() / f"lib-{digest}"


def jars_ready(cache: Path) -> bool:
    """Tell whether the jars are there; the folder gets its name only when it is complete."""
    return jar_folder(cache).is_dir()


def fetch_jars(cache: Path) -> Path:
    """Return the folder with Kafka's jars, fetching them first if need be (10 to 60 s).

    Several processes may do this at once: each fills a folder of its own, one rename wins.
    Raises ToolMissing without Java or Maven, JarsNotFetched if Maven fails.
    """
    target = jar_folder(cache)
    if target.is_dir():
        return target
    find_java()  # Maven would fail without it, saying less
    maven = find_maven()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetching-") as folder:
        _copy_dependencies(maven, Path(folder) / "lib")
        _publish(Path(folder) / "lib", target)
    return target


def _copy_dependencies(maven: Path, into: Path) -> None:
    argv = [str(maven), "-q", "-B", "-f", str(POM), "dependency:copy-dependencies"]
    argv += ["-DincludeScope=runtime", f"-DoutputDirectory={into.absolute()}"]
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=FETCH_SECONDS,
        )
    except subprocess.TimeoutExpired as late:
        raise JarsNotFetched(-1, f"nothing for {FETCH_SECONDS} s") from late
    if done.returncode != 0 or not list(into.glob("kafka_2.13-*.jar")):
        raise JarsNotFetched(done.returncode, done.stdout[-2000:])


def _publish(fetched: Path, target: Path) -> None:
    """Give the complete folder its name; a fetch that ran beside ours may have done it already."""
    try:
        fetched.replace(target)
    except OSError:
        if not target.is_dir():
            raise
        shutil.rmtree(fetched)


def main() -> int:
    """Fetch the jars into the folder named on the command line; `make setup` calls this.

    Without Java or Maven it says what would be gained and succeeds: all but the broker works.
    """
    try:
        fetch_jars(Path(sys.argv[1]))
    except ToolMissing as missing:
        print(f"*** NO KAFKA ON THIS MACHINE ***\n{missing}", file=sys.stderr)
    except JarsNotFetched as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
