"""A build backend that builds nothing.

"pip download" wants the metadata of a source distribution and would run its setup.py for that. make-package puts this
folder on PYTHONPATH, so pip asks this file instead. It answers with the PKG-INFO that every source distribution
carries, and runs nothing of the package.
"""

import os
import re


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    with open("PKG-INFO", encoding="utf-8") as source:
        text = source.read()
    fields = dict(re.findall(r"^(Name|Version):\s*(\S+)", text, re.MULTILINE))
    folder = "{}-{}.dist-info".format(fields["Name"].replace("-", "_"), fields["Version"])
    os.mkdir(os.path.join(metadata_directory, folder))
    with open(os.path.join(metadata_directory, folder, "METADATA"), "w", encoding="utf-8") as target:
        target.write(text)
    return folder


class _Legacy:
    """What pip asks for a package without pyproject.toml."""

    prepare_metadata_for_build_wheel = staticmethod(prepare_metadata_for_build_wheel)


__legacy__ = _Legacy()
