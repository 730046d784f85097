"""What is particular to one site on the ladder, in the hands of an administrator: who stands behind it, and its own times."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.models import ModelFormMetaclass
from django.http import HttpRequest
from django.utils.functional import lazy
from django.utils.html import format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from cases.models import User
from detection.admin import ForAdministrators
from takedown import rungs
from takedown.directory import record
from takedown.directory.models import DirectoryEntry
from takedown.ladder_models import RUNG_NAMES, SiteLadder
from takedown.models import AddresseeType, HostingSite
from takedown.rungs import Rung

BEHIND = (AddresseeType.HOST, AddresseeType.CDN, AddresseeType.REGISTRAR)
LONGEST_HOURS = 90 * 24
NAMES = dict(RUNG_NAMES)


def _timed() -> list[Rung]:
    """The rungs that wait for something; search engines and hotlines are asked at once."""
    return [rung for rung in rungs.rungs() if rung.hours]


def _usual(rung: Rung) -> Any:
    """What counts where the field is left empty."""

    def said() -> str:
        waits = _hours(rung.hours)
        if rung.minor_hours != rung.hours:
            minor = _hours(rung.minor_hours)
            waits = gettext("%(hours)s, for minors %(minor)s") % {"hours": waits, "minor": minor}
        if rung.statute_first:
            waits = gettext("the deadline of the cited law, else %(hours)s") % {"hours": waits}
        if rung.at_once == "minor":
            waits = gettext("%(hours)s, for minors at once") % {"hours": waits}
        return gettext("Hours that the step before has at this site. Empty: %(usual)s.") % {"usual": waits}

    return lazy(said, str)()


def _hours(count: int) -> str:
    return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}


class _LadderForm(forms.ModelForm):
    class Meta:
        model = SiteLadder
        fields = ["behind", "dedicated_to_abuse"]
        help_texts = {
            "behind": _(
                "Networks, delivery networks and registrars that carry this site, from the directory. They are asked when "
                "the site stays silent. Empty: the desk that was published for the site's own network."
            ),
            "dedicated_to_abuse": _(
                "Tick only a site that exists to spread such material. Then its registrar is asked to take away its name, "
                "which takes everything on it from the web, innocent pages too. An officer still approves each letter."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "behind" in self.fields:
            chosen = HostingSite.objects.filter(addressee_type__in=BEHIND).order_by("addressee_type", "name")
            self.fields["behind"].queryset = chosen  # type: ignore[attr-defined]
        for rung in _timed():
            if name := self.fields.get(f"hours_{rung.key}"):
                name.initial = self.instance.hours.get(rung.key)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if self.instance.site_id in [one.pk for one in given.get("behind", [])]:
            self.add_error("behind", _("A site does not stand behind itself."))
        return given

    def save(self, commit: bool = True) -> Any:
        given = {rung.key: self.cleaned_data.get(f"hours_{rung.key}") for rung in _timed()}
        kept = {key: hours for key, hours in self.instance.hours.items() if key not in given}
        self.instance.hours = {**kept, **{key: hours for key, hours in given.items() if hours is not None}}
        return super().save(commit)


def _field(rung: Rung) -> forms.IntegerField:
    limits = [MinValueValidator(1), MaxValueValidator(LONGEST_HOURS)]
    return forms.IntegerField(label=NAMES[rung.key], required=False, validators=limits, help_text=_usual(rung))


HOURS = {f"hours_{rung.key}": _field(rung) for rung in _timed()}
LadderForm = ModelFormMetaclass("LadderForm", (_LadderForm,), {**HOURS, "__module__": __name__})


class LadderInline(admin.StackedInline):
    """On the site's page; emptied fields mean the usual ladder."""

    model = SiteLadder
    form = LadderForm  # type: ignore[assignment]
    fk_name = "site"
    filter_horizontal = ("behind",)
    fields = ("behind", "dedicated_to_abuse", *HOURS, "ladder")
    readonly_fields = ("ladder",)
    can_delete = False

    @admin.display(description=_("the steps at this site"))
    def ladder(self, row: SiteLadder) -> str:
        """Each step with its time for an adult's letter, as saved."""
        return format_html_join("", "{}<br>", ((line,) for line in steps(row)))

    def _may(self, request: HttpRequest, obj: Any = None) -> bool:
        return ForAdministrators._is_administrator(self, request)  # type: ignore[arg-type]

    has_view_permission = has_add_permission = has_change_permission = has_delete_permission = _may


def note_change(site: HostingSite, formset: Any, user: User) -> None:
    """The site's log tells who changed where its letters climb to. Nothing else is written down here."""
    for form in formset.forms:
        if form.has_changed() and form.instance.pk:
            row = form.instance
            told = {
                "behind": [one.domain for one in row.behind.order_by("domain")],
                "dedicated_to_abuse": row.dedicated_to_abuse, "hours": row.hours,
            }  # fmt: skip
            record.write(site, DirectoryEntry.Verb.SITE_CHANGED, user, fields=told)


def steps(row: SiteLadder) -> list[str]:
    """The ladder of an adult's letter to this site, in words."""
    open_rungs = [rung for rung in rungs.rungs() if not rung.minors_only]
    return [_step(rung, row) for rung in open_rungs if rung.needs != "dedicated" or row.dedicated_to_abuse]


def _step(rung: Rung, row: SiteLadder) -> str:
    name = str(NAMES[rung.key])
    if rung.at_once == "all":
        return gettext("%(name)s: with the first letter") % {"name": name}
    before = gettext("the first letter") if rung.after == rungs.FIRST else str(NAMES[rung.after])
    own = row.hours.get(rung.key)
    words = {"name": name, "hours": _hours(int(own or rung.hours)), "before": before}
    if own is None and rung.statute_first:
        return gettext("%(name)s: when the cited law's deadline is over, else %(hours)s after “%(before)s”") % words
    return gettext("%(name)s: %(hours)s after “%(before)s”") % words
