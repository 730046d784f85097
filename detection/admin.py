"""Sources are kept here by administrators. What was found can be looked at, not changed; cases stay out of sight."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cases.models import Role
from detection.models import Candidate, Match, Source


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


@admin.register(Source)
class SourceAdmin(ForAdministrators):
    list_display = ["name", "kind", "status", "visited_at", "next_visit_at", "found_last_visit", "failure"]
    list_filter = ["status", "kind"]
    search_fields = ["name", "url"]
    readonly_fields = ["visited_at", "found_last_visit", "failure"]
    actions = ["visit_now"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    fieldsets = [
        (
            None,
            {
                "fields": ["name", "kind", "url", "rendered", "status"],
                "description": _(
                    "A source is a public page that is looked through again and again. Start with the page that lists "
                    "the newest entries, or with the site's feed if it has one: a feed is gentler and faster."
                ),
            },
        ),
        (_("How often"), {"fields": ["every_minutes", "page_limit", "next_visit_at"]}),
        (
            _("At most, a visit"),
            {"fields": ["request_budget", "megabyte_budget", "second_budget"], "classes": ["collapse"]},
        ),
        (
            _("When links are not found by themselves"),
            {"fields": ["item_selector", "next_selector"], "classes": ["collapse"]},
        ),
        (_("Last visit"), {"fields": ["visited_at", "found_last_visit", "failure"]}),
    ]

    @admin.action(description=_("Visit the selected sources now"))
    def visit_now(self, request: HttpRequest, chosen: QuerySet[Source]) -> None:
        count = chosen.update(next_visit_at=timezone.now(), retry_at=None, status=Source.Status.ACTIVE)
        said = ngettext("%(count)d source will be visited now.", "%(count)d sources will be visited now.", count)
        self.message_user(request, said % {"count": count}, messages.SUCCESS)


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


# Registers the pages of the polite watch; they are built on the classes above.
from detection import watch_admin as watch_admin  # noqa: E402
