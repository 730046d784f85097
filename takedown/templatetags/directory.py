"""Names of desks and sources in the reader's language."""

from __future__ import annotations

from django import template

from takedown.directory.models import Suggestion
from takedown.models import AddresseeType

register = template.Library()


@register.filter
def desk_name(reaches: str) -> str:
    """Whose desk an address is: "registrar" → "Registrar"."""
    return str(dict(AddresseeType.choices).get(reaches, reaches))


@register.filter
def source_name(source: str) -> str:
    return str(dict(Suggestion.Source.choices).get(source, source))
