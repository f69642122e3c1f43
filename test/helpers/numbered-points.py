"""Sends numbered points, and finds out which of them are stored.

Point i is of the metric PREFIX.m<i modulo METRICS>, has the value i, and the time FIRST + 10 * (i div METRICS).

  numbered-points.py send    PORT PREFIX METRICS FIRST RATE   until SIGTERM, on one connection after the other
  numbered-points.py stream  PORT PREFIX METRICS FIRST RATE   until SIGTERM, on one connection as long as it lasts
  numbered-points.py find    SITE WHISPER PREFIX METRICS FIRST < {"name": [[from, to], ...], ...}
  numbered-points.py check   SITE WHISPER                     every file, with the reference reader

"send" knows what became of its points. It sends a hundred, closes its side, and reads until the store has closed its
own. A store that read everything closes with a FIN; one that ends with bytes unread resets the connection (RFC 1122,
4.2.2.13). Points are "acknowledged" when our FIN went out on a connection that the store had not begun to close, its
FIN came after that, and no error is pending on the socket; else they are "cut".

"stream" is like most agents, which never read: bytes that its system took are all it knows of.
"""

import json
import os
import signal
import socket
import struct
import sys
import time

STEP_S = 10
BATCH = 100
TCP_ESTABLISHED = 1
# A time and a value, as whisper keeps them, and many that are empty: files are sparse.
SLOT = struct.Struct("!Ld")
EMPTY = bytes(SLOT.size * 256)
# Slots within the finest retention of the default rule, 10s:6h, with room for the test's own time.
SLOTS = 1900


def lines(prefix, metrics, first, start, end):
    return "".join("%s.m%d %d %d\n" % (prefix, i % metrics, i, first + STEP_S * (i // metrics)) for i in range(start, end)).encode()


class Numbers:
    """Which points were sent, by what became of them."""

    def __init__(self):
        self.next = 0
        self.ranges = {}

    def note(self, kind, end):
        ranges = self.ranges.setdefault(kind, [])
        if ranges and ranges[-1][1] == self.next:
            ranges[-1][1] = end
        else:
            ranges.append([self.next, end])
        self.next = end


# Filled when we are told to end.
told = []


def connect(port):
    while True:
        if told:
            raise ConnectionAbortedError("told to end")
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=30)
        except ConnectionError:
            time.sleep(0.005)


def state_of(connection):
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


def sent_and_closed(port, data):
    """True when the store has read all of it and closed the connection in answer to our end."""
    try:
        with connect(port) as connection:
            connection.sendall(data)
            was_open = state_of(connection) == TCP_ESTABLISHED
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
            return was_open and connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    except OSError:
        return False


def send(port, prefix, metrics, first, rate):
    numbers = Numbers()
    paced = pace(rate)
    while next(paced) and numbers.next < SLOTS * metrics:
        end = numbers.next + BATCH
        numbers.note("acknowledged" if sent_and_closed(port, lines(prefix, metrics, first, numbers.next, end)) else "cut", end)
    return numbers


def stream(port, prefix, metrics, first, rate):
    numbers = Numbers()
    paced = pace(rate)
    connection = connect(port)
    while next(paced) and numbers.next < SLOTS * metrics:
        end = numbers.next + BATCH
        try:
            connection.sendall(lines(prefix, metrics, first, numbers.next, end))
            numbers.note("taken", end)
        except OSError:
            numbers.note("refused", end)
            connection.close()
            if not told:
                connection = connect(port)
    connection.close()
    return numbers


def pace(rate):
    """Yields True a hundred points apart, and False when we were told to end."""
    due = time.monotonic()
    while not told:
        yield True
        due = max(due + BATCH / rate, time.monotonic() - 0.1)
        time.sleep(max(0, due - time.monotonic()))
    yield False


def find(whisper, directory, prefix, metrics, first, wanted):
    """How many points of each kind there are, how many of them are stored, and the number of false values."""
    last = max((end for ranges in wanted.values() for _, end in ranges), default=0)
    stored = bytearray(last)
    wrong = 0
    for metric in range(metrics):
        path = os.path.join(directory, *prefix.split("."), "m%d.wsp" % metric)
        if not os.path.exists(path):
            continue
        (start, _, step), values = whisper.fetch(path, first - STEP_S, first + STEP_S * (last // metrics + 1))
        for index, value in enumerate(values):
            number = (start + index * step - first) // STEP_S * metrics + metric
            if value is None or not 0 <= number < last:
                continue
            if step == STEP_S and value == number:
                stored[number] = 1
            else:
                wrong += 1
    counts = {kind: {"sent": sum(end - start for start, end in ranges), "stored": sum(sum(stored[start:end]) for start, end in ranges)} for kind, ranges in wanted.items()}
    return {"counts": counts, "wrong": wrong}


def check(whisper, directory):
    """Every whisper file: its header, its size, and that each slot of it is empty or holds a point of that slot."""
    files = 0
    damaged = []
    for parent, _, names in os.walk(directory):
        for path in (os.path.join(parent, name) for name in names if name.endswith(".wsp")):
            files += 1
            try:
                fault = fault_of(whisper, path)
            except Exception as error:
                fault = repr(error)
            if fault:
                damaged.append("%s: %s" % (path, fault))
    return {"files": files, "damaged": damaged}


def fault_of(whisper, path):
    info = whisper.info(path)
    if info is None:
        return "no header"
    whisper.fetch(path, time.time() - 5 * 3600)
    with open(path, "rb") as file:
        content = file.read()
    end = max(archive["offset"] + archive["size"] for archive in info["archives"])
    if len(content) != end:
        return "%d bytes, expected %d" % (len(content), end)
    for archive in info["archives"]:
        step, points = archive["secondsPerPoint"], archive["points"]
        slots = content[archive["offset"] : archive["offset"] + archive["size"]]
        base = SLOT.unpack_from(slots)[0]
        for begin in range(0, len(slots), len(EMPTY)):
            part = slots[begin : begin + len(EMPTY)]
            if part == EMPTY[: len(part)]:
                continue
            for index, (moment, value) in enumerate(SLOT.iter_unpack(part), begin // SLOT.size):
                if moment == 0 and value == 0:
                    continue
                if moment % step or base == 0 or (moment - base) // step % points != index:
                    return "slot %d of %d s holds the time %d" % (index, step, moment)
    return None


def main(command, *arguments):
    if command in ("send", "stream"):
        signal.signal(signal.SIGTERM, lambda *_: told.append(True))
        print(flush=True)  # from here on SIGTERM ends it with an account
        port, prefix, metrics, first, rate = arguments
        numbers = {"send": send, "stream": stream}[command](int(port), prefix, int(metrics), int(first), float(rate))
        return numbers.ranges
    site, *arguments = arguments
    sys.path.insert(0, site)
    import whisper

    if command == "check":
        return check(whisper, *arguments)
    directory, prefix, metrics, first = arguments
    return find(whisper, directory, prefix, int(metrics), int(first), json.load(sys.stdin))


print(json.dumps(main(*sys.argv[1:])))
