"""Stands in for setuptools while make-package runs "pip download": see build_meta.py."""
