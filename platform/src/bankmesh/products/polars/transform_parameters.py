"""Parameters of a Polars transform: exactly its inputs, and `partitions` for a partitioned product."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class TransformNotUsable(BankmeshError):
    """A `defs.yaml` names a transform that does not exist or does not take the declared inputs."""

    def __init__(self, file: Path, problem: str) -> None:
        self.file, self.problem = file, problem
        super().__init__(f"{file}: {problem}")


def check_parameters(function: Callable[..., object], inputs: set[str], file: Path, *, partitioned: bool) -> None:
    """Check that the function's parameters are its inputs (and `partitions`) exactly; raises TransformNotUsable."""
    wanted = inputs | ({"partitions"} if partitioned else set())
    taken = set(inspect.signature(function).parameters)
    if taken != wanted:
        given = ", ".join(sorted(wanted)) or "nothing"
        name = getattr(function, "__name__", "the transform")
        raise TransformNotUsable(file, f"{name} takes {', '.join(sorted(taken))}, but its defs.yaml gives {given}")
