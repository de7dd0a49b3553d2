"""Django settings. Everything that differs between installations comes from environment variables.

`docs/operating.md` lists the variables. DEBUG=1 is a development installation: simulator allowed, generated keys
allowed, plain http allowed. Without it this file refuses all three.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal.environment import LOCAL_PREFIX, Environment
from portal.logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(BASE_DIR)

# --- the installation ---

DEVELOPMENT = env.flag("DEBUG", default=False)
DEBUG = False  # Django's own: it would keep every query in memory and show tracebacks to whoever tries the product
DATA_DIR = env.folder("DATA_DIR", "var")
PORT = env.port("PORT", 8000)
BASE_URL = env.address("BASE_URL", f"http://localhost:{PORT}" if DEVELOPMENT else "")
_base = urlsplit(BASE_URL)
PROXY_COUNT = env.number("PROXY_COUNT", 0, high=5)  # reverse proxies in front that set X-Forwarded-*

# The stand-ins of both services (`manage.py simulator`). Only a development installation may talk to them.
SIMULATOR_ENABLED = env.flag("SIMULATOR", default=DEVELOPMENT)
SIM_SALESFORCE_PORT = env.port("SIM_SALESFORCE_PORT", 8801)
SIM_QUICKBOOKS_PORT = env.port("SIM_QUICKBOOKS_PORT", 8802)
SIM_SEED = env.text("SIM_SEED", "small")
SIM_LIMITS = env.choice("SIM_LIMITS", "off", ("off", "real"))
SIM_SALESFORCE_URL = f"http://127.0.0.1:{SIM_SALESFORCE_PORT}" if SIMULATOR_ENABLED else ""
SIM_QUICKBOOKS_URL = f"http://127.0.0.1:{SIM_QUICKBOOKS_PORT}" if SIMULATOR_ENABLED else ""

# --- keys ---

SECRET_KEY = env.text(
    "SECRET_KEY", f"{LOCAL_PREFIX}only-for-commands-that-need-no-key" if DEVELOPMENT else ""
)
# Keys for secrets stored in the database, newest first: the first encrypts, all decrypt.
FIELD_ENCRYPTION_KEYS = env.field_keys("FIELD_ENCRYPTION_KEYS", "")

# App credentials of the whole installation; a company can bring its own.
SALESFORCE_CLIENT_ID = env.text("SALESFORCE_CLIENT_ID")
SALESFORCE_CLIENT_SECRET = env.text("SALESFORCE_CLIENT_SECRET")
QUICKBOOKS_CLIENT_ID = env.text("QUICKBOOKS_CLIENT_ID")
QUICKBOOKS_CLIENT_SECRET = env.text("QUICKBOOKS_CLIENT_SECRET")
QUICKBOOKS_WEBHOOK_VERIFIER_TOKEN = env.text("QUICKBOOKS_WEBHOOK_VERIFIER_TOKEN")
# Intuit's pages name 40 and 120 batches a minute; the default stays below the lower one.
QUICKBOOKS_BATCHES_PER_MINUTE = env.number("QUICKBOOKS_BATCHES_PER_MINUTE", 38, low=1, high=120)


def _refuse_unsafe_production() -> None:
    """Without DEBUG=1 nothing generated, nothing simulated and nothing unencrypted is accepted."""
    hint = "Set it, or set DEBUG=1 for a trial on this machine (`make run` does)."
    if not SECRET_KEY:
        raise ImproperlyConfigured(f"SECRET_KEY is not set. {hint}")
    if len(SECRET_KEY) < 40 or SECRET_KEY.startswith(LOCAL_PREFIX):
        raise ImproperlyConfigured(
            "SECRET_KEY must be at least 40 random characters of this installation's own."
        )
    if not FIELD_ENCRYPTION_KEYS:
        raise ImproperlyConfigured(f"FIELD_ENCRYPTION_KEYS is not set. {hint}")
    if any(key_id.startswith(LOCAL_PREFIX) for key_id in FIELD_ENCRYPTION_KEYS):
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEYS holds a key generated for development; make one of your own."
        )
    if not env.text("BASE_URL"):
        raise ImproperlyConfigured(
            f"BASE_URL is not set: the https address under which people reach Ledgerbridge. {hint}"
        )
    if _base.scheme != "https":
        raise ImproperlyConfigured("BASE_URL must begin with https:// (plain http is for DEBUG=1 only).")
    for name in ("DATABASE_URL", "REDIS_URL", "EMAIL_URL"):
        if not env.text(name):
            raise ImproperlyConfigured(f"{name} is not set. {hint}")
    if SIMULATOR_ENABLED:
        raise ImproperlyConfigured(
            "SIMULATOR is for DEBUG=1 only: a production installation never talks to it."
        )


if not DEVELOPMENT:
    _refuse_unsafe_production()

# --- applications ---

INSTALLED_APPS = [
    "portal",
    "portal.people",
    "portal.notify",
    "syncapp",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.quickbooks",
    "allauth.socialaccount.providers.salesforce",
]

MIDDLEWARE = [
    "portal.middleware.RequestContext",
    "django.middleware.security.SecurityMiddleware",
    "portal.hooks.door.VendorsDoor",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.middleware.PrivatePages",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- database ---

# Without a DATABASE_URL a development installation has no server yet: `portal_up` starts one and tells its children.
_NO_DATABASE = "postgresql://nobody@127.0.0.1:1/not-started" if DEVELOPMENT else ""
_database: dict[str, Any] = env.database("DATABASE_URL", _NO_DATABASE) | {
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
}
# No call to a vendor runs inside a transaction: one that stands idle for longer than any task may take belongs to a
# frozen process, and its locks would hold up everybody else.
_database["OPTIONS"] = {
    "connect_timeout": 10,
    "options": "-c idle_in_transaction_session_timeout=300s",
    **_database.get("OPTIONS", {}),
}

DATABASES: dict[str, dict[str, Any]] = {
    "default": _database | {"ATOMIC_REQUESTS": True},
    # The same database over a connection of its own: the token store commits a refreshed token at once, whatever
    # transaction the caller is in (reference sync-semantics 15.3).
    "vault": _database | {"ATOMIC_REQUESTS": False, "TEST": {"MIRROR": "default"}},
}
DATABASE_ROUTERS = ["portal.routers.OneSchema"]

# --- cache and queue ---

REDIS_URL = env.redis("REDIS_URL", "redis://127.0.0.1:1/0" if DEVELOPMENT else "")

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
    },
}

# Tests shorten every wait of the engine by this much (sync-semantics section 19); an installation never does.
TIMING_DIVISOR = env.number("TIMING_DIVISOR", 1, high=1000) if DEVELOPMENT else 1

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_POOL_ACQUIRE_TIMEOUT = 10
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # longer than the hard time limit, or a task that is still running is handed out a second time
    "visibility_timeout": 600,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,  # else a killed worker's messages return about 100 s later than promised
    "socket_keepalive": True,
    "socket_timeout": 30,
    "health_check_interval": 25,
    "polling_interval": 2,  # how long a worker waits for a message before it asks anew
    "global_keyprefix": "portal:",
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_BACKEND = None
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_DEFAULT_QUEUE = "system"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
# The lease protects the work; losing the broker must not cut an HTTP write in half.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "syncapp.tasks.tick", "schedule": 7.5, "options": {"queue": "system", "expires": 7.5}},
}

# --- people ---

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
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
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 10}  # type: ignore[assignment]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "portal:index"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

BODY_RETENTION_DAYS = env.number("BODY_RETENTION_DAYS", 90, low=1, high=3650)
METRICS_TOKEN = env.text("METRICS_TOKEN")  # empty: /metrics is not there
SIGNUP_OPEN = env.flag("SIGNUP_OPEN", default=True)  # 0: only people with an invitation can sign up
ACCOUNT_ADAPTER = "portal.people.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "portal.people.adapters.SocialAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "portal.people.forms.SignupForm"
ACCOUNT_FORMS = {
    "signup": "portal.people.account_forms.SignUp",
    "login": "portal.people.account_forms.SignIn",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _base.scheme or "https"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ALLAUTH_TRUSTED_PROXY_COUNT = PROXY_COUNT
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Ledgerbridge"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEVELOPMENT

# Identity only: signing in with a vendor never makes a company connection.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, Any]] = {
    # the provider's default scope asks for accounting access
    "quickbooks": {"SCOPE": ["openid", "profile", "email"], "SANDBOX": False},
    "salesforce": {"SCOPE": ["openid", "email", "profile"], "OAUTH_PKCE_ENABLED": True},
}
if SALESFORCE_CLIENT_ID:
    SOCIALACCOUNT_PROVIDERS["salesforce"]["APPS"] = [
        {
            "client_id": SALESFORCE_CLIENT_ID,
            "secret": SALESFORCE_CLIENT_SECRET,
            "key": "https://login.salesforce.com",
        }
    ]
if QUICKBOOKS_CLIENT_ID:
    SOCIALACCOUNT_PROVIDERS["quickbooks"]["APPS"] = [
        {"client_id": QUICKBOOKS_CLIENT_ID, "secret": QUICKBOOKS_CLIENT_SECRET}
    ]

# --- mail ---

DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text(
    "DEFAULT_FROM_EMAIL", f"Ledgerbridge <no-reply@{_base.hostname or 'localhost'}>"
)
# A development installation keeps its mails as files and shows them at a page (`portal.pages.mailbox`).
EMAIL_FILE_PATH = DATA_DIR / "mails"
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
globals().update(env.email("EMAIL_URL"))
EMAIL_TIMEOUT = 20
SHOW_MAILS = DEVELOPMENT and EMAIL_BACKEND.endswith("filebased.EmailBackend")

# --- web ---

ALLOWED_HOSTS = [
    host.strip() for host in env.text("ALLOWED_HOSTS", _base.hostname or "").split(",") if host.strip()
]
if DEVELOPMENT:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [BASE_URL]

SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_NAME = "ledgerbridge"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would drop the session on the way back from a vendor's consent page
CSRF_COOKIE_HTTPONLY = False
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.pages.errors.csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _base.scheme == "https"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if _base.scheme == "https":
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz"]
    SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.flag("HSTS_SUBDOMAINS", default=False)
if PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

_SIMULATED_CONSENT = [
    f"http://{host}:{port}"
    for host in ("127.0.0.1", "localhost")
    for port in (SIM_SALESFORCE_PORT, SIM_QUICKBOOKS_PORT)
    if SIMULATOR_ENABLED
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # Browsers apply form-action to the redirect after a post as well: the Connect button ends on a vendor's page.
        "form-action": [
            SELF,
            "https://login.salesforce.com",
            "https://test.salesforce.com",
            "https://*.my.salesforce.com",
            "https://appcenter.intuit.com",
            *_SIMULATED_CONSENT,
        ],
    },
}

STATIC_URL = "static/"
STATIC_ROOT = env.folder("STATIC_ROOT", "staticfiles")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEVELOPMENT

# --- language, time, logs ---

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
"""The sign-in library's own English, put into the words of this product."""

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOG_FORMAT = env.choice("LOG_FORMAT", "text" if DEVELOPMENT else "json", ("text", "json"))
LOGGING = logging_settings(LOG_LEVEL, LOG_FORMAT)

SILENCED_SYSTEM_CHECKS = [
    "security.W021",  # HSTS preload is the operator's decision: HSTS_SUBDOMAINS
    "security.W005",
]
