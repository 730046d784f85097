"""Calm titles and user names for the uploads of the three sites."""

from __future__ import annotations

# By scene of the unrelated clips; see `media.UNRELATED_PHOTOS`.
SCENES = {
    "en": {
        "cat": "Our cat by the window", "rocket": "Launch day, seen from the stand", "stars": "Deep sky slideshow",
        "coins": "Sorting grandfather's coins",
        "test-card": "Screen and sound test", "paving": "Laying the garden path",
        "retina": "What the eye doctor sees",
        "moon": "Moon through a small telescope", "gravel": "Raking the gravel garden",
    },
    "ja": {
        "cat": "窓辺のうちの猫", "rocket": "ロケット打ち上げ見学", "stars": "深い空の星たち",
        "coins": "祖父のコインを整理しました",
        "test-card": "画面と音声のテスト", "paving": "庭の小道を作る",
        "retina": "眼科で見た目の写真",
        "moon": "小さな望遠鏡で見る月", "gravel": "砂利の庭の手入れ",
    },
    "ru": {
        "cat": "Наш кот у окна", "rocket": "День запуска ракеты", "stars": "Далёкие звёзды",
        "coins": "Разбираем дедушкины монеты",
        "test-card": "Проверка экрана и звука", "paving": "Дорожка в саду своими руками",
        "retina": "Что видит окулист",
        "moon": "Луна в маленький телескоп", "gravel": "Ухаживаем за каменным садом",
    },
}  # fmt: skip
TITLES = {
    "en": ["Saturday in the kitchen", "Walk through the old town", "Coffee on a quiet street", "Weekend by the river"],
    "ja": ["夕方の街歩き", "休日の台所", "静かな喫茶店の午後", "川沿いの散歩"],
    "ru": ["Прогулка по старому городу", "Суббота на кухне", "Тихая улица и кофе", "Выходные у реки"],
}
UPLOADERS = {
    "en": ["harbor_ben", "slowwalker", "pan_and_pot", "quiet_lane", "north_pier"],
    "ja": ["さんぽ日和", "daidokoro_08", "machi_aruki", "のんびり屋", "kawazoi"],
    "ru": ["sosed_12", "tihaya_ulica", "kuhnya_doma", "progulka", "beregovoy"],
}


def titled(language: str, scene: str | None, number: int) -> tuple[str, str]:
    """Title and uploader of the site's upload of this number; a known scene has a title of its own."""
    titles, uploaders = TITLES[language], UPLOADERS[language]
    title = SCENES[language].get(scene or "") or titles[number % len(titles)]
    return title, uploaders[number % len(uploaders)]
