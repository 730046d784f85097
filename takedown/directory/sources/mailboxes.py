"""Mailboxes that are customary (RFC 2142): nobody published them, so they come last and are called a guess."""

from __future__ import annotations

from takedown.directory.errands import Found
from takedown.directory.models import Suggestion
from takedown.directory.names import registered_name

# In the order of hope. "security" is for flaws, "postmaster" has to exist wherever there is mail (RFC 5321).
CUSTOMARY = (
    ("abuse", Suggestion.Kind.ABUSE),
    ("webmaster", Suggestion.Kind.GENERAL),
    ("postmaster", Suggestion.Kind.GENERAL),
)


def of_site(host: str, reaches: str) -> list[Found]:
    """At the registered domain: a blog under a provider's suffix has no mail of its own."""
    domain = registered_name(host)
    return [Found("email", f"{local}@{domain}", kind, reaches) for local, kind in CUSTOMARY] if "." in domain else []
