"""Keyed pseudonyms: HMAC-SHA256 under a key of its own for each pseudonym domain, purpose and kind of value.

The pseudonym domain of a column is what its values identify (`party`), as contracts declare it; a column without one
is a domain of its own. So two products give one person the same pseudonym for one purpose, and no reader can join what
was read for two purposes. Derivation, from the master key of a version:

    key        = hex(HMAC-SHA256(master key, JSON array ["bankmesh pseudonym 1", domain, purpose, kind]))
    pseudonym  = hex(HMAC-SHA256(key, value))

| type of the column | kind | value as text |
| --- | --- | --- |
| string | `text` | as it is, in UTF-8 |
| integer, long, decimal without places | `whole` | decimal digits, with a minus sign if it is negative |
| date | `day` | days since 1970-01-01 |
| timestamp | `moment` | microseconds since 1970-01-01 00:00 UTC |

No two values of a column share a text, and values of two kinds never share a key. Null stays null.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError, as_sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.contracts.model import ColumnType

_KINDS = {
    "string": "text",
    "integer": "whole",
    "long": "whole",
    "decimal": "whole",
    "date": "day",
    "timestamp": "moment",
}
_USE = "bankmesh pseudonym 1"


class KeyUnavailable(BankmeshError):
    """The keys of pseudonyms are missing, unreadable or not safe to use; no text of it holds a key."""

    def __init__(self, problem: str, next_step: str) -> None:
        self.problem, self.next_step = problem, next_step
        super().__init__(f"{as_sentence(f'pseudonyms need a key, and {problem}')} {as_sentence(next_step)}")


NO_KEYS = KeyUnavailable("no provider of keys is set", "Read the product through the client, which has one")


@dataclass(frozen=True)
class PseudonymKey:
    """A master key and its version."""

    version: int
    secret: bytes = field(repr=False)


@dataclass(frozen=True)
class Pseudonyms:
    """The keys of one purpose.

    Attributes:
        key: the master key.
        purpose: the purpose of the read.
        domains: the pseudonym domain of each column.
    """

    key: PseudonymKey
    purpose: str
    domains: Mapping[str, str]

    def derived_key(self, column: str, kind: ColumnType) -> str:
        """Return the key of a column's pseudonyms, as 64 hexadecimal digits."""
        path = json.dumps([_USE, self.domains[column], self.purpose, _KINDS[kind.name]])
        return hmac.new(self.key.secret, path.encode(), hashlib.sha256).hexdigest()
