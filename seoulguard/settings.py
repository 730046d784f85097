"""All settings, in one file. What a centre changes comes from the environment; `run` reads it from `var/env`."""

from __future__ import annotations

from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from seoulguard import env
from seoulguard.version import VERSION

BASE_DIR = Path(__file__).resolve().parent.parent

# --- where things are kept ---------------------------------------------------------------------------------------
HOME = env.folder("SEOULGUARD_HOME", BASE_DIR / "var")
EVIDENCE_ROOT = env.folder("EVIDENCE_ROOT", HOME / "evidence")
VAULT_KEY_FILE = env.folder("VAULT_KEY_FILE", HOME / "keys" / "vault.key")
# Signs evidence bundles. Made at first use; lost, old bundles still verify but new ones bear another fingerprint.
SIGNING_KEY_FILE = env.folder("SIGNING_KEY_FILE", VAULT_KEY_FILE.parent / "signing.key")

# --- the frame ---------------------------------------------------------------------------------------------------
DEBUG = env.boolean("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY") or (
    (HOME / "keys" / "django.key").read_text().strip() if (HOME / "keys" / "django.key").exists() else ""
)
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "No SECRET_KEY. `./run doctor --prepare` (or any ./run command) makes one under var/keys."
    )
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = "seoulguard.urls"
WSGI_APPLICATION = "seoulguard.wsgi.application"
SITE_URL = env.text("SITE_URL", "http://127.0.0.1:8000")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "django_rq",
    "cases",
    "detection",
    "takedown",
    "seoulguard",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "seoulguard.middleware.PrivacyHeaders",
    "seoulguard.middleware.ChangedSettings",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    # Before CSRF: a form that is sent again by "back" after leaving gets the same answer as everything else.
    "cases.leaving.ClosedPages",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "seoulguard.context.product",
            ]
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- rows are the truth, the queue is only a doorbell ------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", HOME / "seoulguard.sqlite3")}
QUEUE_SOCKET = env.socket_path(HOME / "run" / "queue.sock")
REDIS_URL = env.text("REDIS_URL", f"unix://{QUEUE_SOCKET}")
QUEUES = ("score", "monitor", "capture", "deliver")
RQ_QUEUES = {
    name: {
        "URL": REDIS_URL,
        "DEFAULT_TIMEOUT": 900,
        # Pickle from an exposed Redis would be code execution; arguments are ids only.
        "SERIALIZER": "rq.serializers.JSONSerializer",
    }
    for name in QUEUES
}
RQ = {"COMMIT_MODE": "on_db_commit", "DEFAULT_RESULT_TTL": 0, "SHOW_ADMIN_LINK": False}
LEASE_SECONDS = env.integer("LEASE_SECONDS", 600)
SWEEP_SECONDS = env.integer("SWEEP_SECONDS", 10)
MAX_ATTEMPTS = env.integer("MAX_ATTEMPTS", 3)

# --- people ------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "cases.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 12}  # type: ignore[assignment]
ACCOUNT_ADAPTER = "seoulguard.accounts.StaffAccounts"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/300s/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "SeoulGuard"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home_of_role"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_VERBOSE = False

# --- transport ---------------------------------------------------------------------------------------------------
HTTPS = env.boolean("HTTPS", not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.boolean("BEHIND_PROXY", False) else None
# Nothing goes to other origins. "no-referrer" would turn the Origin of our own forms into "null", which CSRF refuses.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_AGE = None  # gone with the browser: a shared device keeps nothing for a year
SESSION_COOKIE_AGE = env.integer("SESSION_IDLE_SECONDS", 1800)
SESSION_SAVE_EVERY_REQUEST = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

# --- languages ---------------------------------------------------------------------------------------------------
LANGUAGE_CODE = env.text("LANGUAGE_CODE", "ko")
LANGUAGES = [("ko", "한국어"), ("en", "English")]
# What the report in an evidence bundle speaks besides, for hosts and their police: the languages of the letters.
REPORT_LANGUAGES = ("zh-Hans", "zh-Hant", "ja", "ru", "vi", "th", "es", "id", "de", "fr")
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Seoul"
USE_TZ = True
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"

# --- files -------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = env.folder("STATIC_ROOT", HOME / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
# Uploads never touch the disk in the clear: the handler seals them while they arrive.
FILE_UPLOAD_HANDLERS = ["cases.uploads.SealingUploadHandler"]
EVIDENCE_MAX_BYTES = env.integer("EVIDENCE_MAX_BYTES", 2 * 1024**3)
EVIDENCE_MAX_FILES = env.integer("EVIDENCE_MAX_FILES", 10)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- the web outside ---------------------------------------------------------------------------------------------
USER_AGENT = env.text("USER_AGENT", f"Mozilla/5.0 (compatible; SeoulGuard/{VERSION})")
CHROMIUM_PATH = env.text("CHROMIUM_PATH")
MEDIA_MAX_BYTES = env.integer("MEDIA_MAX_BYTES", 1024**3)
# The pace of the watch, per host and over all workers; a host's own robots.txt may ask for a slower one.
HOST_SECONDS_BETWEEN = env.integer("HOST_SECONDS_BETWEEN", 1)
HOST_REQUESTS_AT_ONCE = env.integer("HOST_REQUESTS_AT_ONCE", 2)
# Demo and tests only: names that stand for a loopback address. `check --deploy` refuses both.
DEMO_HOSTS = env.pairs("DEMO_HOSTS")
DEMO_LOOPBACK_HOSTS = frozenset(env.words("DEMO_LOOPBACK_HOSTS"))
# Who confirms the time of a capture (RFC 3161): "address|file with the authority's certificates", comma between two.
TIMESTAMP_AUTHORITIES = env.authorities("TIMESTAMP_AUTHORITIES")
# A learned image descriptor, .onnx or .pt; empty for none (docs/learned.md).
RECOGNITION_MODEL = env.text("RECOGNITION_MODEL")
CAGE_REQUIRED = env.boolean("CAGE_REQUIRED", False)
# Reading captured pages: when to read letters off the picture (needed, always, never), and a list of networks on this
# machine (the tab-separated list of iptoasn.com) that tells whose an address is.
PAGE_OCR = env.choice("PAGE_OCR", "needed", "always", "never")
ASN_TABLE = env.text("ASN_TABLE")
# A model of the centre's own that reads captured pages too ("http://10.0.0.5:8080/v1"); empty for none (docs/capture.md).
PAGE_READER_URL = env.text("PAGE_READER_URL")
PAGE_READER_MODEL = env.text("PAGE_READER_MODEL", "local")
PAGE_READER_KEY = env.text("PAGE_READER_KEY")
PAGE_READER_SECONDS = env.integer("PAGE_READER_SECONDS", 8)

# --- letters -----------------------------------------------------------------------------------------------------
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.text("EMAIL_HOST", "127.0.0.1")
EMAIL_PORT = env.integer("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.boolean("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "removal@centre.example")
UNDO_SECONDS = env.integer("UNDO_SECONDS", 60)
# A busy server (4xx) is asked again after 10 s, 40 s, 160 s …: seven tries reach nearly four hours, past greylisting.
SEND_ATTEMPTS = env.integer("SEND_ATTEMPTS", 7)
# Letters are signed (DKIM) with this RSA key when it is named; the public half stands in the DNS under the selector.
DKIM_KEY_FILE = env.text("DKIM_KEY_FILE")
DKIM_SELECTOR = env.text("DKIM_SELECTOR", "seoulguard")
# When a removal is checked again after sending, and how far apart the two probes for "removed" must be.
RECHECK_SECONDS = [
    int(word) for word in env.words("RECHECK_SECONDS", "3600,21600,86400,172800,259200,604800,1209600,2592000")
]
# How long an address is watched after it was removed: what comes back opens the ladder anew.
WATCH_SECONDS = [int(word) for word in env.words("WATCH_SECONDS", "604800,2592000,7776000,15552000,31536000")]
REMOVED_PROBES_APART_SECONDS = env.integer("REMOVED_PROBES_APART_SECONDS", 86_400)

# The directory: from so many open letters on a site's contacts are changed by two administrators together; a contact
# confirmed longer ago than so many days is flagged.
BUSY_SITE_NOTICES = env.integer("BUSY_SITE_NOTICES", 5)
CONTACT_STALE_DAYS = env.integer("CONTACT_STALE_DAYS", 180)
# Where registrations are asked for (RDAP): one server for everything, or empty for the lists of IANA in takedown/seed/rdap.
RDAP_BASE_URL = env.text("RDAP_BASE_URL")
# Contacts of a site that has none are looked for without being asked.
SUGGEST_CONTACTS = env.boolean("SUGGEST_CONTACTS", True)

# --- what comes back (docs/inbox.md) -----------------------------------------------------------------------------
IMAP_HOST = env.text("IMAP_HOST")  # empty: nothing is read
IMAP_SECURITY = env.choice("IMAP_SECURITY", "ssl", "starttls", "none")
IMAP_PORT = env.integer("IMAP_PORT", 993 if IMAP_SECURITY == "ssl" else 143)
IMAP_USER = env.text("IMAP_USER")
IMAP_PASSWORD = env.text("IMAP_PASSWORD")
IMAP_FOLDER = env.text("IMAP_FOLDER", "INBOX")
IMAP_CA_FILE = env.text("IMAP_CA_FILE")
IMAP_TIMEOUT = 30
INBOX_SECONDS = env.integer("INBOX_SECONDS", 60)
INBOX_MAX_BYTES = env.integer("INBOX_MAX_BYTES", 25 * 1024**2)
# Bounces and answers come to `name+token@domain` of this address. Empty: letters carry no signed addresses.
REPLY_ADDRESS = env.text("REPLY_ADDRESS")
REPLY_SEPARATOR = env.text("REPLY_SEPARATOR", "+")

# --- log ---------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # urllib3 writes whole addresses when it is asked to be talkative: search words and keys are in them.
    "loggers": {
        name: {"level": "ERROR"}
        for name in ("django.request", "axes", "weasyprint", "fontTools", "mail.log", "urllib3")
    },
}
SILENCED_SYSTEM_CHECKS: list[str] = []
