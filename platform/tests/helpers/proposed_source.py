"""Proposes a declaration for a file, writes it, and lands the file by it."""

from dataclasses import dataclass

import polars as pl

from bankmesh.scaffolding.source_proposals.source_proposal import ProposalOptions
from bankmesh.scaffolding.source_scaffold import NewSource, SourcePlan, land_source, plan_source, write_source
from bankmesh.settings import Settings
from bankmesh.sources import Landing


@dataclass(frozen=True)
class Proposed:
    """A proposed declaration, and what landed by it."""

    plan: SourcePlan
    landing: Landing

    @property
    def keys(self) -> dict[str, dict[str, object]]:
        """The keys of each column, by its name in the file."""
        return {column.header: dict(column.keys) for column in self.plan.proposal.columns}

    @property
    def rows(self) -> list[dict[str, object]]:
        """The landed rows, by name of column."""
        return pl.read_parquet(self.landing.rows_paths).to_dicts()

    @property
    def rejects(self) -> list[tuple[int, str]]:
        """Line and reason of each reject."""
        if not self.landing.rejects:
            return []
        return pl.read_parquet(self.landing.rejects_paths).select("line", "reason").rows()

    @property
    def questions(self) -> list[str]:
        """All questions."""
        proposal = self.plan.proposal
        return [*proposal.questions, *(each for column in proposal.columns for each in column.questions)]


def write_empty_workspace(folder, domain="shop"):
    """The settings of a new workspace with one domain, that has nothing."""
    root = folder / "bank"
    package = root / "domains" / domain / "src" / domain
    package.mkdir(parents=True)
    for name in ("definitions.py", "__init__.py"):
        (package / name).touch()
    (root / "workspace.yaml").write_text("load_from: []\n", encoding="utf-8")
    return Settings(root=root, home=root / ".mesh", exports=folder / "exports")


class Scaffold:
    """`scaffold({"items.json": b"..."}, rows="$[*]")` proposes for files in one folder, and lands them."""

    def __init__(self, folder):
        self._home = write_empty_workspace(folder)
        self._folder, self._systems = folder, 0
        self.root = self._home.root

    def plan(self, files, **options):
        """Only propose."""
        self._systems += 1
        folder = self._folder / f"host_{'abcdefghij'[self._systems % 10]}{self._systems}"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return plan_source(self._home, NewSource("shop", sorted(folder.iterdir())), ProposalOptions(**options))

    def __call__(self, files, **options):
        """Propose, write and land."""
        plan = self.plan(files, **options)
        write_source(plan)
        return Proposed(plan, land_source(self._home, plan))
