"""The settings that stay on the server, each with the reason, and with a trial where something can be tried."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from seoulguard import setting_previews as show
from seoulguard.setting_entry import Entry, Group

BELONGS_TO_PASSWORD = _(
    "Stays in var/env, beside its password: whoever could name another server here would be handed the password."
)
PASSWORD = _("Stays in var/env: what opens another server is kept by those who run the machine, and never shown.")
KEY = _("A key file of this machine, named in var/env. It leaves the machine only in a backup, never through a page.")
PROOF = _("Stays in var/env: proof must not depend on whoever is signed in here.")
PLACE = _("A place on this machine, named in var/env; it is moved while everything stands still.")
START = _("Read once at the start: set it in var/env, then start ./run serve again.")
PROTECTION = _(
    "Stays in var/env: it protects this page too, and a wrong value would lock everyone out or let others in."
)
MACHINE = (
    Group(
        "recognition",
        _("Recognition and proof"),
        _("Set on the server (var/env), because files and keys of the machine belong to them."),
        (
            Entry(
                "RECOGNITION_MODEL",
                _("A learned image descriptor (.onnx or .pt) as a further witness; nothing depends on it."),
                fixed=START, trial="model",
            ),
            Entry(
                "CAGE_REQUIRED", _("Refuse to decode foreign media where the sandbox (bubblewrap) cannot work."),
                fixed=PROTECTION, trial="cage",
            ),
            Entry(
                "CHROMIUM_PATH", _("Which browser captures pages; empty finds it by itself."), fixed=PLACE, trial="browser"
            ),
            Entry(
                "TIMESTAMP_AUTHORITIES", _("Who confirms from outside when proof was made (RFC 3161)."),
                fixed=PROOF, trial="stamps",
            ),
            Entry("SIGNING_KEY_FILE", _("The key that signs evidence bundles."), fixed=KEY, trial="signing"),
        ),
    ),
    Group(
        "sending",
        _("Sending letters"),
        _("Set on the server (var/env). A trial never sends anything."),
        (
            Entry("EMAIL_HOST", _("The mail server that sends the letters."), fixed=BELONGS_TO_PASSWORD, trial="mail"),
            Entry("EMAIL_PORT", _("Its port."), fixed=BELONGS_TO_PASSWORD),
            Entry("EMAIL_HOST_USER", _("The account there."), fixed=BELONGS_TO_PASSWORD),
            Entry("EMAIL_HOST_PASSWORD", _("Its password."), secret=True, fixed=PASSWORD),
            Entry("EMAIL_USE_TLS", _("Whether the line to it is encrypted."), fixed=BELONGS_TO_PASSWORD),
            Entry(
                "DEFAULT_FROM_EMAIL", _("The sender's address."),
                fixed=_("Stays in var/env: mail server, DKIM key and DNS of the centre go together with it."),
                preview=show.sender,
            ),
            Entry(
                "DKIM_KEY_FILE", _("An RSA key that signs letters; empty where the mail server signs."),
                fixed=KEY, trial="dkim",
            ),
            Entry(
                "DKIM_SELECTOR", _("The name under which its public half stands in the DNS."),
                fixed=_("Stays in var/env, beside the key it names."),
            ),
        ),
    ),
    Group(
        "replies",
        _("The mailbox's server"),
        _("Set on the server (var/env). It is read, never written to."),
        (
            Entry("IMAP_HOST", _("The mailbox's server; empty reads nothing."), fixed=BELONGS_TO_PASSWORD, trial="imap"),
            Entry("IMAP_PORT", _("Its port."), fixed=BELONGS_TO_PASSWORD),
            Entry("IMAP_SECURITY", _("How the line to it is encrypted: ssl, starttls or none."), fixed=BELONGS_TO_PASSWORD),
            Entry("IMAP_USER", _("The account there."), fixed=BELONGS_TO_PASSWORD),
            Entry("IMAP_PASSWORD", _("Its password."), secret=True, fixed=PASSWORD),
            Entry("IMAP_CA_FILE", _("Who vouches for a server of your own; empty uses the system's list."), fixed=PLACE),
            Entry(
                "REPLY_ADDRESS", _("Where answers go; each letter gets an address of its own below it."),
                fixed=_("Stays in var/env: letters already sent carry it, and the mail server has to know it."),
            ),
            Entry(
                "REPLY_SEPARATOR", _("What stands between the name and a letter's own mark in that address."),
                fixed=_("Stays in var/env: letters already sent carry it, and the mail server has to know it."),
            ),
        ),
    ),
    Group(
        "installation",
        _("The installation"),
        _("Set on the server (var/env); a change counts after a restart."),
        (
            Entry("SEOULGUARD_HOME", _("Where everything of this installation lies."), fixed=PLACE, trial="disk"),
            Entry("EVIDENCE_ROOT", _("Where sealed evidence lies."), fixed=PLACE, trial="files"),
            Entry(
                "VAULT_KEY_FILE", _("The key that opens the vault. Keep a copy of it elsewhere."), fixed=KEY, trial="vault"
            ),
            Entry("STATIC_ROOT", _("Where the pages' own files lie."), fixed=PLACE),
            Entry(
                "SITE_URL", _("The address under which victims and staff reach these pages."), fixed=START,
                preview=show.status_link,
            ),
            Entry("ALLOWED_HOSTS", _("The names these pages answer to."), fixed=PROTECTION),
            Entry("CSRF_TRUSTED_ORIGINS", _("Further addresses whose forms are accepted."), fixed=PROTECTION),
            Entry("HTTPS", _("Whether the pages are served over an encrypted line only."), fixed=PROTECTION),
            Entry(
                "BEHIND_PROXY", _("Whether a proxy in front of the server says if the line is encrypted."),
                fixed=PROTECTION,
            ),
            Entry("LANGUAGE_CODE", _("The language of pages and of jobs where nobody chose one."), fixed=START),
            Entry(
                "DATABASE_URL", _("The database; empty is the built-in one."), secret=True, fixed=PASSWORD, trial="database"
            ),
            Entry(
                "REDIS_URL", _("The queue server; the built-in one where nothing is set."), secret=True, fixed=PASSWORD,
                trial="queue",
            ),
            Entry(
                "LEASE_SECONDS", _("How long a worker may hold a step before another takes it over."),
                fixed=_("Stays in var/env: workers in the middle of a step go by it, and two could do the same step."),
            ),
            Entry("SWEEP_SECONDS", _("How often what is due is looked for."), fixed=START),
            Entry("SECRET_KEY", _("Signs sessions and forms."), secret=True, fixed=PASSWORD),
            Entry("DEBUG", _("For developers only; never at a centre."), fixed=PROTECTION),
            Entry("DEMO_HOSTS", _("For the demo only: made-up names for this machine."), fixed=PROTECTION),
            Entry("DEMO_LOOPBACK_HOSTS", _("For the demo only: which of them may be this machine."), fixed=PROTECTION),
        ),
    ),
)  # fmt: skip
