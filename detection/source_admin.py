"""Where administrators set up sources: pick a kind, fill in what it needs, try it, let it go live."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminErrorList, AdminForm
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases import preferences
from detection.admin import ForAdministrators
from detection.models import Source
from detection.preview import Preview, try_source
from detection.source_form import ABOUT, ASKED, KEYS, MAPPING, SourceForm, settings_changed
from detection.sources.presets import PRESETS

Kind = Source.Kind
BUDGETS = ["request_budget", "megabyte_budget", "second_budget"]
SELECTORS = ["item_selector", "next_selector"]
CLICKS = ["consent_clicks", "scroll_count", "next_click"]
TRY = "_try"


@admin.register(Source)
class SourceAdmin(ForAdministrators):
    form = SourceForm
    list_display = ["name", "kind", "status", "visited_at", "next_visit_at", "found_last_visit", "failure"]
    list_filter = ["status", "kind"]
    search_fields = ["name", "url"]
    readonly_fields = [
        "tried_at",
        "untried_by",
        "untried_at",
        "visited_at",
        "next_visit_at",
        "found_last_visit",
        "failure",
    ]
    actions = ["visit_now"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    change_form_template = "admin/detection/source/change_form.html"

    @admin.action(description=gettext_lazy("Visit the selected sources now"))
    def visit_now(self, request: HttpRequest, chosen: QuerySet[Source]) -> None:
        """A draft was never tried; it waits for that. So does a paused one that was changed since."""
        never = Q(status=Source.Status.DRAFT) | Q(status=Source.Status.PAUSED, tried_at=None, untried_at=None)
        waiting = chosen.filter(never).exists()
        tried = chosen.exclude(never)
        count = tried.update(next_visit_at=timezone.now(), retry_at=None, status=Source.Status.ACTIVE)
        said = ngettext("%(count)d source will be visited now.", "%(count)d sources will be visited now.", count)
        self.message_user(request, said % {"count": count}, messages.SUCCESS)
        if waiting:
            sentence = _("What was not tried as it stands is not visited. Open it and try it.")
            self.message_user(request, sentence, messages.WARNING)

    # --- what is asked -----------------------------------------------------------------------------------------------
    def get_fieldsets(self, request: HttpRequest, obj: Source | None = None) -> Any:
        asked = ASKED[kind_of(request, obj)]
        taken = {*SELECTORS, *CLICKS, *MAPPING, *KEYS}
        plain = [name for name in asked if name not in taken and name != "page_limit"]
        about = ABOUT[kind_of(request, obj)]
        groups: list[tuple[Any, dict[str, Any]]] = [
            (None, {"fields": ["name", "kind", *plain], "description": about}),
            (gettext_lazy("Mapping"), {"fields": _among(MAPPING, asked)}),
            (gettext_lazy("Key"), {"fields": _among(KEYS, asked)}),
            (gettext_lazy("What the browser does on the page"), {"fields": _among(CLICKS, asked)}),
            (gettext_lazy("When links are not found by themselves"), {"fields": _among(SELECTORS, asked), "classes": ["collapse"]}),
            (gettext_lazy("How often"), {"fields": ["every_minutes", *_among(["page_limit"], asked)]}),
            (gettext_lazy("At most, a visit"), {"fields": BUDGETS, "classes": ["collapse"]}),
            (gettext_lazy("Start"), {"fields": ["status", "untried_reason", "kept_key", "trial"]}),
        ]  # fmt: skip
        if obj:
            groups.append((gettext_lazy("Last visit"), {"fields": self.readonly_fields}))
        return [group for group in groups if group[1]["fields"]]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new source begins as the chosen kind, with the chosen mapping, as a draft."""
        given: dict[str, Any] = {"kind": kind_of(request, None), "status": Source.Status.DRAFT}
        if preset := PRESETS.get(request.GET.get("preset", "")):
            given |= {"name": str(preset.label)[:80], "url": preset.url, **preset.fields}
        return given

    def get_form(self, request: HttpRequest, obj: Source | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The kind is chosen before, and stays: another kind asks for other things."""
        form = super().get_form(request, obj, change, **kwargs)
        form.base_fields["kind"].disabled = obj is not None
        return form

    def _choice_of_kind(self, request: HttpRequest) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("What kind of source?"),
            "kinds": [(value, label, ABOUT[value]) for value, label in Kind.choices],
            "presets": [(name, preset.label) for name, preset in PRESETS.items()],
        }
        return TemplateResponse(request, "admin/detection/source/kinds.html", context)

    # --- trying and saving -------------------------------------------------------------------------------------------
    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """“Try it now” visits what stands in the form, and shows the form again with what was found. It saves nothing."""
        new = object_id is None and request.method == "GET" and self.has_add_permission(request)
        if new and request.GET.get("kind") not in Kind.values:
            return self._choice_of_kind(request)
        shown = dict(extra_context or {})
        if request.method == "POST" and TRY in request.POST and self._may_try(request, object_id):
            form, preview = self._tried(request, object_id)
            shown["preview"] = preview
            carried = request.POST.copy()
            carried["trial"] = form.trial_mark() if preview and preview.works else ""
            carried["kept_key"] = form.carried_key() or carried.get("kept_key", "")
            request.POST = carried  # type: ignore[assignment]
            return self._form_again(request, object_id, form_url, shown)
        return super().changeform_view(request, object_id, form_url, shown)

    def _may_try(self, request: HttpRequest, object_id: str | None) -> bool:
        return self.has_change_permission(request) if object_id else self.has_add_permission(request)

    def _bound(self, request: HttpRequest, object_id: str | None) -> SourceForm:
        source = self.get_object(request, object_id) if object_id else None
        form_class = self.get_form(request, source, change=source is not None)
        form: SourceForm = form_class(request.POST, request.FILES, instance=source)
        return form

    def _tried(self, request: HttpRequest, object_id: str | None) -> tuple[SourceForm, Preview | None]:
        form = self._bound(request, object_id)
        if not form.is_valid():
            return form, None
        source = form.save(commit=False)
        preferences.apply()
        return form, try_source(source)

    def _form_again(self, request: HttpRequest, object_id: str | None, form_url: str, shown: dict[str, Any]
                    ) -> HttpResponse:  # fmt: skip
        """The page as after a mistake: everything typed is still there."""
        source = self.get_object(request, object_id) if object_id else None
        form = self._bound(request, object_id)
        form.is_valid()
        fields = self.get_fieldsets(request, source)
        readonly = self.get_readonly_fields(request, source)
        page = AdminForm(form, list(fields), {}, readonly, model_admin=self)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Change %s") % self.opts.verbose_name if source else _("Add %s") % self.opts.verbose_name,
            "adminform": page, "object_id": object_id, "original": source, "is_popup": False, "to_field": None,
            "media": self.media + page.media, "inline_admin_formsets": [], "preserved_filters": "",
            "errors": AdminErrorList(form, []), **shown,
        }  # fmt: skip
        return self.render_change_form(request, context, add=source is None, change=source is not None, obj=source,
                                       form_url=form_url)  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        """A source that was not tried as it stands stays a draft, unless the administrator writes down why not."""
        before = Source.objects.filter(pk=obj.pk).first()
        if form.was_tried():
            obj.tried_at, obj.untried_at = timezone.now(), None
        elif before is None or settings_changed(before, obj):
            obj.tried_at = obj.untried_at = None
        goes_on = before is not None and before.status == Source.Status.ACTIVE and not settings_changed(before, obj)
        if obj.status == Source.Status.ACTIVE and not (obj.tried_at or obj.untried_at or goes_on):
            if form.says_why_not():
                obj.untried_by, obj.untried_at = request.user, timezone.now()  # type: ignore[assignment]
            else:
                obj.status = Source.Status.DRAFT
                sentence = _("Saved as a draft: it was not tried as it stands now. Try it, or write down why not.")
                self.message_user(request, sentence, messages.WARNING)
        if not obj.untried_at:
            obj.untried_reason, obj.untried_by = "", None
        super().save_model(request, obj, form, change)


def kind_of(request: HttpRequest, source: Source | None) -> str:
    """The kind a page is about: the stored one, else what is posted or asked for."""
    if source is not None:
        return source.kind
    said = request.POST.get("kind") or request.GET.get("kind") or ""
    return said if said in Kind.values else Kind.LISTING


def _among(names: list[str], asked: list[str]) -> list[str]:
    return [name for name in names if name in asked]
