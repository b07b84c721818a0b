"""Connects, says hello, hears an answer and closes, again and again, and ends. Arguments: the port,
how many times."""

import socket
import sys

port, count = int(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
for _ in range(count):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"hello")
        answer = b""
        while len(answer) < 3:
            piece = connection.recv(3)
            if not piece:
                sys.exit("no answer")
            answer += piece
