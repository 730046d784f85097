"""Administrators see how the watch behaves: hosts and what they allow, visits in numbers, alarms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from detection import robots
from detection.admin import ForAdministrators, ReadOnly
from detection.models import Candidate
from detection.watched import Alarm, SourceVisit, WatchedHost


@admin.register(WatchedHost)
class WatchedHostAdmin(ForAdministrators):
    """What each host allows. Hosts come by themselves with the first request; they are not entered here."""

    list_display = ["name", "robots_state", "crawl_delay_seconds", "refused_until", "refusals", "override_reason"]
    search_fields = ["name"]
    readonly_fields = [
        "name", "robots_state", "robots_read_at", "crawl_delay_seconds", "robots_shown", "override_by", "override_at",
        "refusals", "refused_until",
    ]  # fmt: skip
    actions = ["read_robots_again"]
    fieldsets = [
        (
            None,
            {
                "fields": ["name", "robots_state", "robots_read_at", "crawl_delay_seconds", "robots_shown"],
                "description": _(
                    "robots.txt is a site's wish about what programs open. It is followed, unless you write down why "
                    "this host is different: a site that lives from such material does not decide who looks at it."
                ),
            },
        ),
        (_("When robots.txt is not followed"), {"fields": ["override_reason", "override_by", "override_at"]}),
        (_("Pace"), {"fields": ["seconds_between", "at_once", "refusals", "refused_until"]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who decided what, and until when a host is left alone, is not swept away."""
        return False

    @admin.display(description=_("robots.txt"))
    def robots_state(self, host: WatchedHost) -> str:
        return robots.state_in_words(host)

    @admin.display(description=_("what it says"))
    def robots_shown(self, host: WatchedHost) -> str:
        return host.robots_text[:20_000] or "—"

    def save_model(self, request: HttpRequest, obj: WatchedHost, form: forms.ModelForm, change: bool) -> None:
        """A changed reason carries the name of who wrote it and the time; what waited for it is due again."""
        if "override_reason" in form.changed_data:
            obj.override_by, obj.override_at = request.user, timezone.now()  # type: ignore[assignment]
        super().save_model(request, obj, form, change)
        if "override_reason" in form.changed_data and obj.override_reason:
            _examine_what_was_forbidden(obj)

    @admin.action(description=_("Read robots.txt again at the next visit"))
    def read_robots_again(self, request: HttpRequest, chosen: QuerySet[WatchedHost]) -> None:
        count = chosen.update(robots_tried_at=None)
        said = ngettext("%(count)d file will be read again.", "%(count)d files will be read again.", count)
        self.message_user(request, said % {"count": count}, messages.SUCCESS)


def _examine_what_was_forbidden(host: WatchedHost) -> None:
    """Media that were left out because of robots.txt were never examined: they are due now."""
    failed = Candidate.objects.filter(
        status=Candidate.Status.FAILED, digest="", media_url__icontains=f"://{host.name}/"
    )
    failed.update(status=Candidate.Status.NEW, attempts=0, retry_at=None)


@admin.register(SourceVisit)
class SourceVisitAdmin(ReadOnly):
    list_display = [
        "began_at", "source", "outcome", "links", "opened", "found", "new", "requests", "unchanged", "bytes", "seconds",
    ]  # fmt: skip
    list_filter = ["outcome", "source"]
    date_hierarchy = "began_at"


@admin.register(Alarm)
class AlarmAdmin(ReadOnly):
    list_display = [
        "source",
        "kind",
        "sentence",
        "next_action",
        "since",
        "last_seen_at",
        "acknowledged_by",
        "closed_at",
    ]
    list_filter = ["kind", ("closed_at", admin.EmptyFieldListFilter)]
    fields = [
        "source",
        "kind",
        "sentence",
        "next_action",
        "since",
        "last_seen_at",
        "acknowledged_by",
        "acknowledged_at",
        "closed_at",
    ]
    actions = ["acknowledge"]

    @admin.display(description=_("what to do"))
    def next_action(self, alarm: Alarm) -> str:
        return alarm.next_action

    @admin.action(description=_("I take care of it"))
    def acknowledge(self, request: HttpRequest, chosen: QuerySet[Alarm]) -> None:
        count = sum(alarm.acknowledge(request.user, timezone.now()) for alarm in chosen)
        said = ngettext("%(count)d alarm is in your care.", "%(count)d alarms are in your care.", count)
        self.message_user(request, said % {"count": count}, messages.SUCCESS)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("source", "acknowledged_by")
