"""The health page: what works, what does not, and what to do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cases import access
from seoulguard.doctor import examine


def health(request: HttpRequest) -> HttpResponse:
    """Each real part with its version, its state in words, and the remedy."""
    access.admin_page(request)
    return render(request, "seoulguard/health.html", {"findings": list(examine()), "page": "health"})
