"""The hand-written dbt files of one domain, by resource type, and the code in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bankmesh.products.dbt.jinja_calls import (
    CodeUnreadable,
    ParsedCode,
    read_jinja,
    read_macro_file,
    read_python,
    read_yaml_calls,
)
from bankmesh.storage.atomic_files import walk_files
from bankmesh.yaml.documents import decode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bankmesh.workspace.dbt_project_files import DbtProjectPlace

_YAML = frozenset({".yml", ".yaml"})


@dataclass(frozen=True)
class DbtFiles:
    """The files of one domain's dbt project, without generated files and those of packages."""

    place: DbtProjectPlace

    @cached_property
    def models(self) -> tuple[Path, ...]:
        """Models in SQL and Python."""
        return tuple(file for file in self._below("model-paths") if file.suffix in {".sql", ".py"})

    @cached_property
    def macros(self) -> tuple[Path, ...]:
        """Files of macros and of generic tests."""
        tests = (file for file in self._below("test-paths") if "generic" in file.parts)
        return tuple(file for file in (*self._below("macro-paths"), *tests) if file.suffix == ".sql")

    @cached_property
    def tests(self) -> tuple[Path, ...]:
        """Singular data tests."""
        files = self._below("test-paths")
        return tuple(file for file in files if file.suffix == ".sql" and "generic" not in file.parts)

    @cached_property
    def yaml(self) -> tuple[Path, ...]:
        """YAML beside models, macros and tests."""
        keys = ("model-paths", "macro-paths", "test-paths")
        return tuple(file for key in keys for file in self._below(key) if file.suffix in _YAML)

    def of_kind(self, key: str) -> tuple[Path, ...]:
        """Return every file below the folders of a key such as `seed-paths`."""
        return tuple(self._below(key))

    def csv(self) -> tuple[Path, ...]:
        """Return data files beside models or in folders of seeds."""
        keys = ("model-paths", "seed-paths")
        return tuple(file for key in keys for file in self._below(key) if file.suffix == ".csv")

    def readable(self) -> Iterator[tuple[Path, ParsedCode]]:
        """Yield each file with the code in it; unreadable files are left out."""
        for file in (*self.models, *self.macros, *self.tests, *self.yaml):
            try:
                yield file, self.code(file)
            except CodeUnreadable:
                continue

    def code(self, file: Path) -> ParsedCode:
        """Return the code in one file. Raises CodeUnreadable, with the line in the file."""
        text = decode(str(file), file.read_bytes())[0]
        if file.suffix in _YAML:
            return read_yaml_calls(text)
        if file.suffix == ".py":
            return read_python(text)
        return read_macro_file(text) if file in self.macros else read_jinja(text)

    def _below(self, key: str) -> list[Path]:
        generated = (self.place.generated_sources, self.place.generated_macros)
        found = {file for folder in self.place.folders(key) for file in walk_files(folder)}
        return sorted(file for file in found if not any(file.is_relative_to(folder) for folder in generated))
