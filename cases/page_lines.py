"""Finds facts in the readable lines of a page, by the words sites put beside them: "조회수 1.2만", "Posted by …"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cases.posted_times import find_moment

LONGEST_LINE = 200
MOST_LINES = 800
SCALES = {
    "천": 1e3, "만": 1e4, "억": 1e8, "千": 1e3, "万": 1e4, "萬": 1e4, "億": 1e8, "亿": 1e8, "k": 1e3, "m": 1e6, "b": 1e9,
    "тыс": 1e3, "млн": 1e6, "mil": 1e3, "rb": 1e3, "jt": 1e6, "tr": 1e6, "n": 1e3,
}  # fmt: skip
_SPACE = "[ \u00a0\u202f]"
# Bounded, and never begun in the middle of a number: a hostile page must not make reading it slow.
NUMBER = rf"(?<![\d.,])\d{{1,12}}(?:{_SPACE}\d{{3}}|[.,]\d{{1,3}}){{0,4}}(?!\d)"
COUNT = (
    rf"{NUMBER}(?:{_SPACE}?(?:천|만|억|千|万|萬|億|亿|[kKmMbB](?![a-zA-Z])|тыс\.?|млн\.?|mil(?!\w)|rb(?!\w)|jt(?!\w)))?"
)
VIEWS = (
    r"조회\s?수?|읽음|views?|plays|просмотр(?:ов|ы|а)?|再生(?:回数|数)?|閲覧(?:回数|数)?|視聴(?:回数|数)?|播放(?:量|次数)?|观看(?:次数)?"
    r"|浏览|vues|vistas|visualizaciones|visualizações|lượt xem|aufrufe"
)
COMMENTS = (
    r"댓글(?:\s?수)?|덧글|코멘트|comments?|コメント(?:数)?|комментари(?:ев|й|я|и)|评论|評論|留言"
    r"|commentaires?|comentarios?|bình luận|kommentare?"
)
UPLOADER = (
    r"작성자|글쓴이|게시자|올린\s?이|업로더|등록자|닉네임|(?:posted|uploaded|submitted|published|added)\s+by|uploader|author"
    r"|投稿者|アップロード者|作者|上传者|发布者|автор|загрузил[аи]?|опубликовал[аи]?|добавил[аи]?|publicado por|subido por"
    r"|publié par|người đăng|hochgeladen von"
)
POSTED = (
    r"작성일|등록일|게시일|업로드(?:일|\s?날짜)?|올린\s?날|작성\s?시간|posted|uploaded|published|added|date|投稿日時?|公開日|アップロード日"
    r"|发布(?:时间|于|日期)|上传(?:时间|于)|дата|опубликовано|добавлено|загружено|publicado|subido|publié|đăng|veröffentlicht"
)
_BEFORE = r"(?:^|[\s|·•/,(\[])"
# What ends a name on a line that holds more than the name.
_NAME_END = re.compile(
    r"\s{2,}|　|\s[|·•ㆍㅣ/–—-]\s|[|·•ㆍㅣ\t]|\s(?:on|at|в|am)\s(?=.*\d)|\s(?=\d{4}[-./년年])|\s(?=조회|댓글)"
)
VIEWS_AFTER = re.compile(rf"{_BEFORE}(?:{VIEWS})\s*[:：]?\s*(?P<n>{COUNT})", re.IGNORECASE)
VIEWS_BEFORE = re.compile(rf"(?P<n>{COUNT})\s?(?:회|回|次|x)?\s?(?:{VIEWS})(?!\w)", re.IGNORECASE)
COMMENTS_AFTER = re.compile(rf"{_BEFORE}(?:{COMMENTS})\s*[:：(\[]?\s*(?P<n>{COUNT})", re.IGNORECASE)
COMMENTS_BEFORE = re.compile(rf"(?P<n>{COUNT})\s?(?:개의?|件の?|条)?\s?(?:{COMMENTS})(?!\w)", re.IGNORECASE)
UPLOADER_LINE = re.compile(rf"{_BEFORE}(?:{UPLOADER})(?P<colon>\s*[:：]\s*|\s+)(?P<name>\S.*)", re.IGNORECASE)
UPLOADER_ALONE = re.compile(rf"^(?:{UPLOADER})\s*[:：]?$", re.IGNORECASE)
POSTED_LABEL = re.compile(rf"{_BEFORE}(?:{POSTED})(?!\w)", re.IGNORECASE)
# Words of running text that also stand before names: only with a colon are they labels.
PROSE = re.compile(rf"{_BEFORE}(?:author|작성자|글쓴이|작성|автор|作者|닉네임|게시자|投稿者)\s", re.IGNORECASE)


class LineFact(NamedTuple):
    """`number` counts lines from 1; `labelled` when the page itself says what the value is."""

    name: str
    value: str
    said: str
    number: int
    labelled: bool


def read_lines(lines: Sequence[str], language: str = "") -> Iterator[LineFact]:
    """Facts in the order of the lines."""
    lines = [line.strip()[:LONGEST_LINE] for line in lines[:MOST_LINES]]
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        before = lines[number - 2] if number > 1 else ""
        uploader = _uploader(line, before)
        if uploader:
            yield LineFact("uploader", uploader, line, number, True)
        views = _count(line, VIEWS_AFTER, VIEWS_BEFORE)
        comments = _count(line, COMMENTS_AFTER, COMMENTS_BEFORE)
        for name, count in (("views", views), ("comments", comments)):
            if count:
                yield LineFact(name, str(parse_count(count)), count, number, True)
        if moment := find_moment(line, language):
            labelled = bool(uploader or views or POSTED_LABEL.search(line) or POSTED_LABEL.search(before))
            yield LineFact("posted_at", moment.value, moment.said, number, labelled)


def _uploader(line: str, before: str) -> str:
    found = UPLOADER_LINE.search(line)
    if found and not (":" not in found["colon"] and "：" not in found["colon"] and _is_prose(line)):
        return _name(found["name"])
    return _name(line) if UPLOADER_ALONE.match(before) and not UPLOADER_ALONE.match(line) else ""


def _is_prose(line: str) -> bool:
    return bool(PROSE.search(line)) and len(line.split()) > 6


def _name(text: str) -> str:
    name = _NAME_END.split(text, maxsplit=1)[0].strip(" :：,;.")
    return name if 0 < len(name) <= 60 and not name.isspace() else ""


def _count(line: str, *patterns: re.Pattern[str]) -> str:
    for pattern in patterns:
        found = pattern.search(line)
        if found and parse_count(found["n"]) is not None:
            return found["n"].strip()
    return ""


def parse_count(text: str) -> int | None:
    """ "1,234", "1.2만", "12만 3천", "3,4 тыс.", "1.2M" as a whole number; None where it is none."""
    pieces = re.findall(rf"({NUMBER}){_SPACE}?([^\d\s.,]*)", text.strip())
    total = 0.0
    for digits, scale in pieces:
        factor = SCALES.get(scale.lower().rstrip("."))
        grouped = re.sub(_SPACE, "", digits)
        if factor:
            total += float(grouped.replace(",", ".")) * factor if grouped.count(",") + grouped.count(".") < 2 else 0
        elif re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+|\d+", grouped):
            total += int(re.sub(r"[.,]", "", grouped))
        else:
            return None
    return round(total) if pieces else None
