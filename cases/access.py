"""Who may open what. The first line of every view calls one of these; what is not granted is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from cases import custody
from cases.models import Capture, Case, Role, User

VIEWED_AGAIN_AFTER = timedelta(minutes=30)
SESSION_KEY = "viewed"


def officer_page(request: HttpRequest) -> User:
    """A support officer or a lead; PermissionDenied (403) for everybody else."""
    return _with_role(request, Role.OFFICER, Role.LEAD)


def lead_page(request: HttpRequest) -> User:
    return _with_role(request, Role.LEAD)


def admin_page(request: HttpRequest) -> User:
    return _with_role(request, Role.ADMIN)


def auditor_page(request: HttpRequest) -> User:
    return _with_role(request, Role.AUDITOR)


def staff_page(request: HttpRequest) -> User:
    """Anyone of the staff, whatever the role."""
    return _with_role(request, *Role.values)


def watch_keeper(request: HttpRequest) -> User:
    """Who may take on an alarm of the watch: everybody of the staff but the auditors, who only look."""
    return _with_role(request, Role.OFFICER, Role.LEAD, Role.ADMIN)


def may_see(user: User, case: Case) -> bool:
    """Officers see their own cases, leads see all, nobody else sees any."""
    return Case.objects.visible_to(user).filter(pk=case.pk).exists()


def case_read(request: HttpRequest, case_id: UUID) -> Case:
    """The case, if this officer may see it; Http404 otherwise, as if there were none. The look is put on record."""
    user = officer_page(request)
    case = Case.objects.visible_to(user).filter(pk=case_id).first()
    if case is None:
        raise Http404
    _record_view(request, user, case)
    return case


def case_write(request: HttpRequest, case_id: UUID) -> Case:
    """The case, if this officer may change it; a closed case is read only (403)."""
    case = case_read(request, case_id)
    if case.status == Case.Status.CLOSED:
        raise PermissionDenied(_("This case is closed. It can be read, not changed."))
    return case


def capture_read(request: HttpRequest, capture_id: UUID) -> Capture:
    """The capture of a case this officer may see; Http404 otherwise."""
    capture = Capture.objects.select_related("case").filter(pk=capture_id).first()
    case_read(request, capture.case_id if capture else UUID(int=0))
    if capture is None:
        raise Http404
    return capture


def _with_role(request: HttpRequest, *roles: str) -> User:
    user = request.user
    if not isinstance(user, User) or not user.has_role(*roles):
        raise PermissionDenied(_("Your role does not open this page."))
    return user


def _record_view(request: HttpRequest, user: User, case: Case) -> None:
    """One entry per session, case and half hour: the record shows looks, not reloads."""
    now = timezone.now()
    seen = _recent(request.session.get(SESSION_KEY, {}), now)
    if str(case.pk) not in seen:
        custody.record(case, "viewed", actor=f"officer:{user.pk}", subject=f"case:{case.pk}")
        request.session[SESSION_KEY] = {**seen, str(case.pk): now.isoformat()}


def _recent(seen: dict[str, str], now: datetime) -> dict[str, str]:
    return {
        case_id: text for case_id, text in seen.items()
        if (at := parse_datetime(text)) and at > now - VIEWED_AGAIN_AFTER
    }  # fmt: skip
