"""graphite-web as the query service: it answers render, metrics, functions, tags and version, and nothing else.

Graphite's own web pages (graph composer, dashboards, accounts, administration) are left out: the dashboards of this
installation take their place. Without them it needs no database, and nothing to migrate before it starts.
Every key: https://graphite.readthedocs.io/en/latest/config-local-settings.html
"""

import secrets

from graphite.app_settings import *  # noqa: F403

STORAGE_DIR = "/srv/dkm/storage"
WHISPER_DIR = "/srv/dkm/storage/whisper/"
STANDARD_DIRS = [WHISPER_DIR]
CONF_DIR = "/srv/dkm/conf/graphite-web"
LOG_DIR = "/srv/dkm/run/logs"
STORAGE_FINDERS = ["graphite.finders.standard.StandardFinder"]

# What the store has not written yet is asked of it, so that a point can be read as soon as it was sent.
CARBONLINK_HOSTS = ["127.0.0.1:15007:a"]
CARBONLINK_TIMEOUT = 1.0
CARBONLINK_RETRY_DELAY = 2
# Answers from a cache would hide new points and new metrics.
DEFAULT_CACHE_DURATION = 0
FIND_CACHE_DURATION = 0

# A broad question takes as long as its files take to be read.
FIND_TIMEOUT = 20
FETCH_TIMEOUT = 30

TIME_ZONE = "UTC"
USE_I18N = False
DEBUG = False
ALLOWED_HOSTS = ["*"]  # It is asked by address and by whatever name a proxy gives it, and makes no links.
# Signs nothing that outlives the process: there are no sessions.
SECRET_KEY = secrets.token_urlsafe(48)

LOG_FILE_INFO = "-"
LOG_FILE_EXCEPTION = "-"
LOG_INFO_PERFORMANCE = False
LOG_ROTATION = False

# There is nobody to log in; Graphite would look for its login page while it reports an error.
LOGIN_URL = "/"
ROOT_URLCONF = "query_urls"
# The applications whose models the modules above import; nothing is ever asked of their tables.
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "graphite.account",
    "graphite.events",
    "graphite.functions",
    "graphite.metrics",
    "graphite.render",
    "graphite.tags",
    "tagging",
]
MIDDLEWARE = [
    "graphite.middleware.LogExceptionsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.gzip.GZipMiddleware",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.dummy"}}
TAGDB = "graphite.tags.base.DummyTagDB"
