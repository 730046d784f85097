"""The site's own pages: addresses and forms in its footer, and on the pages its footer calls contact, abuse or DMCA.

Pages come from strangers: they are parsed, never rendered; what they name is a suggestion that a person looks at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urljoin, urlsplit

from django.utils.translation import gettext as _
from selectolax.lexbor import LexborHTMLParser, LexborNode

from cases.addresses import FetchError
from cases.web import Fetched
from takedown.directory.errands import Errands, Found, SourceTrouble
from takedown.directory.models import Suggestion
from takedown.directory.names import site_name

Kind = Suggestion.Kind
MOST_PAGES = 3
MOST = 8
MOST_TEXT = 300_000
# A page that repeats itself a thousand times must not cost a thousand times as much.
MOST_ZONES, MOST_MAILS, MOST_LINKS = 10, 100, 2000
FOOTERS = "footer, address, [class*='foot'], [id*='foot']"
MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}")
AT = re.compile(r"\s{0,2}[\[({<]\s?(?:at|@|골뱅이|アット)\s?[\])}>]\s{0,2}", re.IGNORECASE)
DOT = re.compile(r"\s{0,2}[\[({<]\s?(?:dot|\.|점|ドット)\s?[\])}>]\s{0,2}", re.IGNORECASE)
# What footers call such pages and addresses, by what they are for: en, ko, ja, zh, ru, vi, th, es, de, fr, id.
WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (Kind.ABUSE, (
        "abuse", "report", "removal", "remove content", "takedown", "take down", "csam", "2257", "신고", "삭제 요청",
        "삭제요청", "불법촬영", "通報", "削除", "举报", "舉報", "檢舉", "投诉", "删除", "刪除", "жалоб", "пожаловаться", "удалени",
        "báo cáo", "gỡ bỏ", "vi phạm", "แจ้ง", "รายงาน", "ลบ", "denuncia", "reportar", "eliminar", "missbrauch", "melden",
        "signaler", "signalement", "laporkan", "penghapusan",
    )),
    (Kind.COPYRIGHT, (
        "dmca", "copyright", "legal", "저작권", "권리침해", "게시중단", "법적", "著作権", "権利侵害", "プロバイダ責任", "版权", "版權",
        "著作權", "侵权", "侵權", "авторск", "правооблад", "bản quyền", "ลิขสิทธิ์", "derechos de autor", "urheberrecht",
        "droit d", "hak cipta",
    )),
    (Kind.GENERAL, (
        "contact", "support", "help", "imprint", "문의", "연락", "고객", "이메일", "お問い合わせ", "問い合わせ", "問合せ", "連絡",
        "联系", "聯絡", "聯繫", "客服", "контакт", "обратная связь", "поддержк", "liên hệ", "hỗ trợ", "ติดต่อ", "contacto",
        "soporte", "kontakt", "impressum", "nous contacter", "mentions", "hubungi", "kontak",
    )),
)  # fmt: skip
LOCAL_PARTS = (
    (Kind.ABUSE, ("abuse", "report", "takedown", "removal", "trust", "safety")),
    (Kind.COPYRIGHT, ("dmca", "copyright", "legal", "law")),
)
RANK = {Kind.ABUSE: 0, Kind.COPYRIGHT: 1, Kind.GENERAL: 2, Kind.SECURITY: 3}


def of_site(host: str, errands: Errands, reaches: str) -> list[Found]:
    """The best addresses of the home page and of at most three pages it links to. Raises SourceTrouble, FetchError."""
    home = _home(host, errands)
    found = list(read(home, reaches))
    for url in list(onward(home, host))[:MOST_PAGES]:
        try:
            page = errands.page(url)
        except (FetchError, SourceTrouble):
            continue  # one page less; the home page was read
        if page.status == 200 and site_name(_host(page.final_url)) == site_name(host):
            found += read(page, reaches)
    if not found:
        raise SourceTrouble(_("The site's pages name no address."))
    best = {one.address.lower(): one for one in sorted(found, key=lambda one: RANK[Kind(one.kind)], reverse=True)}
    return sorted(best.values(), key=lambda one: RANK[Kind(one.kind)])[:MOST]


def _home(host: str, errands: Errands) -> Fetched:
    try:
        page = errands.page(f"https://{host}/")
    except FetchError as error:
        if error.reason_code in ("refused_address", "over_budget", "later"):
            raise
        page = errands.page(f"http://{host}/")
    if page.status != 200:
        raise SourceTrouble(_("The site answered with status %(status)d.") % {"status": page.status})
    return page


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


# --- links -------------------------------------------------------------------------------------------------------
def onward(page: Fetched, host: str) -> Iterator[str]:
    """Pages of the same site whose links speak of abuse, then law, then contact; each once."""
    weighed: dict[str, int] = {}
    for link in LexborHTMLParser(page.text()[:MOST_TEXT]).css("a[href]")[:MOST_LINKS]:
        words = (link.text(), link.attributes.get("title") or "", link.attributes.get("href") or "")
        kind = kind_of(" ".join(word[:200] for word in words))
        url = _absolute(page.final_url, link.attributes.get("href") or "")
        if kind and url and site_name(_host(url)) == site_name(host):
            weighed[url] = min(RANK[kind], weighed.get(url, 9))
    weighed.pop(page.final_url, None)
    yield from sorted(weighed, key=lambda url: weighed[url])


def _absolute(base: str, href: str) -> str:
    try:
        url = urljoin(base, href.strip()).partition("#")[0]
        return url if urlsplit(url).scheme in ("http", "https") else ""
    except ValueError:
        return ""


def kind_of(text: str) -> Kind | None:
    """What a link or a line is about, by its words; None for anything else."""
    lower = text.lower()
    return next((Kind(kind) for kind, words in WORDS if any(word in lower for word in words)), None)


# --- addresses ---------------------------------------------------------------------------------------------------
def read(page: Fetched, reaches: str) -> Iterator[Found]:
    """Every address a page names, and the page itself where it is a form about abuse or law.

    On a page that is about nothing of the kind, visitors write too: there an address of another domain counts only
    where it stands in the footer.
    """
    tree = LexborHTMLParser(page.text()[:MOST_TEXT])
    about = kind_of(f"{_title(tree)} {urlsplit(page.final_url).path}")
    for node in tree.css("script, style, noscript, template"):
        node.decompose()
    own = site_name(_host(page.final_url))
    in_footer = {address for zone in tree.css(FOOTERS)[:MOST_ZONES] for address, _words in _mails(zone)}
    for address, words in _mails(tree.body) if tree.body else ():
        if about or address in in_footer or site_name(address.rpartition("@")[2].lower()) == own:
            yield Found("email", address, _kind(address, words, about), reaches, page.final_url)
    if about in (Kind.ABUSE, Kind.COPYRIGHT) and tree.css_first("form textarea"):
        yield Found("form", page.final_url, about, reaches, page.final_url)


def _title(tree: LexborHTMLParser) -> str:
    heading = tree.css_first("h1")
    title = tree.css_first("title")
    return " ".join(node.text() for node in (title, heading) if node)


def _kind(address: str, words: str, about: Kind | None) -> Kind:
    """By the mailbox's own name, then the words beside it, then the page's title."""
    local = address.partition("@")[0].lower()
    named = next((kind for kind, parts in LOCAL_PARTS if any(part in local for part in parts)), None)
    return named or kind_of(words) or about or Kind.GENERAL


def _mails(within: LexborNode) -> Iterator[tuple[str, str]]:
    """(address, the words beside it): from mailto links, from what Cloudflare hides from harvesters, from plain text."""
    for link in within.css("a[href^='mailto:'], a[href^='MAILTO:']")[:MOST_MAILS]:
        address = unquote((link.attributes.get("href") or "")[7:].partition("?")[0]).split(",")[0].strip()
        yield address, _beside(link)
    for node in within.css("[data-cfemail]")[:MOST_MAILS]:
        if address := _uncovered(node.attributes.get("data-cfemail") or ""):
            yield address, _beside(node)
    for line in within.text(separator="\n").splitlines():
        for found in MAIL.finditer(DOT.sub(".", AT.sub("@", line[:2000]))):
            yield found.group(), line[:200]


def _beside(node: LexborNode) -> str:
    """The link's words, and those around it unless other links stand there too."""
    parent = node.parent
    alone = parent is not None and len(parent.css("a")) <= 1
    return f"{node.text()} {parent.text()[:200] if parent and alone else ''}"


def _uncovered(code: str) -> str:
    """The address in a `data-cfemail`: hexadecimal, the first byte is the key of all others."""
    try:
        raw = bytes.fromhex(code[:400])
        return bytes(byte ^ raw[0] for byte in raw[1:]).decode("ascii")
    except (ValueError, IndexError):
        return ""
