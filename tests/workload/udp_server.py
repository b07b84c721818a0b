"""Sends every datagram back, from one unconnected socket. Argument: its port."""

import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
while True:
    data, peer = server.recvfrom(2048)
    server.sendto(data, peer)
