"""The code locations of a workspace, as `workspace.yaml` names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path


def location_modules(root: Path) -> dict[str, str]:
    """Return location → Python module, in the order of `workspace.yaml`."""
    document: dict[str, Any] = yaml.safe_load((root / "workspace.yaml").read_text(encoding="utf-8"))
    modules: dict[str, str] = {}
    for entry in document.get("load_from") or []:
        target = entry.get("python_module")
        if isinstance(target, str):
            modules[target.split(".")[0]] = target
        elif target:
            name = target["module_name"]
            modules[target.get("location_name", name.split(".")[0])] = name
    return modules


def located_domains(root: Path) -> frozenset[str] | None:
    """Return the domains that have a code location; None where an entry is not a Python module."""
    document: dict[str, Any] = yaml.safe_load((root / "workspace.yaml").read_text(encoding="utf-8"))
    modules = location_modules(root)
    if len(modules) < len(document.get("load_from") or []):
        return None
    return frozenset(module.partition(".")[0] for module in modules.values())
