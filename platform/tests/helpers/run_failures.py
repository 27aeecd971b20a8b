"""Progress of `run_everything` of which only the failures are noted."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Failures:
    """The messages of failed steps, by step."""

    messages: dict[str, str] = field(default_factory=dict)

    def started(self, step: str) -> None: ...
    def finished(self, step: str, notes: dict[str, object]) -> None: ...
    def decided(self, unchanged: object) -> None:
        """Nothing to keep."""

    def failed(self, step: str, message: str) -> None:
        self.messages[step] = message
