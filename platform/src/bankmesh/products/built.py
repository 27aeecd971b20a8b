"""What a build says of itself beside the files that it wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bankmesh.lineage.facts import CodeFacts
    from bankmesh.lineage.model import StepLineage


@dataclass(frozen=True)
class Built:
    """Where each column comes from, by the names that the build gives its inputs, and the code that did it."""

    lineage: StepLineage
    code: CodeFacts | None = None
