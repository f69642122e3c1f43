"""The reference whisper, driven by JSON: a list of tasks on standard input, a list of answers on standard output."""

import json
import os
import subprocess
import sys

import whisper

NOW = int(os.environ["NOW"])


def create(path, archives, method, xff, points):
    whisper.create(path, [tuple(archive) for archive in archives], xFilesFactor=xff, aggregationMethod=method, sparse=True)
    for batch in points:
        whisper.update_many(path, [tuple(point) for point in batch], now=NOW)


def fetch(path):
    """The points of each archive that readers can see."""
    found = []
    for archive in whisper.info(path)["archives"]:
        (start, end, step), values = whisper.fetch(
            path, NOW - archive["retention"], NOW, now=NOW, archiveToSelect=archive["secondsPerPoint"]
        )
        found.append([[time, value] for time, value in zip(range(start, end, step), values) if value is not None])
    return found


def info(path):
    found = whisper.info(path)
    return {
        "method": found["aggregationMethod"],
        "xff": found["xFilesFactor"],
        "archives": [[a["secondsPerPoint"], a["points"]] for a in found["archives"]],
    }


def resize(path, retentions):
    here = os.path.join(os.path.dirname(whisper.__file__), "bin", "whisper-resize.py")
    subprocess.run([sys.executable, here, path, *retentions, "--nobackup"], check=True, stdout=subprocess.DEVNULL)


def grow(path, archives, step, spans):
    """A file that gets a point every `step` seconds: what it takes of the disk after each of `spans` seconds."""
    whisper.create(path, [tuple(archive) for archive in archives], xFilesFactor=0, sparse=True)
    first = NOW - NOW % 3600 - spans[-1]
    sizes, time = [], first
    for span in spans:
        while time <= first + span:
            # As a store does: what came in a while, at the time it came.
            batch = [(at, 1.0) for at in range(time, min(time + 600, first + span + 1), step)]
            whisper.update_many(path, batch, now=batch[-1][0])
            time = batch[-1][0] + step
        found = os.stat(path)
        sizes.append([found.st_size, found.st_blocks * 512])
    return sizes


ACTIONS = {"create": create, "grow": grow, "fetch": fetch, "info": info, "resize": resize}
answers = []
for task in json.load(sys.stdin):
    answers.append(ACTIONS[task.pop("do")](**task))
json.dump(answers, sys.stdout)
