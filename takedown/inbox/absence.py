"""The words of automatic answers and of absence, in the languages hosts write in."""

# ruff: noqa: E501  (one language a line)
from __future__ import annotations

import re

BEGINNING = 1500

# How a mail program begins the subject of what it answers by itself.
AUTOMATIC_SUBJECT = re.compile(
    r"^\s*\[?(auto(matic|mated)?[- ]?(reply|response|answer)|autoreply|autoresponse|"
    r"자동\s?(회신|응답|답장)|부재\s?중\s?(자동|응답|회신|알림)?|自動(応答|返信|回覆|回复|回復)|自动(回复|答复|回覆)|"
    r"автоответ|автоматический ответ|автоматическое уведомление|"
    r"trả lời tự động|phản hồi tự động|ตอบกลับอัตโนมัติ|การตอบกลับอัตโนมัติ|"
    r"automatische (antwort|empfangsbestätigung)|réponse automatique|respuesta automática|balasan otomatis|jawaban otomatis)",
    re.I,
)
ABSENT_SUBJECT = re.compile(
    r"^\s*(\S{1,20}[:：]\s*)?\[?(out of (the )?office|ooo\b|on (vacation|leave|holiday)\b|away from (the )?office|"
    r"부재\s?중|휴가\s?중|출장\s?중|외근\s?중|不在(通知|の|です|のお知らせ)?|休暇|外出中|休假|休暇中|不在办公室|不在辦公室|外出通知|"
    r"нет на (рабочем )?месте|вне офиса|(я )?в отпуске|отсутств|"
    r"vắng mặt|nghỉ phép|đi công tác|ไม่อยู่(ที่)?|ลาพักร้อน|ลาหยุด|"
    r"abwesen|außer haus|nicht im (büro|haus)|absence|absent|en congé|fuera de (la )?oficina|de vacaciones|ausente|"
    r"di luar kantor|sedang cuti)",
    re.I,
)
ABSENT = re.compile(
    r"out of (the |my )?office|(on|taking) (annual |parental |sick |maternity )?(leave|vacation|holiday)|away (from|until)|not in the office|"
    r"limited access to (my )?e-?mail|will (be back|return)|when I return|"
    r"부재\s?중|휴가|출장|자리를 비|외근|복귀|휴무|"
    r"不在|休暇|出張|休業|外出して|留守|休みをいただ|"
    r"отсутств|в отпуске|вне офиса|командировк|нет на (рабочем )?месте|на больничном|вернусь|"
    r"休假|度假|出差|不在办公室|不在辦公室|外出|休息期间|返回|"
    r"vắng mặt|nghỉ phép|đi công tác|không có mặt|trở lại|"
    r"ไม่อยู่|ลาพักร้อน|ลาหยุด|ลาป่วย|กลับมา|"
    r"abwesen|im urlaub|nicht im (büro|haus)|außer haus|nicht erreichbar|wieder (da|erreichbar|im büro)|"
    r"absent|en congé|hors du bureau|de retour|en vacances|"
    r"fuera de (la |mi )?oficina|de vacaciones|ausente|de baja|regres|"
    r"di luar kantor|sedang cuti|tidak berada di kantor",
    re.I,
)


def says_automatic(subject: str) -> bool:
    return bool(AUTOMATIC_SUBJECT.match(subject))


def says_absent(subject: str, text: str, *, sure: bool) -> bool:
    """`sure`: a header already says that a machine wrote it. Without one only the subject's beginning counts.

    A person who writes "I was on leave, it is removed now" is not absent.
    """
    if ABSENT_SUBJECT.match(subject):
        return True
    return (sure or says_automatic(subject)) and bool(ABSENT.search(text[:BEGINNING]))
