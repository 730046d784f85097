"""The four roles and what the administrators among them may keep."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission

from cases.models import Role

# By app label, because this room knows nothing of the rooms above it. Cases and evidence are not among them: an
# administrator keeps the house, and does not read what is in it.
KEPT_BY_ADMINS: dict[str, frozenset[str]] = {
    "cases": frozenset({"user"}),
    "detection": frozenset({"source"}),
    "takedown": frozenset({"hostingsite", "contact", "statute", "lettertemplate", "organisation"}),
}


def ensure_roles() -> None:
    """Create the groups that are missing, and give administrators the permissions for what they keep.

    Run after `migrate`, when Django has made the permissions; run twice it changes nothing.
    """
    groups = {role: Group.objects.get_or_create(name=role)[0] for role in Role.values}
    kept = Permission.objects.filter(content_type__app_label__in=KEPT_BY_ADMINS).select_related("content_type")
    groups[Role.ADMIN.value].permissions.set(
        permission for permission in kept
        if permission.content_type.model in KEPT_BY_ADMINS[permission.content_type.app_label]
    )  # fmt: skip
