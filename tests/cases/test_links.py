from __future__ import annotations

import pytest

from cases.links import parse_urls

PASTED = [
    # text, expected, why
    ("https://host.example/v/1", ["https://host.example/v/1"], "plain"),
    ("HTTP://Host.Example/V/1", ["http://host.example/V/1"], "host without case, path with"),
    ("hxxp://host.example/v", ["http://host.example/v"], "defanged scheme"),
    ("hXXps://host[.]example/v", ["https://host.example/v"], "defanged dot"),
    ("hxxps[:]//host(.)example/v", ["https://host.example/v"], "defanged colon and round brackets"),
    ("host[dot]example[dot]com/v", ["https://host.example.com/v"], "spelled dot"),
    ("host [.] example.com/v", ["https://host.example.com/v"], "spaces around the dot"),
    ("h**p://host.example/v", ["http://host.example/v"], "starred scheme"),
    ("여기요 https://host.example/v/12에 있어요", ["https://host.example/v/12"], "glued particle"),
    ("https://host.example/v/12에서 봤고 https://b.example/3입니다.",
     ["https://host.example/v/12", "https://b.example/3"], "two"),
    ("https://host.example/영상/사진", ["https://host.example/영상/사진"], "Korean path stays"),
    ("(https://host.example/v)", ["https://host.example/v"], "brackets of the sentence"),
    ("https://host.example/a_(b)", ["https://host.example/a_(b)"], "brackets of the address"),
    ("see <https://host.example/v>, thanks", ["https://host.example/v"], "angle brackets"),
    ("[link](https://host.example/v)", ["https://host.example/v"], "markdown"),
    ("「https://host.example/v」", ["https://host.example/v"], "Japanese quotes"),
    ("https://host.example/v.", ["https://host.example/v"], "full stop"),
    ("https://host.example/v?a=1&amp;b=2!!", ["https://host.example/v?a=1&b=2"], "escaped ampersand"),
    ("https://host.example/v?u=https://b.example/1",
     ["https://host.example/v?u=https://b.example/1"], "address as a value"),
    ("https://a.example/1,https://b.example/2", ["https://a.example/1", "https://b.example/2"], "comma, no space"),
    ("https://a.example/1\r\nhttps://b.example/2\thttps://c.example/3",
     ["https://a.example/1", "https://b.example/2", "https://c.example/3"], "white space of all kinds"),
    ("www.host.example/v", ["https://www.host.example/v"], "no scheme"),
    ("host.com", ["https://host.com"], "bare host"),
    ("t.me/somechannel/44", ["https://t.me/somechannel/44"], "short host"),
    ("ｈｔｔｐｓ：／／ｈｏｓｔ．example／v", ["https://host.example/v"], "full width"),
    ("https://host\u200b.example/v", ["https://host.example/v"], "zero-width space"),
    ("https://host.example:8443/v", ["https://host.example:8443/v"], "port"),
    ("http://203.0.113.9/v", ["http://203.0.113.9/v"], "literal address"),
    ("https://한글.한국/v", ["https://한글.한국/v"], "Korean host"),
    ("https://host.example/v https://host.example/v/ http://www.host.example/v#t=3",
     ["https://host.example/v"], "same page"),
    ("mail me: someone@host.com", [], "e-mail is no page"),
    ("the file video.mp4 and 사진.jpg", [], "file names are no hosts"),
    ("어제 봤어요. 무서워요", [], "only words"),
    ("https://", [], "nothing behind the scheme"),
    ("ftp://host.example/v javascript:alert(1)", [], "other schemes"),
    ("", [], "nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected", "why"), PASTED, ids=[why for *_, why in PASTED])
def test_addresses_are_found_in_what_someone_pastes(text: str, expected: list[str], why: str) -> None:
    assert parse_urls(text) == expected


def test_a_hundred_pasted_addresses_are_all_found_once() -> None:
    lines = [f"{n}. hxxps://host{n}[.]example/v/{n}?id={n} 여기" for n in range(100)]
    assert len(parse_urls("\n".join(lines + lines))) == 100


def test_a_megabyte_of_nonsense_is_read_in_a_moment() -> None:
    assert parse_urls("a.b-" * 250_000) == []
