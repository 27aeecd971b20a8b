"""Names of output ports, and what a port is called in assets, steps, dbt, folders and files.

A port is one major of a product. Readers write `retail.party` for the first major and `retail.party@2` for the second:

| where | first major | second major |
| --- | --- | --- |
| readers, contracts, logs | `retail.party` | `retail.party@2` |
| asset key | `retail/party` | `retail/party/v2` |
| step | `retail__party` | `retail__party__v2` |
| dbt: model and source table | `party` | `party_v2` |
| folder of the port | `retail/party/v1` | `retail/party/v2` |
| contract file | `party.odcs.yaml` | `party.v2.odcs.yaml` |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTRACT_SUFFIX = ".odcs.yaml"
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
"""The spelling of domains, products, columns, roles, subjects, and the parts of purposes."""
_LANDING, _LEGACY = "landing", "legacy"

_MAJOR = r"(?P<major>[1-9]\d*)"
_PORT = re.compile(rf"(?P<domain>[^.@]+)\.(?P<product>[^.@]+)(?:@{_MAJOR})?", re.ASCII)
_TABLE = re.compile(r"(?P<product>.+)_v(?P<major>[2-9]|[1-9][0-9]+)", re.ASCII)
_FILE = re.compile(rf"(?P<product>[^.@]+)(?:\.v{_MAJOR})?{re.escape(CONTRACT_SUFFIX)}", re.ASCII)
_FOLDER = re.compile(rf"v{_MAJOR}", re.ASCII)


@dataclass(frozen=True, order=True)
class PortName:
    """The name of one major of one product."""

    domain: str
    product: str
    major: int = 1

    def __str__(self) -> str:
        """As readers write it: `retail.party`, `retail.party@2`."""
        return self.product_id if self.major == 1 else self.numbered

    @property
    def product_id(self) -> str:
        """The id of the product, which all of its majors share: `retail.party`."""
        return f"{self.domain}.{self.product}"

    @property
    def numbered(self) -> str:
        """With the major, the first one too: `retail.party@1`."""
        return f"{self.product_id}@{self.major}"

    @property
    def asset_path(self) -> tuple[str, ...]:
        """The parts of the asset key."""
        return (self.domain, self.product) if self.major == 1 else (self.domain, self.product, f"v{self.major}")

    @property
    def asset(self) -> str:
        """The asset key as one text: `retail/party/v2`."""
        return "/".join(self.asset_path)

    @property
    def step(self) -> str:
        """The step that makes the asset: `retail__party__v2`."""
        return step_of_asset(self.asset)

    @property
    def table(self) -> str:
        """What dbt and SQL call it within its domain: `party_v2`."""
        return self.product if self.major == 1 else f"{self.product}_v{self.major}"

    @property
    def folder(self) -> str:
        """The folder of the port below those of all ports: `retail/party/v2`."""
        return f"{self.domain}/{self.product}/v{self.major}"

    @property
    def contract_file(self) -> str:
        """The name of its contract's file: `party.v2.odcs.yaml`."""
        return f"{self.product}{'' if self.major == 1 else f'.v{self.major}'}{CONTRACT_SUFFIX}"


def parse_port_name(text: str) -> PortName:
    """Read `domain.product` or `domain.product@2`. Raises ValueError if the text is neither."""
    found = _PORT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} names no port; write domain.product or domain.product@MAJOR")
    return PortName(found["domain"], found["product"], int(found["major"] or 1))


def split_major(text: str) -> tuple[str, int | None]:
    """The product that a reader names, and the major where they name one: `retail.party@2` or `retail.party`.

    A text that names no port comes back as it is, so that the error can quote it.
    """
    product, at, major = text.partition("@")
    if not at:
        return text, None
    return (product, int(major)) if major.isascii() and major.isdigit() else (text, None)


def port_of_asset(path: Sequence[str]) -> PortName | None:
    """The port behind an asset key; None for an asset that is no product: a landing, a legacy object."""
    match path:
        case [domain, product] if domain != _LEGACY:
            return PortName(domain, product)
        case [domain, product, last] if (found := _FOLDER.fullmatch(last)) and found["major"] != "1":
            return PortName(domain, product, int(found["major"]))
    return None


def port_of_table(domain: str, table: str) -> PortName:
    """The port that dbt calls `table`; only what `PortName.table` writes has a major above 1."""
    found = _TABLE.fullmatch(table)
    return PortName(domain, found["product"], int(found["major"])) if found else PortName(domain, table)


def port_of_contract_file(domain: str, file: str) -> PortName | None:
    """The port whose contract has this file name; None for other names."""
    found = _FILE.fullmatch(file)
    return PortName(domain, found["product"], int(found["major"] or 1)) if found else None


def major_of_folder(name: str) -> int | None:
    """The major of a port's folder, `v2`; None for other names."""
    found = _FOLDER.fullmatch(name)
    return int(found["major"]) if found else None


def readable_asset(asset: str) -> str:
    """The name of an asset as readers write it: `retail.party@2`, `retail.landing.core_banking_trans`."""
    name = port_of_asset(asset.split("/"))
    return str(name) if name else asset.replace("/", ".")


def landing_asset(domain: str, system: str, name: str) -> str:
    """The asset key of a landed legacy object as one text, internal to its domain."""
    return f"{domain}/{_LANDING}/{system}_{name}"


def legacy_asset(system: str, name: str) -> str:
    """The asset key of a legacy object as one text; more than one domain may read it.

    The last part names the system too, because the asset graph shows nothing else.
    """
    return f"{_LEGACY}/{system}_{name}"


def is_landing(asset: str) -> bool:
    """Whether this is the asset key of a landed legacy object."""
    match asset.split("/"):
        case [_, part, _]:
            return part == _LANDING
    return False


def is_legacy(asset: str) -> bool:
    """Whether this is the asset key of a legacy object itself."""
    return asset.partition("/")[0] == _LEGACY


def step_of_asset(asset: str) -> str:
    """The step that makes an asset, by its key as one text: `retail__landing__core_banking_trans`."""
    return asset.replace("/", "__")
