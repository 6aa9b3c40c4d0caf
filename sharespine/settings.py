"""All settings. Each value comes from the environment (or `.env`), with a default that works on one machine with no server.

Everything that differs per customer is a row in the database, not a setting.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import environ
from django.utils.translation import gettext_lazy as _

from sharespine.lib.localkeys import local_key

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

#: Where the embedded default keeps its database, keys and sandbox journals.
VAR_DIR = Path(env.str("SHARESPINE_VAR", str(BASE_DIR / "var")))

DEBUG = env.bool("DEBUG", False)
#: True when nobody configured a server: SQLite, keys in files, plain http on this machine only.
EMBEDDED = "DATABASE_URL" not in env.ENVIRON
SECRET_KEY = env.str("SECRET_KEY", "") or local_key(VAR_DIR / "secret.key", allowed=EMBEDDED)
#: Fernet keys for stored credentials: the first encrypts, all decrypt. See `manage.py rotate_keys`.
SHARESPINE_KEYS = env.list("SHARESPINE_KEYS", default=[]) or [local_key(VAR_DIR / "fernet.key", allowed=EMBEDDED)]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
#: A word shown beside the logo, so that nobody mistakes one installation for another.
ENVIRONMENT_NAME = env.str("ENVIRONMENT_NAME", "Lokal" if EMBEDDED else "")
#: What is installed here, a version or a commit: shown beside each worker, so that one sees which are of the last release.
RELEASE = env.str("RELEASE", "")
#: Whether endpoints may point at the built-in simulators and at this machine.
SANDBOX = env.bool("SANDBOX", EMBEDDED)
#: Networks (CIDR) that are not on the internet and yet may be called: where an ERP stands in a network of one's own.
ALLOWED_NETWORKS = env.list("ALLOWED_NETWORKS", default=[])

INSTALLED_APPS = [
    # Not unfold itself: that would put its own admin site in place of ours.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "sharespine.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "corsheaders",
    "django_q",
    "import_export",
    "simple_history",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "sharespine.apps.SharespineConfig",
    "billing",
    "flows",
]
MIDDLEWARE = [
    "sharespine.api.health.HealthFirst",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "sharespine.middleware.ContentSecurityPolicy",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    # Last: it answers for a log-in that was tried too often.
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "sharespine.urls"
WSGI_APPLICATION = "sharespine.wsgi.application"
TEMPLATES = [
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

DATABASES = {"default": env.db("DATABASE_URL", f"sqlite:///{VAR_DIR / 'sharespine.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: a transaction that will write takes its lock at once, instead of failing half-way with "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: what was committed survives a power cut. An intent that were lost so would be an order sent twice.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        **DATABASES["default"].get("OPTIONS", {}),
    }
else:
    # The queue's processes close "old" connections around each task: without this every task reconnects several times.
    DATABASES["default"] |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    # A server that is gone without a word is noticed within seconds, not after the quarter of an hour that is TCP's default.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        **DATABASES["default"].get("OPTIONS", {}),
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    # As many callers as are counted at the same time: by default it forgets at random beyond 300.
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 20_000}}
}

WORKERS = env.int("WORKERS", 2)
Q_CLUSTER = {
    "name": "engine",
    "orm": "default",
    "workers": WORKERS,
    # A task that waits in memory counts against `retry`; and `retry` must exceed the longest task with its wait.
    "queue_limit": WORKERS,
    "bulk": 1,
    "timeout": 120,
    "retry": 600,
    # The ledger retries; the queue never does.
    "ack_failures": True,
    "max_attempts": 1,
    # Every finished task would otherwise unpickle all kept ones to count them.
    "save_limit": -1,
    "catch_up": False,
    "recycle": 200,
    "max_rss": 400_000,
    # How often each worker command looks into the queue, in seconds: an idle one then asks the database six times a second.
    "poll": 0.5,
    "scheduler": False,
    # No statistics in a cache: whether a worker lives is told by its row in the database, and nothing waits for Redis.
    "cache": "",
    "label": "Django Q",
}
#: How long a claim on a run or a transfer holds without a heartbeat. A third longer than any one write to a remote system, and
#: short enough that orders are on their way again half a minute after a machine died.
LEASE_SECONDS = env.int("LEASE_SECONDS", 24)
#: How long one run takes at most; and when another flow waits for a worker.
RUN_BUDGET_SECONDS = env.int("RUN_BUDGET_SECONDS", 60)
TURN_SECONDS = env.int("TURN_SECONDS", 8)
#: How long a write whose worker vanished may still be under way at the other side, before it is looked up there.
QUARANTINE_SECONDS = env.int("QUARANTINE_SECONDS", 5)

#: The time of an initial product sync is drawn in units of so many minutes, each that was begun.
INITIAL_SYNC_MINUTES = env.int("INITIAL_SYNC_MINUTES", 15)

# How long what nobody works with any more is kept, in days. See docs/operations.md.
#: The record of an order that is sent or skipped, its buyer, and what was sent: since its last change.
KEEP_DETAILS_DAYS = env.int("KEEP_DETAILS_DAYS", 14)
#: The timelines of such orders, and runs.
KEEP_HISTORY_DAYS = env.int("KEEP_HISTORY_DAYS", 90)
#: Runs that went well and saw nothing new.
KEEP_QUIET_RUNS_DAYS = env.int("KEEP_QUIET_RUNS_DAYS", 1)
#: Webhooks as they came, and the results of tasks.
KEEP_DELIVERIES_DAYS = env.int("KEEP_DELIVERIES_DAYS", 30)

# E-mails. Without a server they are written to the log.
vars().update(env.email("EMAIL_URL", default="consolemail://"))
#: Seconds: a mail server that is silent must not hold up a worker.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", "Sharespine Helpdesk <helpdesk@sharespine.com>")
#: Where people reach us, with scheme and host: the links in e-mails begin with it.
SITE_URL = env.str("SITE_URL", "http://127.0.0.1:8800" if EMBEDDED else "").rstrip("/")
#: Whom customers turn to, as pages, e-mails and the API tell them.
CONTACTS = {
    "sales": {
        "name": env.str("SALES_NAME", "Sharespine Sales"),
        "phone": env.str("SALES_PHONE", "031-704 38 00"),
        "email": env.str("SALES_EMAIL", "sales@sharespine.com"),
    },
    "support": {
        "name": env.str("SUPPORT_NAME", "Sharespine Helpdesk"),
        "phone": env.str("SUPPORT_PHONE", "031-704 38 00"),
        "email": env.str("SUPPORT_EMAIL", "helpdesk@sharespine.com"),
    },
}
#: For how many days the prices of a quote hold.
QUOTE_DAYS = env.int("QUOTE_DAYS", 30)
#: How many sign-ups of one e-mail address may wait for it to be confirmed, in a day.
SIGN_UPS_PER_EMAIL = env.int("SIGN_UPS_PER_EMAIL", 3)
#: Who of us gets a copy of what merchants are told about their orders.
NOTICES_TO = env.list("NOTICES_TO", default=[])

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AUTHENTICATION_BACKENDS = [
    # First: whoever tried too often is not even asked for a password.
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
#: How many proxies of ours stand before the web server: so many addresses at the end of X-Forwarded-For can be believed.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0 if EMBEDDED else 1)
# Both doors for people count failed log-ins in the database: sharespine.portal.attempts says how, and what is kept of them.
#: After so many failures in a row an account is locked for whoever is at the same address.
AXES_FAILURE_LIMIT = env.int("LOGIN_FAILURES", 8)
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_HANDLER = "sharespine.portal.attempts.Attempts"
AXES_USERNAME_CALLABLE = "sharespine.portal.attempts.name_of"
AXES_CLIENT_IP_CALLABLE = "sharespine.portal.attempts.neighbourhood_of"
AXES_LOCKOUT_PARAMETERS = "sharespine.portal.attempts.counted_by"
AXES_LOCKOUT_CALLABLE = "sharespine.portal.attempts.locked"
AXES_RESET_ON_SUCCESS = True
#: A lock lasts so long after the last failure that was counted, and trying meanwhile does not make it longer.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "portal:home"
LOGOUT_REDIRECT_URL = ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
#: Seconds that the link in an e-mail for a new password works.
PASSWORD_RESET_TIMEOUT = 86_400
ACCOUNT_ADAPTER = "sharespine.portal.log_in.Accounts"
ACCOUNT_FORMS = {
    "login": "sharespine.portal.log_in.LogIn",
    "change_password": "sharespine.portal.log_in.ChangePassword",
    "set_password": "sharespine.portal.log_in.SetPassword",
    "reset_password": "sharespine.portal.log_in.AskForPassword",
    "reset_password_from_key": "sharespine.portal.log_in.ChoosePassword",
    "reauthenticate": "sharespine.portal.log_in.Again",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
#: Nobody learns by a reset of a password who has an account.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
#: allauth's own writes each address down a second time, where it would go on counting after it was changed.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"
ACCOUNT_REAUTHENTICATION_METHODS = ("password", "mfa")
ACCOUNT_SESSION_REMEMBER = False
# How often one address, account or e-mail may ask. Wrong passwords and codes are counted by axes, at both doors alike.
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": False, "reset_password": "20/15m/ip,5/15m/key"}
MFA_ADAPTER = "sharespine.portal.log_in.Factors"
MFA_FORMS = {
    "authenticate": "sharespine.portal.log_in.SecondFactor",
    "reauthenticate": "sharespine.portal.log_in.SecondFactorAgain",
    "activate_totp": "sharespine.portal.log_in.FirstCode",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Sharespine"
#: Clocks of phones differ: the code before and the code after are right, too.
MFA_TOTP_TOLERANCE = 1

LANGUAGE_CODE = "sv"
LANGUAGES = [("sv", _("Swedish")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["sharespine.formats"]
TIME_ZONE = "Europe/Stockholm"
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
if not EMBEDDED:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31_536_000)
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("COOKIES_SECURE", True)

IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["sharespine.api.parsing.ExactJsonParser"],
    "EXCEPTION_HANDLER": "sharespine.api.problems.handle",
    # Amounts are exact: text, never a binary fraction.
    "COERCE_DECIMAL_TO_STRING": True,
}
#: How often one caller may call, per second, minute, hour or day: without a key by address, with one by key.
API_LIMITS = {
    "public": env.str("API_LIMIT_PUBLIC", "60/minute"),
    "quotes": env.str("API_LIMIT_QUOTES", "20/minute"),
    "sign_ups": env.str("API_LIMIT_SIGN_UPS", "10/hour"),
    "keys": env.str("API_LIMIT_KEYS", "120/minute"),
    # The sales site asks for everybody who visits it.
    "sales": env.str("API_LIMIT_SALES", "1200/minute"),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sharespine API",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "string", "pattern": "^[0-9]{1,18}$"}},
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "sharespine.api.docs.complete"],
    "ENUM_NAME_OVERRIDES": {
        "AddOnKey": "billing.models.AddOnKind",
        "EditionKey": "billing.models.Edition",
        "EntryKind": "billing.models.Entry.Kind",
        "ErpState": "flows.models.transfers.MILESTONES",
        "EventKind": "flows.models.Event.Kind",
        "FeatureKey": "billing.models.Feature",
        "ProblemCode": "sharespine.api.docs.CODES",
        "RegisterKey": "sharespine.api.docs.REGISTERS",
        "TransferKind": "flows.models.Transfer.Kind",
        "TransferState": "flows.models.Transfer.State",
        "UsageLevel": "billing.models.usage.Notice.Kind",
        "WhoActs": "flows.models.Transfer.Acts",
    },
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
}
#: Sites whose pages may call the API from a browser, with scheme and port.
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/v1/"
CORS_ALLOW_HEADERS = ["accept", "accept-language", "authorization", "content-type", "idempotency-key", "if-none-match"]
CORS_ALLOW_METHODS = ["GET", "HEAD", "POST"]
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Link",
    "Location",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
]
CSRF_FAILURE_VIEW = "sharespine.errors.no_token"
SILENCED_SYSTEM_CHECKS: list[str] = []

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"one line": {"()": "sharespine.lib.calm.OneLine"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["one line"]}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {"axes": {"level": "WARNING"}, "django-q": {"level": "WARNING"}, "urllib3": {"level": "WARNING"}},
}
from sharespine.unfold import UNFOLD  # noqa: E402, F401 - the look of the admin, kept apart from what makes it run
