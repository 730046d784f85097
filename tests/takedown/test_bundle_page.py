"""The same check in a page: opened from the disk in a real Chromium that has no network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from cases import signing
from seoulguard.demo.clicks import open_browser
from tests.takedown import alterations
from tests.takedown.test_bundle_alterations import bundle

__all__ = ["bundle"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def page(bundle: bytes, tmp_path: Path) -> Iterator[Page]:
    """verify.html out of the centre's bundle; whatever it asks of a network, and every error, is noted."""
    (tmp_path / "verify.html").write_bytes(alterations.opened(bundle)["verify.html"])
    with open_browser() as browser:
        context = browser.new_context(offline=True)
        opened = context.new_page()
        faults: list[str] = []
        opened.on("console", lambda message: faults.append(message.text))
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.on("request", lambda request: faults.append(request.url) if "verify.html" not in request.url else None)
        opened.goto(f"file://{tmp_path / 'verify.html'}")
        yield opened
        assert faults == []


def outcome(page: Page, content: bytes, key: str = "") -> tuple[str, str]:
    page.set_input_files("#bundle", {"name": "bundle.zip", "mimeType": "application/zip", "buffer": content})
    page.fill("#key", key)
    page.click("#check")
    page.wait_for_selector("#verdict:not([data-outcome=working])")
    verdict = page.locator("#verdict")
    return str(verdict.get_attribute("data-outcome")), verdict.inner_text()


def test_the_page_accepts_the_untouched_bundle_and_names_the_key(bundle: bytes, page: Page) -> None:
    kind, text = outcome(page, bundle, signing.fingerprint())
    assert (kind, "변경 없음" in text, "UNTOUCHED" in text) == ("good", True, True)
    assert signing.fingerprint() in text
    assert "시점확인 · Time stamp" in text
    assert outcome(page, bundle)[0] == "good"  # by the fingerprint that the centre wrote into the page


def test_the_page_rejects_what_the_verifier_rejects(bundle: bytes, page: Page) -> None:
    # The verifier of one file is tried with all of them; the page takes half a second for each.
    altered = list(alterations.alterations(bundle).items())[::4]
    passed = [what for what, content in altered if outcome(page, content)[0] != "bad"]
    assert passed == []


def test_the_page_rejects_another_key_and_calls_nothing_proven_without_one(bundle: bytes, page: Page) -> None:
    assert outcome(page, bundle, "00" * 32)[0] == "bad"
    page.evaluate("document.querySelector('meta[name=pinned-key]').remove()")
    forgery = alterations.alterations(bundle)["a whole forgery under another key"]
    assert "another key" in outcome(page, forgery)[1]


def test_a_page_without_a_key_of_its_own_asks_for_one(bundle: bytes, page: Page, tmp_path: Path) -> None:
    text = alterations.opened(bundle)["verify.html"].decode().replace(signing.fingerprint(), "")
    (tmp_path / "verify.html").write_text(text, encoding="utf-8")
    page.reload()
    assert outcome(page, bundle)[0] == "open"
    assert outcome(page, bundle, signing.fingerprint())[0] == "good"
