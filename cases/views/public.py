"""Pages without an account: the start, the way out, the state of a case by its number."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from cases import custody, drafts, leaving, story
from cases.forms import CodeForm
from cases.intake import IntakeError, case_by_receipt
from cases.models import Case
from cases.speaking import asked_language, remember_language


@login_not_required
def public_home(request: HttpRequest) -> HttpResponse:
    return render(request, "cases/home.html")


@login_not_required
def public_safety(request: HttpRequest) -> HttpResponse:
    return render(request, "cases/safety.html")


@login_not_required
def public_leave(request: HttpRequest) -> HttpResponse:
    """End the visit at once: forget what was entered, clear the browser's store, show something else."""
    drafts.let_go(request)
    return leaving.shut(request)


@login_not_required
def public_again(request: HttpRequest) -> HttpResponse:
    """Open the pages again after leaving, on purpose."""
    response = redirect("cases:home")
    response.delete_cookie(leaving.MARK)
    return response


@login_not_required
@sensitive_post_parameters()
def public_status(request: HttpRequest) -> HttpResponse:
    """The state of a case in plain words. The number is asked each time and kept nowhere."""
    language = asked_language(request)
    form = CodeForm(request.POST or None)
    case = _asked_for(request, form)
    return remember_language(_told(request, form, case), language)


@login_not_required
@sensitive_post_parameters()
def public_withdraw(request: HttpRequest) -> HttpResponse:
    """Take the consent back: watch and letters stop at once."""
    if request.method != "POST":  # a reload of the page, or a language chosen on it
        return redirect("cases:status")
    form = CodeForm(request.POST)
    case = _asked_for(request, form)
    if case is not None:
        withdraw_consent(case)
    return _told(request, form, case)


@transaction.atomic
def withdraw_consent(case: Case) -> None:
    """On record once; a second time changes nothing."""
    if case.consents.filter(withdrawn_at=None).update(withdrawn_at=timezone.now()):
        custody.record(case, "consent", actor="victim", subject=f"case:{case.pk}", withdrawn=True)


def _told(request: HttpRequest, form: CodeForm, case: Case | None) -> HttpResponse:
    if case is None:
        return render(request, "cases/status_code.html", {"form": form}, status=422 if form.errors else 200)
    return render(request, "cases/status.html", {**story.told_to_victim(case), "code": form.cleaned_data["code"]})


def _asked_for(request: HttpRequest, form: CodeForm) -> Case | None:
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        case = case_by_receipt(form.cleaned_data["code"], address=request.META.get("REMOTE_ADDR", ""))
    except IntakeError as error:
        form.add_error("code", error.sentence)
        return None
    if case is None:
        form.add_error("code", _("We do not know this number. Please compare it with your card."))
    return case
