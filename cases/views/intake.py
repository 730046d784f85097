"""The intake: five short steps, then the number. Works without scripts; what was entered survives a reload."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from cases import drafts
from cases.drafts import DraftFile, IntakeAnswers
from cases.forms import STEPS, UNSURE_LABEL, Step
from cases.intake import IntakeError, accept_uploads, receive_draft, shown_code
from cases.models import Case, IntakeDraft
from cases.receipts import same_code
from cases.speaking import asked_language, remember_language
from cases.uploads import SealedUpload
from cases.vault import VaultError

NAMES = list(STEPS)
SKIPPABLE = ("about", "material", "contact")


@login_not_required
def public_intake(request: HttpRequest) -> HttpResponse:
    return redirect("cases:intake_step", NAMES[0])


@login_not_required
@sensitive_post_parameters()
def public_intake_step(request: HttpRequest, step: str) -> HttpResponse:
    """One step; POST keeps it and goes on. Files arrive sealed, see `cases.uploads`."""
    if step not in STEPS:
        raise Http404
    # Reading POST first lets the upload handler make the draft.
    posted = request.POST if request.method == "POST" else None
    # A mere look leaves nothing behind: the draft begins with the first answer.
    draft = drafts.draft_of(request) if posted is None else drafts.open_or_begin(request)
    if draft and drafts.receipt_of(draft):
        return redirect("cases:received")
    form = STEPS[step](posted, initial=initial(draft))
    language = asked_language(request)
    if draft and posted is not None and _tried(request, draft, step, form, send=not language):
        return remember_language(_onward(posted, step), language)
    page = render(request, "cases/intake_step.html", context(draft, step, form), status=422 if form.errors else 200)
    return remember_language(page, language)


def _tried(request: HttpRequest, draft: IntakeDraft, step: str, form: Step, *, send: bool) -> bool:
    """Keep the step, or say why not: sent already in another tab, or no key to seal with."""
    try:
        return _kept(request, draft, step, form, send)
    except (IntakeError, VaultError) as error:
        form.add_error(None, error.sentence)
        return False


def _kept(request: HttpRequest, draft: IntakeDraft, step: str, form: Step, send: bool) -> bool:
    """Keep the answers of a step; False when there is something to read first.

    Without `send` (the language was changed in the middle) what is incomplete is kept as well, and nothing leaves.
    """
    valid = form.is_valid()
    if step == "material":  # a file that arrived stays, whatever is wrong beside it
        _keep_files(request, draft, form)
    if send and not valid:
        return False
    drafts.keep_answers(draft, **form.answers())
    if step == "check" and send:
        receive_draft(draft, at=timezone.now())
    return not form.non_field_errors()


def _keep_files(request: HttpRequest, draft: IntakeDraft, form: Step) -> None:
    if removed := request.POST.get("remove"):
        drafts.drop_file(draft, removed)
    uploads = [file for file in request.FILES.getlist("files") if isinstance(file, SealedUpload)]
    for error in accept_uploads(draft, uploads):
        form.add_error(None, error.sentence)


def _onward(posted: QueryDict, step: str) -> HttpResponse:
    if "speak" in posted or (step == "material" and ("remove" in posted or "add" in posted)):
        return redirect("cases:intake_step", step)
    if step == NAMES[-1]:
        return redirect("cases:received")
    return redirect("cases:intake_step", NAMES[NAMES.index(step) + 1])


def entered(draft: IntakeDraft | None) -> tuple[IntakeAnswers, list[DraftFile]]:
    """Answers and files so far; the defaults before anything was entered."""
    if draft is None:
        return IntakeAnswers(), []
    state = drafts.state_of(draft)
    return state.answers, state.files


def initial(draft: IntakeDraft | None) -> dict[str, Any]:
    """What was entered before, as the forms show it."""
    answers, _files = entered(draft)
    return {
        "content": answers.steps.get("content", answers.content),
        "age": answers.steps.get("age", "unsaid"),
        "requester": answers.requester,
        "addresses": "\n".join(answers.urls),
        "contact_choice": answers.contact_choice,
        "contact": answers.contact,
        "hours": answers.hours,
        "name": answers.name,
        "account": answers.account,
        "consent": answers.consent,
        "spread_as": "\n".join(answers.spread_as),
    }


def context(draft: IntakeDraft | None, step: str, form: Step) -> dict[str, Any]:
    (answers, files), number = entered(draft), NAMES.index(step) + 1
    return {
        "form": form,
        "step": step,
        "number": number,
        "count": len(NAMES),
        "done": range(number),
        "left": range(len(NAMES) - number),
        "before": NAMES[number - 2] if number > 1 else "",
        "skip": NAMES[number] if step in SKIPPABLE else "",
        "files": files,
        "answers": answers,
        "chosen": chosen(answers),
    }


def chosen(answers: IntakeAnswers) -> dict[str, Any]:
    """The answers in words, for the last step."""
    unsure = answers.steps.get("content") == "unsure"
    return {
        "content": UNSURE_LABEL if unsure else Case.Content(answers.content).label,
        "contact": Case.ContactChoice(answers.contact_choice).label,
        "requester": Case.Requester(answers.requester).label,
    }


@login_not_required
@sensitive_post_parameters()
def public_received(request: HttpRequest) -> HttpResponse:
    """The number, typed back once, so that nobody leaves without it. Then the device forgets it."""
    draft = drafts.draft_of(request)
    code = drafts.receipt_of(draft) if draft else ""
    if not code:
        return redirect("cases:home")
    if request.method == "POST" and same_code(code, request.POST.get("typed", "")):
        drafts.let_go(request)
        return render(request, "cases/received.html", {"code": shown_code(code), "kept": True})
    wrong = (
        _("That is not the same number. Please look once more; it is shown above.") if request.method == "POST" else ""
    )
    return render(
        request, "cases/received.html", {"code": shown_code(code), "wrong": wrong}, status=422 if wrong else 200
    )
