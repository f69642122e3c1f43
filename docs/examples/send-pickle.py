#!/usr/bin/env python3
"""send-pickle.py HOST PORT NAME VALUE [NAME VALUE ...]: sends points to carbon's pickle port in one message, with the time it is now."""
import pickle
import socket
import struct
import sys
import time

host, port, *points = sys.argv[1:]
now = int(time.time())
message = pickle.dumps([(name, (now, float(value))) for name, value in zip(points[::2], points[1::2])], protocol=2)
with socket.create_connection((host, int(port)), timeout=10) as carbon:
    carbon.sendall(struct.pack("!L", len(message)) + message)
