"""Gives newer Pythons what graphite-web 1.1.10 and Django 3.2 still ask of the standard library.

Only what is missing is filled in, and only as far as the query service uses it. gunicorn.conf.py
imports it before anything else.
"""

import configparser
import importlib.util
import inspect
import re
import sys
import types
from email.message import Message


def parse_header(line):
    """cgi.parse_header, in which Django reads Content-Type: ("text/html", {"charset": "utf-8"})."""
    message = Message()
    message["content-type"] = line
    (value, _), *parameters = message.get_params()
    return value, dict(parameters)


def valid_boundary(boundary):
    """cgi.valid_boundary: what may part the fields of a posted form, https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1"""
    return re.fullmatch(rb"[ -~]{0,200}[!-~]", boundary)


def getargspec(function):
    """inspect.getargspec, for the list of functions that /functions answers with."""
    spec = inspect.getfullargspec(function)
    return spec.args, spec.varargs, spec.varkw, spec.defaults


def formatargspec(args, varargs, keywords, defaults):
    """inspect.formatargspec: the arguments as they would stand in a definition."""
    plain = len(args) - len(defaults or ())
    parts = args[:plain] + ["%s=%r" % pair for pair in zip(args[plain:], defaults or ())]
    parts += ["*" + varargs] if varargs else []
    parts += ["**" + keywords] if keywords else []
    return "(%s)" % ", ".join(parts)


def fill_in(module, **attributes):
    """Adds the attributes that a module lacks, and the module where there is none."""
    if importlib.util.find_spec(module) is None:
        sys.modules[module] = types.ModuleType(module)
    target = importlib.import_module(module)
    for name, value in attributes.items():
        if not hasattr(target, name):
            setattr(target, name, value)


# Python 3.11
fill_in("inspect", getargspec=getargspec, formatargspec=formatargspec)
# Python 3.12; what imp did is only wanted for plugins given by path, of which there are none.
fill_in("imp")
fill_in("configparser", SafeConfigParser=configparser.ConfigParser)
# Python 3.13
fill_in("cgi", parse_header=parse_header, valid_boundary=valid_boundary)
