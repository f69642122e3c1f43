"""Starts carbon-cache in the foreground: carbon-cache.py PIDFILE LOGFILE DUMP

Carbon's own starter finds it through Twisted's plugin search, which loads every plugin there is and writes a cache
beside them; the installed components are not to be written to. Here the one plugin is named.
"""

import builtins
import gzip
import json
import os
import sys
import time
import types

HERE = os.path.dirname(os.path.abspath(__file__))
PID_FILE, LOG_FILE, DUMP = sys.argv[1:]

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
    """Appends to one file, opened for each line; carbon would make one file per kind of message.

    Carbon's own log file keeps its place in the file: it would overwrite what the process prints into it otherwise, and
    could not be rotated without being opened again.
    """

    def observe(event):
        with open(LOG_FILE, "a") as file:
            file.write(log.formatEvent(event, includeType=True) + "\n")

    log.carbonLogObserver.observer = observe


# Carbon ends by writing everything it holds in memory, however long that takes and whatever room there is: a million
# new metrics are a million new files. Here that is bounded, and what is left then is dumped to one small file, from
# which the next start goes on.
WRITE_FOR_S = 10
QUIET_FOR_S = 0.1
QUIET_WITHIN_S = 1


def finish_reading():
    """What senders have sent already is read before their connections are closed; they are told to end."""
    from carbon import instrumentation, state
    from twisted.internet.defer import Deferred

    for protocol in list(state.connectedMetricReceiverProtocols):
        if hasattr(protocol.transport, "loseWriteConnection"):
            protocol.transport.loseWriteConnection()
    quiet = Deferred()
    until = time.monotonic() + QUIET_WITHIN_S

    def look(before):
        received = instrumentation.stats.get("metricsReceived", 0)
        if received == before or time.monotonic() > until:
            quiet.callback(None)
        else:
            reactor.callLater(QUIET_FOR_S, look, received)

    reactor.callLater(QUIET_FOR_S, look, None)
    return quiet


def bound_writing():
    """From now on points are written for a while only, and not into the last half of the room that is left."""
    from carbon.cache import MetricCache
    from carbon.conf import settings

    cache = MetricCache()
    drain = cache.drain_metric
    until = time.monotonic() + WRITE_FOR_S

    def free():
        return os.statvfs(settings.LOCAL_DATA_DIR).f_bavail

    least = free() // 2
    cache.drain_metric = lambda: (None, []) if time.monotonic() > until or free() < least else drain()


def keep_what_is_left():
    """Carbon's writer looks for points once a second and ends with the reactor: what came since would be lost."""
    from carbon.cache import MetricCache
    from carbon.writer import writeCachedDataPoints

    writeCachedDataPoints()
    cache = MetricCache()
    if cache:
        log.msg("%d points are left for the next start" % cache.size)
        write_dump(cache)


def write_dump(cache):
    """A line of JSON per metric: its name, and its points by time. It has its name when it is whole."""
    unfinished = os.path.join(DUMP, "unfinished")
    with open(unfinished, "wb") as file:
        with gzip.open(file, "wt", compresslevel=1) as text:
            for metric, points in cache.items():
                text.write(json.dumps([metric, list(points.items())]) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.rename(unfinished, os.path.join(DUMP, "points.%d.gz" % time.time_ns()))


def take_up_dumps():
    """Puts dumped points back into memory. A dump goes when its points were written, so a kill meanwhile loses none."""
    from carbon.cache import MetricCache
    from twisted.internet.task import LoopingCall

    cache = MetricCache()
    dumps = [os.path.join(DUMP, name) for name in sorted(os.listdir(DUMP)) if name.startswith("points.")]
    unwritten = set()
    for dump in dumps:
        with gzip.open(dump, "rt") as text:
            for line in text:
                metric, points = json.loads(line)
                unwritten.add(metric)
                for point in points:
                    cache.store(metric, point)
    if not dumps:
        return

    pop = cache.pop

    def note(metric):
        unwritten.discard(metric)
        return pop(metric)

    cache.pop = note

    def forget():
        # The last one may still be on its way to its file: a look later it is there.
        if unwritten or forget.is_first:
            forget.is_first = bool(unwritten)
            return
        looking.stop()
        cache.pop = pop
        for dump in dumps:
            os.remove(dump)

    forget.is_first = True
    looking = LoopingCall(forget)
    looking.start(1)


try:
    options = CarbonCache()
    # Twisted would take a umask of 022.
    twistd = ["--no_save", "--nodaemon", "--umask=077", "--pidfile=" + PID_FILE]
    options.parseOptions(twistd + ["carbon-cache", "--config=" + os.path.join(HERE, "carbon.conf"), "--instance=a"])
    log_to_one_file()
    from twisted.internet import reactor

    reactor.callWhenRunning(take_up_dumps)
    reactor.addSystemEventTrigger("before", "shutdown", finish_reading)
    reactor.addSystemEventTrigger("before", "shutdown", bound_writing)
    reactor.addSystemEventTrigger("after", "shutdown", keep_what_is_left)
    runApp(options)
except CarbonConfigException as error:
    sys.exit(str(error))
