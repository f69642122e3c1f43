"""Stands in for cairo, which graphite-web wants to draw pictures with.

Drawing needs native libraries that a bundle for any machine cannot carry; charts are drawn by the dashboards. A
request for a picture is answered with what to ask for in its place.
"""

from graphite.errors import InputParameterError


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise InputParameterError("this Graphite draws no pictures: ask for format=json, csv, raw or msgpack")
