"""Listens, and nobody ever comes. Argument: its port."""

import socket
import sys
import time

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
while True:
    time.sleep(3600)
