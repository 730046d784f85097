"""Web addresses out of whatever someone pastes: chat logs, defanged lists, sentences."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MOST = 300
LONGEST = 2000
# Full-width Latin letters and signs, as East Asian keyboards write them.
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x3002: 0x2E}
INVISIBLE = dict.fromkeys([0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])
DEFANGED = (
    (re.compile(r"\bh(?:xx|\*\*|tt|XX)p(s?)\s*(?:\[:\]|\(:\)|:)\s*(?://|\[//\]|\\\\)", re.IGNORECASE), r"http\1://"),
    (re.compile(r"\[:\]//"), "://"),
    (re.compile(r"[ \t]?(?:\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)|\{dot\})[ \t]?", re.IGNORECASE), "."),
    (re.compile(r"\[/\]"), "/"),
    (re.compile(r"&amp;"), "&"),
)
STOP = r"\s<>\"'`|\\^{}「」『』【】《》〈〉“”‘’"
LETTER = "a-z0-9가-힣一-鿿ぁ-ヿа-я"
HOST = rf"(?:[{LETTER}][{LETTER}_-]{{0,62}}\.)+(?:[a-z]{{2,24}}|xn--[a-z0-9-]{{2,59}}|한국|рф)"
WITH_SCHEME = re.compile(rf"https?://[^{STOP}]+", re.IGNORECASE)
# Without a scheme only what looks like a host counts, and no e-mail address.
BARE = re.compile(rf"(?<![@\w./:%-])(?:{HOST})(?::\d{{2,5}})?(?:/[^{STOP}]*)?(?![@\w])", re.IGNORECASE)
FILE_ENDINGS = frozenset({
    "mp4", "mov", "mkv", "webm", "avi", "gif", "wmv", "m4v", "ts", "mp3", "jpg", "jpeg", "png", "webp", "heic",
    "txt", "pdf", "doc", "docx", "hwp", "zip", "rar", "exe", "html", "htm", "php",
})  # fmt: skip
# Korean glues particles to the word before: "https://a.example/1에 있어요".
PARTICLE = re.compile(
    r"(?<=[A-Za-z0-9/=_&%#?.-])(?:에서|에요|에도|에는|이에요|예요|입니다|이고|이랑|하고|부터|까지|으로|로|에|를|을|은|는|이|가|도|와|과|의|랑)"
    r"(?:요|만|도|는)?$"
)
TRAILING = ".,;:!?…·*~、。！？）】"
PAIRS = {")": "(", "]": "[", "}": "{"}


def parse_urls(text: str) -> list[str]:
    """http and https addresses in order of appearance, without duplicates, at most MOST.

    Understands hxxp, [.], (dot), full-width letters, missing schemes, glued Korean particles and closing punctuation.
    """
    text = _refanged(text)
    found: dict[str, str] = {}
    for _start, raw in sorted(_spans(text)):
        url = _tidy(raw)
        if url:
            found.setdefault(_same(url), url)
    return list(found.values())[:MOST]


def _refanged(text: str) -> str:
    text = text.translate(INVISIBLE).translate(FULL_WIDTH)
    for pattern, clear in DEFANGED:
        text = pattern.sub(clear, text)
    return re.sub(r"(?<=[^\s])(?=https?://)", " ", text, flags=re.IGNORECASE) if _glued(text) else text


def _glued(text: str) -> bool:
    """Two addresses without a space between: never inside a query, where an address may be a value."""
    return bool(re.search(r"[,;|가-힣)]https?://", text))


def _spans(text: str) -> list[tuple[int, str]]:
    spans = [(found.start(), found.group()) for found in WITH_SCHEME.finditer(text)]
    rest = WITH_SCHEME.sub(lambda found: " " * len(found.group()), text)
    bare = [(found.start(), found.group()) for found in BARE.finditer(rest)]
    return spans + [(start, f"https://{word}") for start, word in bare if _plausible(word)]


def _plausible(word: str) -> bool:
    """A host without a scheme: not a file name, and not two words of a sentence with a forgotten space."""
    host, slash, _path = word.partition("/")
    ending = host.rsplit(".", 1)[1].lower().split(":")[0]
    return bool(slash) or (ending not in FILE_ENDINGS)


def _tidy(raw: str) -> str:
    """Without what belongs to the sentence around it; host in lower case; "" when nothing usable is left."""
    url = raw
    while True:
        shorter = PARTICLE.sub("", url.rstrip(TRAILING))
        if shorter and shorter[-1] in PAIRS and shorter.count(shorter[-1]) > shorter.count(PAIRS[shorter[-1]]):
            shorter = shorter[:-1]
        if shorter == url:
            break
        url = shorter
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _port = parts.port
    except ValueError:
        return ""
    if len(url) > LONGEST or not re.fullmatch(rf"{HOST}|[0-9.]{{7,15}}|localhost|[0-9a-f:]+", host):
        return ""
    return parts._replace(scheme=parts.scheme.lower(), netloc=_lower_host(parts.netloc)).geturl()


def _lower_host(netloc: str) -> str:
    account, at, host = netloc.rpartition("@")
    return account + at + host.lower()


def _same(url: str) -> str:
    """Equal for addresses that lead to the same page."""
    return re.sub(r"^https?://(www\.)?", "", url.split("#", 1)[0]).rstrip("/")
