"""Parts an answer from the mail it quotes, for the mail programs that Korean, Japanese, Russian and English hosts use.

Three signs, of which the first one down the page counts:
- a line that introduces a quotation ("On … wrote:", "…님이 작성:", "пн, 23 нояб. … :"), followed by `>` or to the end;
- a divider ("-----Original Message-----", "----- 원본 메일 -----", "-----元のメッセージ-----");
- the head of the old mail written out (From/Sent/To/Subject, 보낸 사람/보낸 날짜/받는 사람/제목, …), three lines of it.
`>` lines are quoted wherever they stand, so that answers between quoted lines are kept.
"""

# ruff: noqa: E501  (one language a line)
from __future__ import annotations

import re
from dataclasses import dataclass

MOST_LINES = 5000
LONGEST_INTRODUCTION = 400
ADDRESS = r"[<(\[\"“]?[^\s<>]{1,64}@[^\s<>]{1,255}[>)\]\"”]?"
CLOCK = r"\d{1,2}[:：.时時시]\s?\d{2}"

# Each matches a whole introducing line (two lines joined where a program wraps it).
INTRODUCTIONS = [re.compile(pattern, re.IGNORECASE) for pattern in (
    # English: Gmail, Apple Mail, Thunderbird; Outlook for the web
    r"^(on|le|el|am|vào|pada|op|il|em)\b.{4,300}\b(wrote|a écrit|escribió|schrieb.{0,120}|đã viết|menulis|ha scritto|escreveu)\s?[:：]$",
    # Korean: Gmail "님이 작성:", Naver and Apple Mail "작성:", Thunderbird "이(가) 쓴 글:", Daum
    r"^.{0,300}\d{4}\s?[년.\-/].{0,300}(님이\s?작성|이\(가\)\s?(작성|쓴 글)|이\(가\) 쓴 메시지|작성|보낸 메일|쓴 글)\s?[:：]$",
    # Japanese: Gmail "2026年11月23日(月) 15:04 名前 <a@b>:", Apple Mail "…のメール:", Thunderbird "… は書きました:"
    r"^.{0,20}\d{4}\s?[年/].{0,60}" + CLOCK + r".{0,200}(" + ADDRESS + r"|のメール|は書きました|さんは書きました|wrote)\s?[:：]$",
    # Chinese: Gmail "… 于2026年11月23日周一 15:04写道：", "… 於 … 寫道："
    r"^.{0,200}\d{4}\s?年.{0,200}(写道|寫道|写信道)\s?[:：]$",
    # Russian: Gmail "пн, 23 нояб. 2026 г. в 15:04, Имя <a@b>:", Mail.ru "Понедельник, 23 ноября 2026, 15:04 +03:00 от …:"
    r"^.{0,40}\d{1,2}\s[а-яё]{3,9}\.?\s\d{4}.{0,60}" + CLOCK + r".{0,200}(" + ADDRESS + r"|пишет|писал\(?а?\)?)\s?[:：]$",
    # Yandex "23.11.2026, 15:04, "Имя" <a@b>:"; Thunderbird "23.11.2026 15:04, Имя пишет:"
    r"^.{0,10}\d{1,2}[./]\d{1,2}[./]\d{4},?\s.{0,20}" + CLOCK + r".{0,200}(" + ADDRESS + r"|пишет|писал\(?а?\)?|schrieb.{0,120}|wrote)\s?[:：]$",
    r"^ในวันที่.{4,300}เขียนว่า\s?[:：]$",
)]  # fmt: skip

WORDS_OF_DIVIDERS = (
    "original message", "original-nachricht", "ursprüngliche nachricht", "forwarded message", "reply message", "original mail",
    "원본 메시지", "원본 메일", "원본메시지", "원본메일", "메시지 원본", "원문", "전달된 메시지", "전달된 메일",
    "元のメッセージ", "オリジナルメッセージ", "元のメール", "転送メッセージ", "転送されたメッセージ",
    "исходное сообщение", "пересылаемое сообщение", "пересланное сообщение", "конец пересылаемого сообщения", "исходное письмо",
    "原始邮件", "原始郵件", "原邮件", "转发邮件", "轉寄郵件", "tin nhắn gốc", "thư gốc", "mensaje original", "message d'origine", "message original",
    "ข้อความต้นฉบับ", "pesan asli",
)  # fmt: skip
DIVIDER = re.compile(r"^\s*[-_=*]{2,}\s*(" + "|".join(map(re.escape, WORDS_OF_DIVIDERS)) + r")\s*[-_=*]{0,}\s*$", re.I)

# The written-out head: sender, date, recipient, subject in the words of Outlook, Naver, Daum, Yandex and others.
HEAD_WORDS = (
    "from|sent|date|to|cc|subject|reply-to|보낸\\s?사람|보낸\\s?날짜|보낸\\s?이|보낸\\s?시간|받는\\s?사람|받는\\s?이|참조|제목|날짜|발신|수신|"
    "差出人|送信者|送信日時|送信日|日時|日付|宛先|件名|от|от кого|кому|копия|дата|отправлено|тема|"
    "发件人|發件人|寄件者|寄件人|发送时间|发送日期|寄件日期|日期|收件人|收件者|抄送|主题|主旨|"
    "von|gesendet|an|betreff|de|envoyé|à|objet|enviado|para|asunto|từ|gửi|đến|chủ đề|จาก|ส่ง|ถึง|เรื่อง|dari|dikirim|kepada|subjek"
)
HEAD_LINE = re.compile(rf"^\s*[*_]{{0,2}}({HEAD_WORDS})\s?[*_]{{0,2}}\s?[:：]", re.I)
FIRST_HEAD_LINE = re.compile(
    r"^\s*[*_]{0,2}(from|보낸\s?사람|보낸\s?이|발신|差出人|送信者|от|от кого|发件人|發件人|寄件者|寄件人|von|de|từ|จาก|dari)\s?[*_]{0,2}\s?[:：]",
    re.I,
)
HEAD_LINES_NEEDED = 3
RULE = re.compile(r"^\s*[-_=]{5,}\s*$")


@dataclass(frozen=True)
class Parted:
    """What they wrote now, and what stood below it."""

    fresh: str
    quoted: str


def part(text: str) -> Parted:
    """Parts the text of a mail. A mail that is nothing but a quotation has an empty `fresh`."""
    lines = text.split("\n")[:MOST_LINES]
    fresh: list[str] = []
    quoted: list[str] = []
    at = 0
    while at < len(lines):
        length = _introduction(lines, at)
        if _begins_old_mail(lines, at) or (length and not _is_quoted_next(lines, at + length)):
            quoted += lines[at:]
            break
        if length:
            quoted += lines[at : at + length]
            at += length
            continue
        (quoted if lines[at].lstrip().startswith(">") else fresh).append(lines[at])
        at += 1
    while fresh and (not fresh[-1].strip() or RULE.match(fresh[-1])):
        fresh.pop()
    return Parted("\n".join(fresh).strip(), "\n".join(quoted).strip())


def _introduction(lines: list[str], at: int) -> int:
    """How many lines (1 to 3) introduce a quotation here; 0 when none does."""
    for length in (1, 2, 3):
        if at + length > len(lines) or not lines[at + length - 1].strip():
            return 0
        joined = " ".join(line.strip() for line in lines[at : at + length])
        if len(joined) <= LONGEST_INTRODUCTION and any(pattern.match(joined) for pattern in INTRODUCTIONS):
            # A sentence above must not be swallowed with a wrapped introduction below it.
            return length if length == 1 or not _introduction(lines, at + 1) else 0
    return 0


def _is_quoted_next(lines: list[str], at: int) -> bool:
    return any(line.lstrip().startswith(">") for line in [one for one in lines[at:] if one.strip()][:1])


def _begins_old_mail(lines: list[str], at: int) -> bool:
    if DIVIDER.match(lines[at]):
        return True
    if not FIRST_HEAD_LINE.match(lines[at]):
        return False
    head = [line for line in lines[at : at + 8] if line.strip()]
    return sum(bool(HEAD_LINE.match(line)) for line in head) >= HEAD_LINES_NEEDED
