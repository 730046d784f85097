"""`{{ row.reason|spoken }}`: a stored sentence in the language of the reader."""

from __future__ import annotations

from django import template

from cases.spoken import said_again

register = template.Library()


@register.filter
def spoken(text: str) -> str:
    return said_again(str(text)) if text else ""
