"""Administrators: keys of interfaces, and how a contact's web form is filled in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import access
from cases.vault import VaultError
from takedown.channels import interface, ready, steps
from takedown.channels.models import ChannelKey, Playbook
from takedown.models import Contact

ABOUT = {
    Contact.Channel.CLOUDFLARE: gettext_lazy(
        "Reports of intimate images without consent (abuse_ncsei) for sites behind Cloudflare. The account needs the right to "
        "send abuse reports; the key is an API token that may edit them."
    ),
    Contact.Channel.AWS: gettext_lazy(
        "Reports in XARF for sites on machines of AWS. The key belongs to an identity that may do nothing but "
        "abuse:CreateAbuseReport. AWS keeps reports in the United States and in Europe."
    ),
}
ACCOUNT = {
    Contact.Channel.CLOUDFLARE: (gettext_lazy("Account number"), gettext_lazy("32 digits and letters.")),
    Contact.Channel.AWS: (gettext_lazy("Access key ID"), gettext_lazy("Begins with AKIA.")),
}


class KeyForm(forms.Form):
    """The secret is written, never shown: a stored one stays when the field is left empty."""

    url = forms.CharField(label=gettext_lazy("Address of the interface"), max_length=200)
    account = forms.RegexField(r"^[A-Za-z0-9_-]+$", max_length=128)
    secret = forms.CharField(
        label=gettext_lazy("Key"), required=False, max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Stored sealed and never shown again; empty keeps the stored one."),
    )  # fmt: skip
    switched_on = forms.BooleanField(
        label=gettext_lazy("Letters may go through this interface"), required=False,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )  # fmt: skip

    def __init__(self, given: Any, *, channel: str, key: ChannelKey | None) -> None:
        self.channel, self.key = channel, key
        stored = {"url": key.url, "account": key.account, "switched_on": key.switched_on} if key else {}
        fresh = {"url": ready.ADDRESSES[Contact.Channel(channel)]}
        super().__init__(given, initial=stored or fresh, prefix=channel)
        label, help_text = ACCOUNT[Contact.Channel(channel)]
        self.fields["account"].label, self.fields["account"].help_text = label, str(help_text)

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"]).strip().rstrip("/")
        if not ready.may_have_the_key(self.channel, url):
            raise forms.ValidationError(_("The key may go to the interface's own https address only."))
        return url

    def clean_secret(self) -> str:
        secret = str(self.cleaned_data["secret"])
        if secret and not (secret.isascii() and secret.isprintable()):
            raise forms.ValidationError(_("A key consists of plain letters, digits and signs."))
        return secret

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("switched_on") and not given.get("secret") and not (self.key and self.key.secret_sealed):
            self.add_error("secret", _("Without a key it cannot be switched on."))
        return given


def keys(request: HttpRequest) -> HttpResponse:
    """Which interfaces there are, and whether letters go through them."""
    admin = access.admin_page(request)
    asked = request.POST.get("channel", "")
    shown = []
    for channel in ready.INTERFACES:
        key = ChannelKey.objects.filter(channel=channel).first()
        entered = KeyForm(request.POST if asked == channel else None, channel=channel, key=key)
        if asked == channel and entered.is_valid() and _kept(request, entered, admin):
            return redirect("takedown:channel_keys")
        shown.append({"channel": channel, "name": Contact.Channel(channel).label, "about": ABOUT[Contact.Channel(channel)],
                      "key": key, "form": entered})  # fmt: skip
    return render(request, "takedown/channel_keys.html", {"shown": shown, "page": "contacts"})


def _kept(request: HttpRequest, entered: KeyForm, admin: Any) -> bool:
    told = entered.cleaned_data
    key = entered.key or ChannelKey(channel=entered.channel)
    key.url, key.account, key.switched_on = told["url"], told["account"], told["switched_on"]
    try:
        if told["secret"]:
            key.secret_sealed = interface.sealed_secret(told["secret"])
    except VaultError as error:
        entered.add_error("secret", error.sentence)
        return False
    key.changed_by, key.changed_at = admin, timezone.now()
    key.save()
    messages.success(request, _("Saved."))
    return True


class PlaybookForm(forms.Form):
    lines = forms.CharField(
        label=gettext_lazy("Steps, one per line"), max_length=8000,
        widget=forms.Textarea(attrs={"rows": 14, "class": "form-control mono", "spellcheck": "false", "lang": ""}),
    )  # fmt: skip

    def clean_lines(self) -> str:
        lines = str(self.cleaned_data["lines"]).replace("\r\n", "\n").strip() + "\n"
        try:
            steps.read(lines)
        except steps.StepTrouble as error:
            raise forms.ValidationError(str(error)) from error
        return lines


def playbook(request: HttpRequest, contact_id: int) -> HttpResponse:
    """How the form of one contact is filled in."""
    admin = access.admin_page(request)
    contact = get_object_or_404(Contact.objects.select_related("site"), pk=contact_id)
    if contact.channel != Contact.Channel.FORM:
        raise Http404
    kept = Playbook.objects.filter(contact=contact).first()
    entered = PlaybookForm(request.POST or None, initial={"lines": kept.lines if kept else steps.USUAL})
    if request.method == "POST" and entered.is_valid():
        written = {"lines": entered.cleaned_data["lines"], "changed_by": admin, "changed_at": timezone.now()}
        Playbook.objects.update_or_create(contact=contact, defaults=written)
        messages.success(request, _("Saved. Letters that are approved already keep their steps."))
        return redirect("takedown:site", contact.site_id)
    return render(request, "takedown/playbook.html", {
        "form": entered, "contact": contact, "kept": kept, "names": steps.NAMES, "page": "contacts",
    })  # fmt: skip
