"""Fills the lawbook's tables from the seed, and the demo's fictitious centre."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from takedown import lawbook
from takedown.jurisdictions import LANGUAGES
from takedown.models import LawbookVersion, LetterTemplate, Organisation, Statute
from takedown.versions import keep

UNREAD = ("version", "checked_by_counsel_on")


def seed_lawbook(statutes: Any = Statute, templates: Any = LetterTemplate, kept: Any = LawbookVersion) -> int:
    """Bring the seed into the tables; returns how many rows were written. Running it again writes none.

    A row is replaced only by a seed row of a higher version: what an administrator edited has counted up and stays.
    What is replaced is kept as it was. A migration passes the models as they were at its time; `kept` is None in the
    first, which has nothing to replace.
    """
    written = _bring(statutes, ("code",), lawbook.seed_statutes(), kept)
    return written + _bring(templates, ("language", "key"), lawbook.seed_templates(), kept)


def _bring(model: Any, keys: tuple[str, ...], rows: Iterable[Any], kept: Any) -> int:
    known = {tuple(getattr(row, key) for key in keys): row for row in model.objects.all()}
    fields = {field.name for field in model._meta.get_fields()}
    new, newer = [], []
    for seed in rows:
        values = {name: value for name, value in vars(seed).items() if name in fields}
        row = known.get(tuple(values[key] for key in keys))
        if row is None:
            new.append(model(**values))
        elif values["version"] > row.version:
            if kept:
                keep(row, kept)
            newer.append(_updated(row, values))
    model.objects.bulk_create(new, batch_size=200)
    if newer:
        model.objects.bulk_update(newer, sorted(fields - {"id", *keys}), batch_size=100)
    return len(new) + len(newer)


def _updated(row: Any, values: dict[str, Any]) -> Any:
    """Counsel's day stays where only the number changes: the words are those that were read."""
    same = all(getattr(row, name) == value for name, value in values.items() if name not in UNREAD)
    for name, value in values.items():
        if not (same and name == "checked_by_counsel_on"):
            setattr(row, name, value)
    return row


# --- the demo's centre: it does not exist, and its names say so --------------------------------------------------
DEMO_NAMES = {
    "ko": "예시 디지털성범죄피해자지원센터",
    "en": "Example Support Centre for Victims of Digital Sex Crimes",
    "zh-Hans": "示例数字性犯罪受害者支援中心",
    "zh-Hant": "範例數位性犯罪被害人支援中心",
    "ja": "例示デジタル性犯罪被害者支援センター",
    "ru": "Примерный центр поддержки пострадавших от цифровых половых преступлений",
    "vi": "Trung tâm Hỗ trợ Nạn nhân Tội phạm Tình dục Kỹ thuật số Ví dụ",
    "th": "ศูนย์ช่วยเหลือผู้เสียหายจากอาชญากรรมทางเพศดิจิทัลตัวอย่าง",
    "es": "Centro Ejemplo de Apoyo a Víctimas de Delitos Sexuales Digitales",
    "id": "Pusat Contoh Pendampingan Korban Kejahatan Seksual Digital",
    "de": "Muster-Zentrum zur Unterstützung von Betroffenen digitaler Sexualstraftaten",
    "fr": "Centre Exemple d’aide aux victimes d’infractions sexuelles numériques",
}
DEMO_MANDATES = {
    "ko": "「성폭력방지 및 피해자보호 등에 관한 법률」 제7조의3(불법촬영물등으로 인한 피해자에 대한 지원)",
    "en": "Article 7-3 of the Korean Act on the Prevention of Sexual Violence and Protection of Victims "
    "(support for removal, 성폭력방지 및 피해자보호 등에 관한 법률)",
    "zh-Hans": "韩国《性暴力防止及被害人保护等相关法律》第7条之3（删除支援）",
    "zh-Hant": "韓國《性暴力防止及被害人保護等相關法律》第7條之3（刪除支援）",
    "ja": "韓国「性暴力防止及び被害者保護等に関する法律」第7条の3（削除支援）",
    "ru": "статья 7-3 корейского Закона о предотвращении сексуального насилия и защите пострадавших "
    "(поддержка в удалении материалов)",
    "vi": "Điều 7-3 Luật Phòng ngừa bạo lực tình dục và bảo vệ nạn nhân của Hàn Quốc (hỗ trợ xóa nội dung)",
    "th": "มาตรา 7-3 แห่งกฎหมายเกาหลีว่าด้วยการป้องกันความรุนแรงทางเพศและการคุ้มครองผู้เสียหาย (การช่วยเหลือลบเนื้อหา)",
    "es": "artículo 7-3 de la Ley coreana de Prevención de la Violencia Sexual y Protección de las Víctimas "
    "(apoyo a la retirada)",
    "id": "Pasal 7-3 Undang-Undang Korea tentang Pencegahan Kekerasan Seksual dan Pelindungan Korban "
    "(dukungan penghapusan)",
    "de": "Artikel 7-3 des koreanischen Gesetzes zur Verhütung sexueller Gewalt und zum Schutz der Opfer "
    "(Unterstützung bei der Löschung)",
    "fr": "article 7-3 de la loi coréenne sur la prévention des violences sexuelles et la protection des victimes "
    "(aide à la suppression)",
}


DEMO_CENTRE = {
    "legal_representative": "Hong Gildong",
    "legal_representative_ko": "홍길동",
    "address": "1 Example-ro, Jung-gu, Seoul 00000, Republic of Korea",
    "address_ko": "서울특별시 중구 예시로 1 (00000)",
    "phone": "+82-2-0000-0000",
    "email": "reply@centre.example",
}


def demo_organisation() -> Organisation:
    """The fictitious centre of the demo. A row an administrator filled in is left as it is."""
    assert set(DEMO_NAMES) == set(DEMO_MANDATES) == set(LANGUAGES)  # noqa: S101
    row = Organisation.objects.first()
    return row or Organisation.objects.create(names=DEMO_NAMES, mandates=DEMO_MANDATES, **DEMO_CENTRE)
