"""The files that make one port: its contract, its component or model, what dbt's YAML says about it, and its test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.names import CONTRACT_SUFFIX, port_of_contract_file
from bankmesh.scaffolding.dbt_import.jinja_references import rewrite_references
from bankmesh.scaffolding.workspace_changes.change_plan import ChangeRefused, owned_files
from bankmesh.storage.atomic_files import walk_files
from bankmesh.workspace.dbt_project_files import find_dbt_project, project_folders
from bankmesh.workspace.product_consumers import model_files

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract
    from bankmesh.names import PortName
    from bankmesh.scaffolding.dbt_import.jinja_references import ModelReference
    from bankmesh.yaml.node_edits import NodePath


@dataclass(frozen=True)
class ProductFiles:
    """The files of one port.

    Attributes:
        contract: its contract.
        component: the `defs.yaml` of a Polars product, or of a component of another type with `contract`; else None.
        model: the dbt model; None for others.
        data_tests: singular dbt tests of its model.
        test: `tests/test_<product>.py` of the domain; None if there is none.
    """

    contract: Path
    component: Path | None
    model: Path | None
    data_tests: tuple[Path, ...]
    test: Path | None

    @property
    def folder(self) -> Path | None:
        """The folder of the component with its transform; None without a component."""
        return self.component.parent if self.component else None

    def component_files(self) -> list[Path]:
        """Return every file in the folder of the component, which is removed and moved as a whole.

        Raises ChangeRefused if not all of them are its own.
        """
        return owned_files(self.folder.name, self.folder) if self.folder else []


def find_product_files(root: Path, contract: Contract) -> ProductFiles:
    """Return the files of a port. Raises ChangeRefused if its component shares a file or a folder with another one."""
    port, own = contract.port_name, Path(contract.file)
    package = own.parents[1]
    test = package.parents[1] / "tests" / f"test_{port.table}.py"
    return ProductFiles(
        contract=own,
        component=_find_component(package, port),
        model=model_files(root, package).get(port.table),
        data_tests=tuple(_find_data_tests(root, package, port)),
        test=test if test.is_file() and port.product in test.read_text(encoding="utf-8") else None,
    )


def _find_component(package: Path, port: PortName) -> Path | None:
    for file in sorted(package.glob("defs/**/defs.yaml")):
        documents = _documents(file)
        if not any(_builds(document, port) for document in documents):
            continue
        if len(documents) > 1 or len(list(file.parent.rglob("defs.yaml"))) > 1 or file.parent == package / "defs":
            raise ChangeRefused(str(port), f"{file} shares its folder with other components. Edit it by hand.")
        return file
    return None


def _documents(file: Path) -> list[Any]:
    try:
        return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError):
        return []


def _builds(document: Any, port: PortName) -> bool:  # noqa: ANN401 - any YAML value
    attributes = document.get("attributes") if isinstance(document, dict) else None
    return (
        isinstance(attributes, dict)
        and attributes.get("contract") == port.product
        and str(attributes.get("major", 1)) == str(port.major)
    )


def _find_data_tests(root: Path, package: Path, port: PortName) -> list[Path]:
    """Return the singular dbt tests of a port: those that refer to its model, and to that of no other product."""
    others = {
        name.table
        for file in (package / "contracts").glob(f"*{CONTRACT_SUFFIX}")
        if (name := port_of_contract_file(package.name, file.name)) and name != port
    }
    folders = project_folders(find_dbt_project(root, package), package.name, "test-paths")
    files = [file for folder in folders for file in walk_files(folder) if file.suffix == ".sql"]
    read = {file: models_read(file.read_text(encoding="utf-8", errors="replace")) for file in files}
    return sorted(file for file, models in read.items() if port.table in models and not models & others)


def models_read(text: str) -> set[str]:
    """Return the models that a dbt model or test refers to with literal names; a version is part of the name."""
    found: set[str] = set()

    def collect(call: ModelReference) -> None:
        if call.function == "ref" and call.arguments:
            suffix = f"_v{call.version}" if call.version not in {None, 1, "1"} else ""
            found.add(f"{call.arguments[-1]}{suffix}")

    rewrite_references(text, collect)
    return found


def is_about(path: NodePath, value: Any, table: str) -> bool:  # noqa: ANN401 - any YAML value
    """Whether an entry of a dbt YAML file or of a `defs.yaml` is about the model `table` alone."""
    match path:
        case ("models", int()):
            return isinstance(value, dict) and value.get("name") == table and "versions" not in value
        case ("models", int(), "versions", int()):
            return isinstance(value, dict) and value.get("defined_in") == table
        case ("unit_tests", int()):
            return isinstance(value, dict) and value.get("model") == table
        case ("attributes", "repeatable" | "partition_inputs", name):
            return bool(name == table)
    return False
