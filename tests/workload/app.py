"""An app server: HTTP/1.1 with keep-alive, one connection each to PostgreSQL and memcached.

Arguments: own port, PostgreSQL's port and user, memcached's port.
"""

import http.server
import socket
import struct
import sys
import threading
import time

port, postgres_port, user, memcached_port = sys.argv[1:5]


def log_in():
    """A connection that is ready for queries; None while the server is still starting up."""
    connection = socket.create_connection(("127.0.0.1", int(postgres_port)))
    # The start-up message of protocol 3.0; the server trusts us and answers until ReadyForQuery.
    parameters = b"user\0" + user.encode() + b"\0database\0postgres\0\0"
    connection.sendall(struct.pack("!II", 8 + len(parameters), 196608) + parameters)
    answer = b""
    while not answer.endswith(b"Z\0\0\0\5I"):
        more = connection.recv(4096)
        if not more:
            # cannot_connect_now: it takes connections before it serves them.
            if b"C57P03\0" in answer:
                return None
            sys.exit(f"PostgreSQL refused us: {answer!r}")
        answer += more
    return connection


while not (postgres := log_in()):
    time.sleep(0.1)

memcached = socket.create_connection(("127.0.0.1", int(memcached_port)))
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with lock:
            memcached.sendall(b"version\r\n")
            body = memcached.recv(4096)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
print("ready", flush=True)
server.serve_forever()
