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


ACTIONS = {"create": create, "fetch": fetch, "info": info, "resize": resize}
answers = []
for task in json.load(sys.stdin):
    answers.append(ACTIONS[task.pop("do")](**task))
json.dump(answers, sys.stdout)
