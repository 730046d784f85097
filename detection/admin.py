"""Sources are kept here by administrators. What was found can be looked at, not changed; cases stay out of sight."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cases.models import Role
from detection.models import Candidate, Match


class ForAdministrators(admin.ModelAdmin):
    """Open to the role, whatever single permissions say."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._is_administrator(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_administrator(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._is_administrator(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_administrator(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_administrator(request)

    def _is_administrator(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and request.user.has_role(Role.ADMIN)


class ReadOnly(ForAdministrators):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Candidate)
class CandidateAdmin(ReadOnly):
    list_display = ["short", "site", "source", "status", "reason", "found_at", "examined_at"]
    list_filter = ["status", "source"]
    date_hierarchy = "found_at"
    fields = ["id", "source", "site", "address", "status", "reason", "digest", "size", "found_at", "examined_at"]

    @admin.display(description=_("candidate"))
    def short(self, candidate: Candidate) -> str:
        return str(candidate.pk)[:8]

    @admin.display(description=_("site"))
    def site(self, candidate: Candidate) -> str:
        return urlsplit(candidate.page_url).hostname or ""

    @admin.display(description=_("address"))
    def address(self, candidate: Candidate) -> str:
        """What a watched source shows is public; an address that a victim handed in is not the administrator's."""
        return candidate.page_url if candidate.source_id else "—"


@admin.register(Match)
class MatchAdmin(ReadOnly):
    """Counts and states for the health of the installation; whose material it is stays with the officers."""

    list_display = ["short", "verdict", "status", "reason", "score", "judged_at", "captured_at"]
    list_filter = ["status", "verdict"]
    fields = ["id", "verdict", "status", "reason", "score", "kinds", "transform", "judged_at", "captured_at"]

    @admin.display(description=_("match"))
    def short(self, match: Match) -> str:
        return str(match.pk)[:8]


# Registers the pages of sources and of the polite watch; they are built on the classes above.
from detection import source_admin as source_admin  # noqa: E402
from detection import watch_admin as watch_admin  # noqa: E402
