"""What one look at an address means: up, absent, replaced, moved, walled, blocked, delisted or unreachable. Pure.

Only "absent" can become a removal, and everything doubtful is something else: a wall, a block or a soft error page is
never taken for a deletion (legal.md 6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from django.utils.translation import gettext as _
from selectolax.lexbor import LexborHTMLParser

GONE = frozenset({404, 410})
# 416: the server does not like our range, so there is something to have a range of.
THERE = frozenset({*range(200, 300), 416})
FOR_GOOD = frozenset({301, 308})
# Where Korean networks send those who ask for a blocked address (known from use; no statute names it).
BLOCK_PAGES = ("warning.or.kr", "www.warning.or.kr")
# An error page is short; a page of a thousand words that says "deleted" somewhere is a page that is there.
SHORT_PAGE = 600

# Whole sentences of error pages, in the languages of our hosts; single words would be found in comments.
_GONE_WORDS = (
    r"(video|page|post|content|file|image|clip)( you requested)? (was|has been|is) (removed|deleted|no longer available)",
    r"no longer (available|exists)", r"(page|video|file) not found", r"does not exist",
    r"삭제된? ?(게시물|게시글|영상|동영상|페이지|콘텐츠|글)", r"삭제되었", r"존재하지 않는", r"찾을 수 없",
    r"削除され", r"見つかりません", r"存在しません", r"已(被)?[删刪]除", r"不存在", r"удал[её]н", r"не найден[ао]?",
    r"đã bị (xóa|gỡ)", r"không tồn tại", r"không tìm thấy", r"ถูกลบ", r"ไม่พบ", r"eliminad[oa]", r"no existe",
    r"telah dihapus", r"tidak ditemukan", r"gelöscht", r"nicht gefunden", r"supprimé", r"introuvable",
)  # fmt: skip
_LOGIN_WORDS = (
    r"(log|sign) ?in", r"members only", r"로그인", r"회원만", r"ログイン", r"会員", r"登录", r"登錄", r"登入", r"войдите",
    r"авториз", r"đăng nhập", r"เข้าสู่ระบบ", r"inici(e|ar|a) sesión", r"masuk", r"anmelden", r"einloggen", r"connexion",
    r"connectez-vous",
)  # fmt: skip
_GEO_WORDS = (
    r"not available (in|from) your (country|region|location)", r"(blocked|unavailable|restricted) in your (country|region)",
    r"(국가|지역)에서(는)? (이용|시청|접속|볼|사용)", r"お住まいの(国|地域)", r"所在(的)?(国家|國家|地区|地區)",
    r"в вашей стране", r"quốc gia của bạn", r"ในประเทศของคุณ", r"en su (país|región)", r"di negara anda",
    r"in ihrem land", r"dans votre (pays|région)",
)  # fmt: skip
GONE_TEXT, LOGIN_TEXT, GEO_TEXT = (
    re.compile("|".join(words), re.IGNORECASE) for words in (_GONE_WORDS, _LOGIN_WORDS, _GEO_WORDS)
)


@dataclass(frozen=True)
class Answer:
    """What one address said: its HTTP status, or the reason why there was none.

    `head` is the digest of the first bytes ("sha256:…") where bytes came; `digest` of the whole, where it was all;
    `size` the whole length where the site said it. `moved_to` is set by a lasting redirect to another address.
    """

    url: str
    status: int | None
    reason: str = ""
    text: str = ""
    is_page: bool = False
    final_url: str = ""
    moved_to: str = ""
    media_type: str = ""
    head: str = ""
    digest: str = ""
    size: int | None = None

    @property
    def gone(self) -> bool:
        return self.status in GONE

    @property
    def there(self) -> bool:
        return self.status in THERE


@dataclass(frozen=True)
class Known:
    """What the medium was when it was known to be the victim's. Empty fields are not compared.

    `digest` and `size` only where the site sends the same bytes every time; `head` from the first look after sending.
    """

    digest: str = ""
    size: int | None = None
    head: str = ""


@dataclass(frozen=True)
class Finding:
    outcome: str
    status: int | None
    reason: str


def judge(page: Answer, media: Answer, known: Known, *, shown: bool, is_search: bool = False) -> Finding:
    """One finding from both answers. `shown`: the page still embeds the medium. `page is media` for one address."""
    if wall := _wall(media):
        return wall
    if media.there and media.is_page and media is not page:
        return _page_in_place_of_medium(media)
    if media is page and media.there and media.is_page and _says_gone(media):
        return _absent(media, is_search)
    if media.there:
        return _still_there(media, page, known)
    if wall := _wall(page):
        return wall
    if page.there and media.gone and shown:
        return Finding("up", media.status, "")
    if media.gone and (page.gone or page.there):
        return _absent(media, is_search)
    unclear = page if media.gone else media
    return Finding("unreachable", unclear.status, unclear.reason or _why_unclear(unclear.status))


def _absent(media: Answer, is_search: bool) -> Finding:
    if is_search:
        return Finding("delisted", media.status, _("Not listed any more. At its source it may still be there."))
    return Finding("absent", media.status, "")


def _still_there(media: Answer, page: Answer, known: Known) -> Finding:
    if _differs(media, known):
        return Finding("replaced", media.status, _("The address sends something else than before. Please look at it."))
    moved = media.moved_to or page.moved_to
    if moved:
        return Finding("moved", media.status, _("It is now at %(url)s") % {"url": moved})
    return Finding("up", media.status, "")


def _differs(media: Answer, known: Known) -> bool:
    """True only when something comparable is not the same."""
    if known.digest and media.digest:
        return media.digest != known.digest
    if known.size and media.size:
        return media.size != known.size
    return bool(known.head and media.head and media.head != known.head)


def _wall(answer: Answer) -> Finding | None:
    """A wall in front of the address: it says nothing of what is behind."""
    if (urlsplit(answer.final_url).hostname or "") in BLOCK_PAGES:
        return Finding("blocked", answer.status, _("The network in Korea blocks this address. Blocked is not removed."))
    if answer.status == 451:
        why = _("The site says it is blocked for legal reasons here. Blocked is not removed.")
        return Finding("geo", answer.status, why)
    words = readable(answer)
    if (answer.status == 403 or _is_short(words)) and GEO_TEXT.search(words):
        return Finding(
            "geo", answer.status, _("The site is closed to visitors from this country. That is not a removal.")
        )
    if answer.status in (401, 403):
        sentence = _("The site asks for a log-in or refuses us (%(status)d). That is not a removal.")
        return Finding("login", answer.status, sentence % {"status": answer.status})
    return None


def _page_in_place_of_medium(media: Answer) -> Finding:
    if _says_gone(media):
        return Finding("absent", media.status, "")
    words = readable(media)
    if LOGIN_TEXT.search(words) or "password" in media.text.lower():
        why = _("Where the medium was, the site asks for a log-in. That is not a removal.")
        return Finding("login", media.status, why)
    why = _("Where the medium was, a page answers. It may ask for a log-in: that is not a removal.")
    return Finding("unreachable", media.status, why)


def _says_gone(answer: Answer) -> bool:
    """A short page that says in a whole sentence that it is gone, and asks for no log-in to say more."""
    words = readable(answer)
    return _is_short(words) and bool(GONE_TEXT.search(words)) and not LOGIN_TEXT.search(words)


def _is_short(words: str) -> bool:
    return 0 < len(words) <= SHORT_PAGE


def readable(answer: Answer) -> str:
    """The words of a page as a visitor reads them; empty for what is no page."""
    if not answer.is_page or not answer.text:
        return ""
    tree = LexborHTMLParser(answer.text)
    for node in tree.css("script, style, noscript, template"):
        node.decompose()
    title = tree.css_first("title")
    body = tree.body.text(separator=" ") if tree.body else ""
    return " ".join(f"{title.text() if title else ''} {body}".split())


def bare(url: str) -> str:
    """The address without what stands behind the question mark."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def _why_unclear(status: int | None) -> str:
    return _("The site answered %(status)d. That is not a removal.") % {"status": status or 0}
