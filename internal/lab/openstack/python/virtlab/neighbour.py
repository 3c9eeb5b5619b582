"""Waits for the services that one needs at its start: host:port in VIRTLAB_AFTER, parted by spaces."""
import os
import socket


def wait(clock):
    for address in os.environ.get('VIRTLAB_AFTER', '').split():
        host, port = address.split(':')
        while True:
            try:
                socket.create_connection((host, int(port)), timeout=5).close()
                break
            except OSError:
                clock.sleep(0.05)
