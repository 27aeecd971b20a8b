"""The classes of an input's columns, as they were when its pinned version was published or landed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification
from bankmesh.ports import kept_contract
from bankmesh.sources import COMPLETE_THROUGH
from bankmesh.yaml import documents

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bankmesh.ports import Port, Publication
    from bankmesh.sources import Landing

_BY_LABEL = {found.label: found for found in Classification}


def landed_classes(landing: Landing) -> Mapping[str, Classification]:
    """Return column → class of a landing, from its source declaration at the time of landing."""
    found = {column.name: _class(column.classification) for column in landing.columns}
    return {**found, COMPLETE_THROUGH: Classification.INTERNAL}


def published_classes(port: Port, published: Publication) -> Mapping[str, Classification] | None:
    """Return column → class under the contract that a version was published under; None where that was not kept."""
    digest = published.provenance.contract_digest
    kept = kept_contract(port, digest) if digest else None
    return classes_of_contract(kept) if kept else None


@lru_cache(maxsize=256)
def classes_of_contract(file: Path) -> Mapping[str, Classification] | None:
    """Return column → class of a contract's text. Only names and classes are read, so later rules do not matter."""
    document, faults = documents.parse(str(file), file.read_text(encoding="utf-8"))
    try:
        columns = [] if faults else document.data["schema"][0]["properties"]
        return {column["name"]: _class(column.get("classification")) for column in columns} or None
    except (AttributeError, IndexError, KeyError, TypeError):
        return None


def _class(label: object) -> Classification:
    """Return the class of a label; an unknown label counts as the highest class."""
    return _BY_LABEL.get(str(label), Classification.RESTRICTED)
