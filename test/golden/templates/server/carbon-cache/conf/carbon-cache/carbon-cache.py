"""Starts carbon-cache in the foreground: carbon-cache.py PIDFILE LOGFILE

Carbon's own starter finds it through Twisted's plugin search, which loads every plugin there is and writes a cache
beside them; the installed components are not to be written to. Here the one plugin is named.
"""

import builtins
import os
import sys
import types

HERE = os.path.dirname(os.path.abspath(__file__))
PID_FILE, LOG_FILE = sys.argv[1:]

# Carbon's modules ask for these while they are imported.
builtins.program = "carbon-cache"
builtins.instance = "a"
os.environ.setdefault("GRAPHITE_ROOT", HERE)

# Python 3.12 took the module "imp" away. Carbon imports it for plugins given by path, of which there are none.
if sys.version_info >= (3, 12):
    sys.modules["imp"] = types.ModuleType("imp")

# dkm sees to it that there is one carbon-cache; what a killed one left behind must not keep the next from starting.
if os.path.lexists(PID_FILE):
    os.remove(PID_FILE)

from carbon import log  # noqa: E402
from carbon.exceptions import CarbonConfigException  # noqa: E402
from twisted.plugins.carbon_cache_plugin import serviceMaker  # noqa: E402
from twisted.scripts.twistd import ServerOptions, runApp  # noqa: E402


class CarbonCache(ServerOptions):
    """twistd with carbon-cache as its only command."""

    loadedPlugins = {serviceMaker.tapname: serviceMaker}
    subCommands = [(serviceMaker.tapname, None, serviceMaker.options, serviceMaker.description)]


def log_to_one_file():
    """Appends to one file, opened again after it was moved away; carbon would make one file per kind of message."""
    file = log.CarbonLogFile(os.path.basename(LOG_FILE), os.path.dirname(LOG_FILE))

    def observe(event):
        file.write(log.formatEvent(event, includeType=True) + "\n")
        file.flush()

    log.carbonLogObserver.observer = observe


def write_what_is_left():
    """Carbon's writer looks for points once a second and ends with the reactor: what came since would be lost."""
    from carbon.writer import writeCachedDataPoints

    writeCachedDataPoints()


try:
    options = CarbonCache()
    # Twisted would take a umask of 022.
    twistd = ["--no_save", "--nodaemon", "--umask=077", "--pidfile=" + PID_FILE]
    options.parseOptions(twistd + ["carbon-cache", "--config=" + os.path.join(HERE, "carbon.conf"), "--instance=a"])
    log_to_one_file()
    from twisted.internet import reactor

    reactor.addSystemEventTrigger("after", "shutdown", write_what_is_left)
    runApp(options)
except CarbonConfigException as error:
    sys.exit(str(error))
