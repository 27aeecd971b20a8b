"""Names of landings: every way in which users write them, over all domains.

| written | names |
| --- | --- |
| `core_banking.trans` | system and object, if one domain lands it |
| `retail.core_banking.trans` | with the domain |
| `retail.landing.core_banking_trans` | as Dagster does |
| `retail.landing.core_banking.trans` | as lineage does |

A `/` between parts is read as a dot. A product of the same name comes first.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError, SourceFaults, UnknownName
from bankmesh.names import landing_asset, readable_asset
from bankmesh.sources.declarations.declaration_reader import read_system, read_systems
from bankmesh.workspace.domain_folders import domain_packages

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path


class AmbiguousLanding(BankmeshError):
    """Several landings have that name."""

    is_wrong_call = True

    def __init__(self, text: str, found: Iterable[LandingName]) -> None:
        landings = sorted(found)
        times = Counter(landing.full for landing in landings)
        names = " or ".join(each.full if times[each.full] == 1 else each.with_domain for each in landings)
        super().__init__(f"Several landings are called {text}. Name one of them: {names}.")


@dataclass(frozen=True, order=True)
class LandingName:
    """A declared legacy object of a domain, by which its landing is named."""

    domain: str
    system: str
    object: str

    @property
    def asset(self) -> str:
        """The asset key as one text."""
        return landing_asset(self.domain, self.system, self.object)

    @property
    def full(self) -> str:
        """The name that commands print: `retail.landing.core_banking_trans`."""
        return readable_asset(self.asset)

    @property
    def short(self) -> str:
        """System and object, as transforms name the landing: `core_banking.trans`."""
        return f"{self.system}.{self.object}"

    @property
    def with_domain(self) -> str:
        """Domain, system and object, a name that no other landing has: `retail.core_banking.trans`."""
        return f"{self.domain}.{self.short}"

    @property
    def spellings(self) -> frozenset[str]:
        """All names that commands accept."""
        return frozenset({self.full, f"{self.domain}.landing.{self.short}", self.with_domain, self.short})


def declaration_file(root: Path, landing: LandingName) -> Path:
    """Return the file that declares a landing, which has the name of its system."""
    return root / "domains" / landing.domain / "src" / landing.domain / "sources" / f"{landing.system}.yaml"


def declared_landings(root: Path) -> list[LandingName]:
    """Return the landings of all domains, sorted, without those of a declaration that cannot be read."""
    found: list[LandingName] = []
    for package in domain_packages(root):
        for file in sorted((package / "sources").glob("*.yaml")):
            with suppress(SourceFaults):  # of this file alone; the domain's own commands report them
                system = read_system(file)
                found += [LandingName(package.name, system.name, item.name) for item in system.objects]
    return sorted(found)


def matching_landings(landings: Iterable[LandingName], text: str) -> list[LandingName]:
    """Return the landings that a name may mean: several, if domains land objects of one system and name."""
    name = text.replace("/", ".")
    return [landing for landing in landings if name in landing.spellings]


def find_landing(landings: Iterable[LandingName], text: str) -> LandingName | None:
    """Return the landing of that name, None if there is none. Raises AmbiguousLanding."""
    found = matching_landings(landings, text)
    if len(found) > 1:
        raise AmbiguousLanding(text, found)
    return found[0] if found else None


def brief_names(landings: Sequence[LandingName]) -> list[str]:
    """Return the shortest name of each landing that names no other."""
    times = Counter(landing.short for landing in landings)
    return [landing.short if times[landing.short] == 1 else landing.full for landing in landings]


def require_readable_declarations(root: Path) -> None:
    """Raise SourceFaults for the declarations with faults: a name that is not found may be declared in one of them."""
    for package in domain_packages(root):
        read_systems(package / "sources")


def require_landing(root: Path, text: str, products: Collection[str]) -> LandingName:
    """Return the landing of that name. Raises AmbiguousLanding, SourceFaults, and UnknownName, which lists products."""
    landings = declared_landings(root)
    landing = find_landing(landings, text)
    if landing is None:
        require_readable_declarations(root)
        raise unknown_input(text, products, landings)
    return landing


def unknown_input(text: str, ports: Collection[str], landings: Sequence[LandingName]) -> UnknownName:
    """Return the error for a name of neither a product nor a landing, with the nearest of all their names."""
    aliases = {name for landing in landings for name in landing.spellings}
    return UnknownName("product or landing", text, {*ports, *brief_names(landings)}, aliases)
