"""The health page: what works, what does not, and what to do. And the first page after signing in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from cases import access
from cases.models import Role
from detection.watched import Alarm
from seoulguard import setting_page
from seoulguard.doctor import examine


def home_of_role(request: HttpRequest) -> HttpResponse:
    """Officers and leads come to the queue, administrators to the health page, auditors to the contacts."""
    user = access.staff_page(request)
    if user.has_role(Role.OFFICER, Role.LEAD):
        return redirect("takedown:desk")
    return redirect("health" if user.has_role(Role.ADMIN) else "takedown:contacts")


def health(request: HttpRequest) -> HttpResponse:
    """Each real part with its version, its state in words, and the remedy."""
    access.admin_page(request)
    return render(request, "seoulguard/health.html", {"findings": list(examine()), "page": "health"})


def all_settings(request: HttpRequest) -> HttpResponse:
    """Every setting with its meaning; those of the watch can be changed and tried."""
    user = access.admin_page(request)
    return setting_page.answer(request, user)


def alarms(request: HttpRequest) -> HttpResponse:
    """Sources that need a person, and who took them on."""
    user = access.staff_page(request)
    if request.method == "POST":
        access.watch_keeper(request)
        chosen = request.POST.get("alarm", "")
        get_object_or_404(Alarm, pk=chosen if chosen.isdecimal() else 0).acknowledge(user, timezone.now())
        return redirect("alarms")
    over = Alarm.objects.exclude(closed_at=None).select_related("source").order_by("-closed_at")[:20]
    return render(request, "detection/alarms.html", {"over": over, "page": "alarms"})
