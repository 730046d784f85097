"""The key of an interface: sealed in the row, opened for one visit, in no address that is kept and in no log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from cases import vault
from detection.models import Source
from detection.sources.base import SourceError

PURPOSE = "source-key"
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}\Z")


@dataclass(frozen=True)
class SourceKey:
    """What is sent along. Its text form says nothing, so that no trace of an error can tell it."""

    headers: dict[str, str] = field(default_factory=dict, repr=False)
    parameters: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def secrets(self) -> list[str]:
        return [*self.headers.values(), *self.parameters.values()]

    @classmethod
    def of(cls, source: Source) -> SourceKey:
        """The key of a source; an empty one where it needs none. Raises SourceError."""
        if not source.key_place:
            return cls()
        if not source.key_sealed:
            raise SourceError(_("This interface needs a key, and none is stored."))
        try:
            said = vault.open_for_installation(bytes(source.key_sealed), PURPOSE).decode()
        except vault.VaultError as error:
            raise SourceError(error.sentence) from error
        pairs = dict(zip(names_of(source.key_names), said.splitlines(), strict=False))
        return cls(headers=pairs) if source.key_place == Source.KeyPlace.HEADER else cls(parameters=pairs)


def sealed_key(lines: Sequence[str]) -> bytes:
    """The key's values, one for each name, as they lie in the row. Raises VaultError."""
    return vault.seal_for_installation("\n".join(lines).encode(), PURPOSE)


def names_of(said: str) -> list[str]:
    return [name.strip() for name in said.split(",") if name.strip()]
