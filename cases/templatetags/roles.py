"""Which parts of the menu someone sees."""

from __future__ import annotations

from django import template

from cases.models import User

register = template.Library()


@register.simple_tag
def roles_of(user: User) -> set[str]:
    """Names of the groups an active member of the staff is in."""
    return set(user.groups.values_list("name", flat=True)) if user.is_active else set()
