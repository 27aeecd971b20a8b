"""Marquez's API as it is published: from a folder that one names, else from Maven Central, kept for the next time."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

FOLDER = "BANKMESH_MARQUEZ_JARS"
"""A folder with the jar of Marquez's API and all that it needs; nothing is downloaded then."""
VERSION = os.environ.get("BANKMESH_MARQUEZ_VERSION", "0.51.1")
ARTEFACT = f"io.github.marquezproject:marquez-api:{VERSION}"
MAIN_CLASS = "marquez.MarquezApp"

_SUMS = "SHA256SUMS"
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>bankmesh</groupId><artifactId>marquez-for-tests</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>{group}</groupId><artifactId>{artefact}</artifactId><version>{version}</version>
    </dependency>
  </dependencies>
</project>
"""


class NoMarquezError(Exception):
    """There is no Marquez to test against; the text says what to do."""


def class_path() -> str:
    """What `java -cp` wants. Raises NoMarquezError where there is no Marquez, or its files are not as they were."""
    named = os.environ.get(FOLDER)
    folder = Path(named) if named else _kept()
    if not list(folder.glob("*.jar")):
        raise NoMarquezError(f"{folder}, named by {FOLDER}, holds no jar.")
    _verify(folder)
    return f"{folder}/*"


def _kept() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "bankmesh" / "marquez" / VERSION
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            _download(Path(scratch))
            _note_sums(Path(scratch) / "jars")
            # Whole or not at all: a download that was broken off is begun again.
            (Path(scratch) / "jars").rename(folder)
    return folder


def _download(scratch: Path) -> None:
    """Have Maven, set up as the machine has it, fetch the artefact with all that it needs to run."""
    maven = shutil.which("mvn")
    if maven is None:
        raise NoMarquezError(f"Maven is needed to get {ARTEFACT} (Debian: apt install maven), or {FOLDER}.")
    group, artefact, version = ARTEFACT.split(":")
    (scratch / "pom.xml").write_text(_POM.format(group=group, artefact=artefact, version=version), encoding="utf-8")
    # Checksums that do not match what the repository says fail the download instead of warning.
    command = [
        maven,
        "--batch-mode",
        "--strict-checksums",
        "--update-snapshots",
        _PLUGIN,
        "-DincludeScope=runtime",
        "-DoutputDirectory=jars",
    ]
    run = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False, timeout=900)
    if run.returncode != 0:
        errors = [line for line in run.stdout.splitlines() if line.startswith("[ERROR]")]
        raise NoMarquezError(
            f"Maven did not get {ARTEFACT}: {' '.join(errors[:2]) or run.stderr.strip()[-500:]}\n"
            f"Where Maven Central does not serve it, put its jars into a folder and name that in {FOLDER}."
        )


def _sums(folder: Path) -> dict[str, str]:
    return {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in sorted(folder.glob("*.jar"))}


def _note_sums(folder: Path) -> None:
    text = "".join(f"{digest}  {name}\n" for name, digest in _sums(folder).items())
    (folder / _SUMS).write_text(text, encoding="utf-8")


def _verify(folder: Path) -> None:
    noted = folder / _SUMS
    if not noted.exists():
        return
    lines = (line.split(maxsplit=1) for line in noted.read_text(encoding="utf-8").splitlines())
    expected = {name.lstrip("*"): digest for digest, name in lines}
    if expected != _sums(folder):
        raise NoMarquezError(f"Files in {folder} are not those of its {_SUMS}. Remove the folder to get them anew.")
