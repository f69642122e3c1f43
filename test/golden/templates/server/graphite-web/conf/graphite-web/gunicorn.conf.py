"""How graphite-web is served. Every key: https://docs.gunicorn.org/en/stable/settings.html"""

# Here, because this file is read before Django is.
import python_compat  # noqa: F401

bind = "10.1.2.3:15002"

# One process: answers are made from files, and a second one would take as much memory again.
workers = 1
worker_class = "gthread"
threads = 8
keepalive = 75
timeout = 60
graceful_timeout = 5

# Requests are not logged. SIGUSR1 opens the file again.
accesslog = None
errorlog = "/srv/dkm/run/logs/graphite-web.log"
loglevel = "warning"
capture_output = True

umask = 0o077
worker_tmp_dir = "/srv/dkm/run"
# Functions of functions make long requests.
limit_request_line = 8190
