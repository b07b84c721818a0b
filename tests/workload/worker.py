"""Says PING to a Redis server every half second, over one connection. Argument: its port."""

import socket
import sys
import time

connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
announced = False
while True:
    connection.sendall(b"PING\r\n")
    if connection.recv(64) != b"+PONG\r\n":
        sys.exit("no PONG")
    if not announced:
        print("ready", flush=True)
        announced = True
    time.sleep(0.5)
