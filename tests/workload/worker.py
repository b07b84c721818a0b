"""Says PING to a Redis server every half second. Arguments: its port, how many connections (1)."""

import socket
import sys
import time

port = int(sys.argv[1])
count = int(sys.argv[2]) if len(sys.argv) > 2 else 1
connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
announced = False
while True:
    for connection in connections:
        connection.sendall(b"PING\r\n")
        if connection.recv(64) != b"+PONG\r\n":
            sys.exit("no PONG")
    if not announced:
        print("ready", flush=True)
        announced = True
    time.sleep(0.5)
