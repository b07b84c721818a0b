"""Asks a web server for a page every half second, over one connection. Argument: its port."""

import http.client
import sys
import time

connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
announced = False
while True:
    connection.request("GET", "/")
    response = connection.getresponse()
    response.read()
    if response.status != 200:
        sys.exit(f"answer {response.status}")
    if not announced:
        print("ready", flush=True)
        announced = True
    time.sleep(0.5)
