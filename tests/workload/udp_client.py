"""Sends a datagram every half second from a connected socket. Argument: the server's port."""

import socket
import sys
import time

client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect(("127.0.0.1", int(sys.argv[1])))
announced = False
while True:
    client.send(b"hello")
    client.recv(2048)
    if not announced:
        print("ready", flush=True)
        announced = True
    time.sleep(0.5)
