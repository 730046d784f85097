"""Whose law, which language, which way of writing a date: small tables, no rows."""

from __future__ import annotations

EU_MEMBERS = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "HR",
        "CY",
        "CZ",
        "DK",
        "EE",
        "FI",
        "FR",
        "DE",
        "GR",
        "HU",
        "IE",
        "IT",
        "LV",
        "LT",
        "LU",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SK",
        "SI",
        "ES",
        "SE",
    ]
)
OWN_LINES = frozenset(["KR", "US", "UK", "JP", "CN", "TW", "HK", "RU", "VN", "TH", "AU", "ID", "DE", "FR", "ES", "NL"])
JURISDICTIONS = (
    "KR",
    "US",
    "EU",
    "DE",
    "FR",
    "ES",
    "NL",
    "UK",
    "JP",
    "CN",
    "TW",
    "HK",
    "RU",
    "VN",
    "TH",
    "AU",
    "ID",
    "INT",
)
LANGUAGES = ("ko", "en", "zh-Hans", "zh-Hant", "ja", "ru", "vi", "th", "es", "id", "de", "fr")

_SPANISH = frozenset(
    ["ES", "MX", "AR", "CO", "CL", "PE", "VE", "EC", "GT", "CU", "BO", "DO", "HN", "PY", "SV", "NI", "CR", "PA", "UY"]
)
_LANGUAGE = {
    "KR": "ko", "JP": "ja", "RU": "ru", "CN": "zh-Hans", "TW": "zh-Hant", "HK": "zh-Hant", "VN": "vi", "TH": "th",
    "ID": "id", "DE": "de", "AT": "de", "CH": "de", "FR": "fr", "BE": "fr",
}  # fmt: skip
_OTHER_CODES = {"GB": "UK", "SU": "RU", "EL": "GR"}

# Letters read in these languages need no second, local form of the statute's name.
LOCAL_LANGUAGES = {
    "KR": {"ko"}, "US": {"en"}, "UK": {"en"}, "AU": {"en"}, "HK": {"en"}, "INT": {"en", "es", "fr", "ru", "zh-Hans"},
    "EU": {"en", "es", "de", "fr"}, "DE": {"de"}, "FR": {"fr"}, "ES": {"es"}, "ID": {"id"}, "JP": {"ja"},
    "CN": {"zh-Hans"}, "TW": {"zh-Hant"}, "RU": {"ru"}, "VN": {"vi"}, "TH": {"th"},
}  # fmt: skip

_REGIONS = {
    "ko": ("KR",), "en": ("US", "UK", "AU", "HK"), "zh-Hans": ("CN",), "zh-Hant": ("TW", "HK"), "ja": ("JP",),
    "ru": ("RU",), "vi": ("VN",), "th": ("TH",), "es": ("ES",), "id": ("ID",), "de": ("DE", "AT", "CH"), "fr": ("FR", "BE"),
}  # fmt: skip

# The clock on the wall where most hosts of a jurisdiction sit; the zone's name is printed beside the time.
_TIME_ZONES = {
    "KR": "Asia/Seoul", "US": "America/New_York", "EU": "Europe/Brussels", "DE": "Europe/Berlin", "FR": "Europe/Paris",
    "ES": "Europe/Madrid", "NL": "Europe/Amsterdam", "UK": "Europe/London", "JP": "Asia/Tokyo", "CN": "Asia/Shanghai",
    "TW": "Asia/Taipei", "HK": "Asia/Hong_Kong", "RU": "Europe/Moscow", "VN": "Asia/Ho_Chi_Minh", "TH": "Asia/Bangkok",
    "AU": "Australia/Sydney", "ID": "Asia/Jakarta",
}  # fmt: skip


def time_zone_for(jurisdiction: str) -> str:
    """The IANA name of the time zone letters to this jurisdiction give beside UTC and Korean time."""
    return _TIME_ZONES.get(jurisdiction, "UTC")


def jurisdiction_for(place: str) -> str:
    """The jurisdiction of a country code ("GB", "de"), a top-level domain (".kr") or a host name ("a.example.co.jp").

    A country without facts of its own is "EU" when a member, else "INT", as is every generic domain.
    """
    code = place.strip().rstrip(".").rsplit(".", 1)[-1].upper()
    code = _OTHER_CODES.get(code, code)
    if code in OWN_LINES or code in ("EU", "INT"):
        return code
    return "EU" if code in EU_MEMBERS else "INT"


def language_for(jurisdiction: str) -> str:
    """The letter language of a jurisdiction or country code; Spanish for Spain and Latin America, else English."""
    code = jurisdiction.strip().upper()
    code = _OTHER_CODES.get(code, code)
    return "es" if code in _SPANISH else _LANGUAGE.get(code, "en")


def regimes_of(jurisdiction: str) -> tuple[str, ...]:
    """Jurisdictions whose statutes bind a host there, in the order of citation."""
    if jurisdiction in EU_MEMBERS:
        return ("EU", jurisdiction)
    return (jurisdiction,)


def locale_for(language: str, jurisdiction: str) -> str:
    """A Babel locale name: the letter's language as written in the host's country."""
    regions = _REGIONS[language]
    region = jurisdiction if jurisdiction in regions else ("UK" if language == "en" else regions[0])
    return f"{language.replace('-', '_')}_{'GB' if region == 'UK' else region}"
