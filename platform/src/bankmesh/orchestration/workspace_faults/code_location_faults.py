"""Faults of the code locations in `workspace.yaml`: a module is missing, does not load, or lacks a promised product."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from bankmesh.errors import Fault, FaultsFound, root_cause
from bankmesh.orchestration.code_locations import LocationNotLoaded, load_location
from bankmesh.products.inputs.loaded_inputs import find_hidden_cycles
from bankmesh.products.unimplemented_contracts import find_unimplemented
from bankmesh.workspace.location_modules import location_modules

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.products.unimplemented_contracts import UnimplementedContract

NOT_LOADED = "location-not-loaded"
UNIMPLEMENTED = "contract-without-transform"


@dataclass(frozen=True)
class LocationEntry:
    """A code location as `workspace.yaml` names it; `line` is that of its module."""

    name: str
    module: str
    file: Path
    line: int

    @property
    def package(self) -> str:
        """The top package of its module, which names a domain."""
        return self.module.partition(".")[0]


def read_locations(root: Path) -> tuple[list[LocationEntry], list[Fault]]:
    """Return the code locations, and the faults of those that cannot be found: `yaml-syntax`, `unknown-module`."""
    file = root / "workspace.yaml"
    text = file.read_text(encoding="utf-8")
    try:
        modules = location_modules(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it cannot be read"
        return [], [Fault(str(file), mark.line + 1 if mark else 0, "yaml-syntax", f"not valid YAML: {problem}")]
    except (AttributeError, KeyError, TypeError):
        message = "write load_from, a list of python_module entries with module_name and location_name"
        return [], [Fault(str(file), 0, "workspace-file", message)]
    entries = [LocationEntry(name, module, file, _line(text, module)) for name, module in modules.items()]
    missing = [
        Fault(str(file), entry.line, "unknown-module", f"there is no Python module {entry.module}; install its package")
        for entry in entries
        if not _is_there(entry.module)
    ]
    return [entry for entry in entries if entry.line not in {fault.line for fault in missing}], missing


def _line(text: str, words: str) -> int:
    return next((number for number, line in enumerate(text.splitlines(), 1) if words in line), 0)


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
    except Exception:  # noqa: BLE001 - a package that raises exists; loading it reports why
        return True


def location_faults(
    entry: LocationEntry, faulty: Collection[str], contracts: Iterable[Contract], loaded: list[ProductDefinition]
) -> Iterator[Fault]:
    """Yield why a location does not load; if it does, cycles that only its code shows, and contracts without transform.

    The location's products are added to `loaded`, which has those of the locations before it. `faulty` are packages
    with faults that are known already: what their location raises then is most likely the same.
    """
    import dagster as dg

    try:
        location = load_location(entry.name, entry.module)
        dg.Definitions.validate_loadable(location.definitions)
        loaded += location.products.values()
        yield from find_hidden_cycles(entry.file.parent, loaded).faults
        made = {key.to_user_string() for key in location.definitions.resolve_asset_graph().materializable_asset_keys}
        for missing in find_unimplemented(entry.file.parent, contracts, {entry.package}, made).values():
            yield _unimplemented(missing)
    except LocationNotLoaded as error:
        found = _faults_in(error)
        yield from found
        if not found and entry.package not in faulty:
            yield _not_loaded(entry, error.__cause__ or error)
    except Exception as error:  # noqa: BLE001 - whatever it is, Dagster would not load the location either
        if entry.package not in faulty:
            yield _not_loaded(entry, error)


def _unimplemented(missing: UnimplementedContract) -> Fault:
    contract = missing.contract
    return Fault(contract.file, _line(contract.text, "status:"), UNIMPLEMENTED, str(missing))


def _not_loaded(entry: LocationEntry, error: BaseException) -> Fault:
    reason = " ".join(root_cause(error).split())
    return Fault(str(entry.file), entry.line, NOT_LOADED, f"the code location {entry.name} does not load: {reason}")


def _faults_in(error: BaseException) -> tuple[Fault, ...]:
    """Return the faults with file and line that an error carries, or one of those that it comes from."""
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in seen:
        if isinstance(at, FaultsFound):
            return at.faults
        seen.append(at)
        at = at.__cause__ or at.__context__
    return ()
