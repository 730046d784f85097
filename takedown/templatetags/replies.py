"""How many mails an officer has not read."""

from __future__ import annotations

from typing import Any

from django import template

from takedown.inbox.models import InboundMail

register = template.Library()


@register.simple_tag
def unread_replies(user: Any) -> int:
    return InboundMail.objects.visible_to(user).unread().count()
