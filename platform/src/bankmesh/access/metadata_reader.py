"""Who reads metadata: commands about metadata work for everybody, and show more to readers who identify themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.access.errors import IdentityRefused, PolicyFaults
from bankmesh.access.signing_keys import UnusableKey
from bankmesh.access.tokens.current_reader import current_principal, current_purpose
from bankmesh.access.tokens.reader_session import read_session
from bankmesh.settings import named_token

if TYPE_CHECKING:
    from bankmesh.access.model import Principal
    from bankmesh.settings import Settings


@dataclass(frozen=True)
class MetadataReader:
    """A reader of metadata.

    Attributes:
        principal: None if nobody has identified themselves: then only public and operational facts are shown.
        purpose: the declared purpose; None if none is.
        problem: why a token that was given does not count; None if it does, or if there is none.
    """

    principal: Principal | None = None
    purpose: str | None = None
    problem: str | None = field(default=None, compare=False)


def current_metadata_reader(settings: Settings) -> MetadataReader:
    """Return who reads metadata in this process.

    A token that is not valid does not stop a command about metadata: it shows what everybody may see, and why.
    """
    try:
        if not (named_token() or read_session(settings.home).token):
            return MetadataReader()
        return MetadataReader(current_principal(settings), current_purpose(settings))
    except (IdentityRefused, PolicyFaults, UnusableKey) as error:
        return MetadataReader(problem=str(error))
