"""The form of a source: only what its kind needs is asked, and what cannot work is said before it is saved."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core import signing
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from cases.page_steps import CSS
from cases.vault import VaultError
from detection.models import Source
from detection.sources.base import SourceError
from detection.sources.json_api import PATHS, compiled
from detection.sources.keys import HEADER_NAME, SourceKey, names_of, sealed_key
from detection.sources.named import rows_of
from detection.sources.presets import PLACEHOLDERS
from detection.sources.telegram import preview_address
from detection.sources.templates import QUERY

Kind = Source.Kind
TRIED_WITHIN_SECONDS = 3600
KEYS = ["key_place", "key_names", "key"]
MAPPING = [*PATHS[:-1], "next_path", "next_parameter"]
# What is asked for each kind, beside its name and rhythm.
ASKED: dict[str, list[str]] = {
    Kind.LISTING: ["url", "page_limit", "rendered", "item_selector", "next_selector"],
    Kind.FEED: ["url", "rendered"],
    Kind.SEARCH: ["url", "queries", "page_limit", "rendered", "item_selector", "next_selector"],
    Kind.SITEMAP: ["url", "rendered"],
    Kind.JSON_API: ["url", "queries", "page_limit", *MAPPING, *KEYS],
    Kind.RENDERED: ["url", "consent_clicks", "scroll_count", "next_click", "page_limit", "item_selector", "rendered"],
    Kind.TELEGRAM: ["url", "page_limit"],
    Kind.LIST: ["addresses", "rendered"],
    Kind.SINGLE: ["url", "rendered"],
}
ABOUT: dict[str, str | Promise] = {
    Kind.LISTING: gettext_lazy("A page that lists the newest entries. Each entry's page is opened and looked through."),
    Kind.FEED: gettext_lazy("What the site offers to feed readers. Gentler and faster than its pages."),
    Kind.SEARCH: gettext_lazy("The site's own search. Put {query} where the search word belongs; {page} counts pages."),
    Kind.SITEMAP: gettext_lazy("The list of pages a site keeps for search engines, often at /sitemap.xml."),
    Kind.JSON_API: gettext_lazy("An address that answers with JSON. Begin with a ready mapping, or name the paths."),
    Kind.RENDERED: gettext_lazy("A page that shows nothing without scripts: it is scrolled and clicked in a browser."),
    Kind.TELEGRAM: gettext_lazy("A public channel, read through its web preview, without an account."),
    Kind.LIST: gettext_lazy("Addresses that somebody collected: pasted lines or a table."),
    Kind.SINGLE: gettext_lazy("One page that is looked at again and again."),
}
ADDRESS_HELP: dict[str, str | Promise] = {
    Kind.SEARCH: gettext_lazy("For example: https://clips.example/search?q={query}&page={page}"),
    Kind.JSON_API: gettext_lazy(
        "{query} stands for the search word; {page}, {page0}, {offset} and {offset1} count pages and entries."
    ),
    Kind.TELEGRAM: gettext_lazy("For example: https://t.me/s/channel"),
}
# Several pages hold the whole of what a visit needs; which of its settings a trial stands for.
SETTINGS = ("kind", *dict.fromkeys(name for names in ASKED.values() for name in names if name != "key"))


class SourceForm(forms.ModelForm):
    """`key` is written, never shown: a stored one stays when the field is left empty.

    `kept_key` carries a key that was typed for a trial through the page that shows it, sealed.
    """

    key = forms.CharField(
        label=gettext_lazy("key"),
        required=False,
        max_length=2000,
        strip=True,
        help_text=gettext_lazy(
            "As the site's documentation writes it, for example “Bearer …”. For two names, two values separated by a "
            "space. Stored sealed and never shown again; empty keeps the stored one."
        ),
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "size": 60}),
    )
    kept_key = forms.CharField(required=False, widget=forms.HiddenInput)
    trial = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Source
        fields = ["name", "kind", "status", "every_minutes"]  # the pages name theirs by kind
        widgets = {
            "kind": forms.HiddenInput,
            # No link that leads there: the addresses are of sites nobody should click on by accident.
            "url": forms.TextInput(attrs={"class": "vURLField", "inputmode": "url", "spellcheck": "false"}),
            "untried_reason": forms.Textarea(attrs={"rows": 2, "cols": 60}),
            "queries": forms.Textarea(attrs={"rows": 4, "cols": 60}),
            "consent_clicks": forms.Textarea(attrs={"rows": 3, "cols": 60}),
            "addresses": forms.Textarea(attrs={"rows": 12, "cols": 90}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = str(self.data.get("kind") or self.initial.get("kind") or self.instance.kind or Kind.LISTING)
        if self.kind in ADDRESS_HELP and "url" in self.fields:
            self.fields["url"].help_text = str(ADDRESS_HELP[self.kind])
        if "url" in self.fields:
            self.fields["url"].required = True
        if self.kind == Kind.RENDERED and "rendered" in self.fields:
            self.fields["rendered"].help_text = _("The pages that are linked need a browser too. Slower.")

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.username or parts.password:
            raise forms.ValidationError(_("Only public addresses with http or https, and without a password in them."))
        if left := next((part for part in PLACEHOLDERS if part in url), ""):
            raise forms.ValidationError(_("Put your own in place of “%(part)s”.") % {"part": left})
        if self.kind == Kind.SEARCH and QUERY not in url:
            raise forms.ValidationError(_("The address needs {query} where the search word belongs."))
        return preview_address(url) if self.kind == Kind.TELEGRAM else url

    def clean_addresses(self) -> str:
        text = str(self.cleaned_data["addresses"])
        if self.kind == Kind.LIST and not any(row.addresses for row in rows_of(text)):
            raise forms.ValidationError(_("The list holds no address."))
        return text

    def clean(self) -> dict[str, Any]:
        super().clean()
        for name in ("item_selector", "next_selector"):
            self._check_selector(name, self.cleaned_data.get(name) or "")
        for name in ("consent_clicks", "next_click"):
            for line in (self.cleaned_data.get(name) or "").splitlines():
                if line.strip().startswith(CSS):
                    self._check_selector(name, line.strip().removeprefix(CSS).strip())
        for name in PATHS:
            self._check_path(name, self.cleaned_data.get(name) or "")
        if self.kind == Kind.JSON_API:
            self._check_key()
        return self.cleaned_data

    def _check_selector(self, name: str, selector: str) -> None:
        try:
            if selector:
                LexborHTMLParser("<p></p>").css(selector)
        except (SelectolaxError, ValueError):
            self.add_error(name, _("The selector “%(selector)s” cannot be read.") % {"selector": selector})

    def _check_path(self, name: str, path: str) -> None:
        try:
            compiled(path)
        except SourceError as error:
            self.add_error(name, error.sentence)

    def _check_key(self) -> None:
        names = names_of(self.cleaned_data.get("key_names") or "")
        if not self.cleaned_data.get("key_place"):
            return
        if not names or len(names) > 2 or not all(HEADER_NAME.match(name) for name in names):
            self.add_error("key_names", _("One name, or two separated by a comma, as the documentation writes them."))
            return
        self._new_key = self._sealed(len(names))
        if not self._new_key and not self.instance.key_sealed:
            self.add_error("key", _("This interface needs a key, and none is stored."))

    _new_key: bytes = b""

    def _sealed(self, count: int) -> bytes:
        """The key as it is stored: newly typed, or carried through a trial; nothing when neither."""
        typed = str(self.cleaned_data.get("key") or "").strip()
        try:
            if typed:
                values = typed.split() if count > 1 else [typed]
                if len(values) != count or not typed.isascii() or not typed.isprintable():
                    self.add_error("key", _("Each name needs one value, in plain letters."))
                    return b""
                return sealed_key(values)
            carried = base64.b64decode(self.cleaned_data.get("kept_key") or "", validate=True)
            if carried:
                SourceKey.of(Source(key_place="header", key_names="x", key_sealed=carried))  # opens, or says why not
            return carried
        except (VaultError, SourceError) as error:
            self.add_error("key", error.sentence)
        except ValueError:
            self.add_error("key", _("The key could not be carried along. Please type it again."))
        return b""

    def save(self, commit: bool = True) -> Any:
        if self._new_key:
            self.instance.key_sealed = self._new_key
        return super().save(commit)

    # --- trials ------------------------------------------------------------------------------------------------------
    def trial_mark(self) -> str:
        """Signed: these settings were tried and worked."""
        return signing.dumps(_digest(self.instance), salt="source-trial")

    def was_tried(self) -> bool:
        """Whether the page carries the mark of a trial with exactly the settings that are saved now."""
        try:
            mark = signing.loads(self.data.get("trial") or "", salt="source-trial", max_age=TRIED_WITHIN_SECONDS)
        except signing.BadSignature:
            return False
        return mark == _digest(self.instance)

    def says_why_not(self) -> bool:
        """Whether a reason to start untried was written for this start, not for an earlier one."""
        return bool(self.cleaned_data.get("untried_reason")) and "untried_reason" in self.changed_data

    def carried_key(self) -> str:
        return base64.b64encode(self._new_key).decode()


def _digest(source: Source) -> str:
    """Of everything a visit depends on; a key counts by what it is, not by how it was sealed this time."""
    said = {name: str(getattr(source, name)) for name in SETTINGS}
    try:
        said["key"] = "|".join(SourceKey.of(source).secrets)
    except SourceError:
        said["key"] = "?"
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def settings_changed(before: Source, after: Source) -> bool:
    return _digest(before) != _digest(after)
