"""Words that hint at what became of the material. A hint makes us look again; it never settles anything.

Read only in what was written now, never in quoted text: our own letter is full of these words. A refusal outweighs a
question, a question outweighs "removed": the cautious reading wins.
"""

# ruff: noqa: E501  (one language a line)
from __future__ import annotations

import re

from takedown.inbox.models import InboundMail

Hint = InboundMail.Hint
MOST_CHARACTERS = 20_000


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


REFUSED = _any(
    # en
    r"\b(unable|not able|decline[ds]?|refuse[ds]?|unwilling) to (remove|delete|take|disable|comply|process|act)",
    r"\b(can ?not|can't|will not|won't|do not|did not|does not|could not|have not|has not|not been|not be|not) (be )?(remove|delete|taken? down|disable|comply)",
    r"\b(request|notice|complaint|report) (has been|was|is|been) (rejected|denied|declined|refused)",
    r"does not violate|no violation|not violate",
    # ko
    r"삭제(가|는|를|할 수|하기|되지|하지|해 ?드리지)?\s?(불가|어렵|어려|없|않|못|거부|거절|반려)", r"(요청|신고)[이을를은는]?\s?(거부|거절|반려|기각)", r"조치(가|할 수)?\s?(불가|없|어렵)",
    # ja
    r"削除(は|が|を|に)?(でき|致しかね|いたしかね|しかね|しません|いたしません|応じ)", r"(対応|お応え|お答え)(でき|いたしかね|致しかね|しかね)", r"応じ(られ|かね)|お断り|拒否",
    # ru
    r"не\s(можем|будем|можно|смогли|удал|подлежит)\s?\w*", r"отказ(ано|ываем|ать|ываемся)?\b|отклон(ён|ен|ена|или|яем)",
    # zh
    r"(无法|無法|不能|不予|不会|不會|拒绝|拒絕|未能)(对|對|为您|為您)?.{0,6}(删除|刪除|移除|下架|处理|處理)", r"(请求|請求|申请|申請|投诉|投訴).{0,6}(被拒|驳回|駁回)",
    # vi
    r"không thể (xóa|xoá|gỡ|xử lý)|không (xóa|xoá|gỡ)|từ chối|chưa (xóa|xoá|gỡ)",
    # th
    r"ไม่สามารถ(ลบ|นำ|ดำเนิน)|ปฏิเสธ|ยังไม่ได้ลบ",
    # es
    r"\bno (podemos|se puede|vamos a|ha sido|hemos|se ha) (eliminar|retirar|borrar|eliminado|retirado|borrado)|(solicitud|petición).{0,20}(rechazada|denegada)",
    # id
    r"\b(tidak (dapat|bisa)|belum) (di)?(hapus|menghapus|turunkan)|(permintaan|permohonan).{0,20}ditolak|tidak dapat (kami )?(dihapus|menghapus)",
    # de
    r"\b(nicht|kann keine|können keine).{0,30}(entfern|lösch|gelöscht)|(abgelehnt|zurückgewiesen)",
    # fr
    r"\bne (pouvons|pouvons-nous|peut|sera|peuvent) (pas|être).{0,20}(supprim|retir)|n'(a|avons) pas.{0,20}(supprim|retir)|(demande).{0,20}(rejetée|refusée)",
)  # fmt: skip
NEEDS_MORE = _any(
    r"\b(please|kindly|could you|must|need you to) (provide|send|submit|supply|attach|confirm|clarify|complete)", r"\b(additional|more|further|missing) (information|details|documents?|documentation|proof|evidence)",
    r"\bproof of (identity|ownership)|power of attorney|government[- ]issued",
    r"(추가|보완|구체적인)\s?(자료|서류|정보|내용|증빙)", r"(제출|제공|첨부|회신|보완)(해|하여)?\s?(주시기|주세요|주십시오|바랍니다|부탁)", r"신분증|위임장",
    r"(追加|詳細|不足).{0,4}(情報|資料|書類)", r"(ご提供|ご提出|ご送付|お送り|お知らせ|ご記入)(ください|下さい|いただ|願)", r"本人確認|委任状",
    r"предостав(ьте|ить)|уточните|пришлите|направьте|дополнительн(ую|ые|ая)|доверенност|подтвержд(ение|ающ)",
    r"请(您)?(提供|补充|提交|发送)|請(您)?(提供|補充|提交|傳送)|(补充|補充|更多|其他)(材料|资料|資料|信息|資訊)|身份证明|身分證明|授权委托书|授權書",
    r"(vui lòng|xin|đề nghị).{0,20}(cung cấp|gửi|bổ sung)|thông tin bổ sung|giấy ủy quyền",
    r"(กรุณา|โปรด).{0,12}(ส่ง|แจ้ง|แนบ|ให้ข้อมูล|ระบุ)|ข้อมูลเพิ่มเติม|เอกสารเพิ่มเติม|หนังสือมอบอำนาจ",
    r"\b(proporcione|envíe|adjunte|facilite|indique)\b|más información|información adicional|documentación",
    r"\b(mohon|silakan|harap).{0,12}(kirim|berikan|lampirkan|lengkapi)|informasi tambahan|surat kuasa",
    r"\b(bitte|bitten wir).{0,40}(senden|schicken|übermitteln|angeben|nennen|ergänzen)|weitere (informationen|angaben|unterlagen)|vollmacht|identitätsnachweis",
    r"\bveuillez.{0,20}(fournir|envoyer|préciser|joindre|transmettre)|informations? (complémentaires?|supplémentaires?)|justificatif|procuration",
)  # fmt: skip
REMOVED = _any(
    r"\b(removed|deleted|taken down|took down|disabled|suspended|terminated|no longer (available|accessible)|content is gone)\b",
    r"삭제\s?(하였|했|되었|됐|완료|처리|조치|됨|해 ?드렸)", r"(차단|비공개|게시\s?중단)\s?(하였|했|되었|됐|완료|처리|조치)", r"내렸습니다|조치\s?완료",
    r"削除(しました|いたしました|致しました|済|完了|されました|しております|対応)", r"(非公開|公開停止|掲載を停止).{0,6}(しました|いたしました|済)",
    r"удал(ён|ен|ена|ено|ены|или|или|ила|или)\b|удал(или|ен[аыо]?|ён)|заблокирован|снят[ыо]? с публикации",
    r"(已|已经|已經).{0,8}(删除|刪除|移除|下架|屏蔽|封鎖)|(删除|刪除|移除|下架)(完成|完毕|完畢|了)",
    r"đã (được )?(xóa|xoá|gỡ|hạ|vô hiệu)", r"ลบ(ออก)?(เรียบร้อย)?แล้ว|ได้(ทำการ)?(ลบ|นำ.{0,20}ออก|ถอด)",
    r"\b(ha|han|hemos|fue|fueron|ha sido|han sido) (sido )?(eliminad|retirad|borrad|suprimid)[oa]s?", r"\b(sudah|telah) (kami )?(di)?(hapus|turunkan|blokir)",
    r"\b(gelöscht|entfernt|gesperrt|offline genommen)\b", r"\b(a|ont|avons|été) (été )?(supprimé|retiré|désactivé)e?s?\b",
)  # fmt: skip


def hint_of(fresh: str) -> str:
    """The hint in what was written now, one of `InboundMail.Hint`; empty for none."""
    words = " ".join(fresh[:MOST_CHARACTERS].split())
    for hint, pattern in ((Hint.REFUSED, REFUSED), (Hint.NEEDS_MORE, NEEDS_MORE), (Hint.REMOVED, REMOVED)):
        if pattern.search(words):
            return str(hint)
    return ""
