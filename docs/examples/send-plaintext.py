#!/usr/bin/env python3
"""send-plaintext.py HOST PORT NAME VALUE [NAME VALUE ...]: sends points to carbon's plaintext port, with the time it is now."""
import socket
import sys
import time

host, port, *points = sys.argv[1:]
now = int(time.time())
lines = [f"{name} {value} {now}\n" for name, value in zip(points[::2], points[1::2])]
with socket.create_connection((host, int(port)), timeout=10) as carbon:
    carbon.sendall("".join(lines).encode())
