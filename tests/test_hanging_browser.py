"""A browser that hangs is ended after a while, and what waits for it says so."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error

from seoulguard.demo.clicks import open_browser


def test_a_script_that_never_rests_ends_with_the_browser() -> None:
    with open_browser(patience=3) as browser:
        page = browser.new_page()
        with pytest.raises(Error, match="has been closed"):
            page.evaluate("for (;;) {}")
