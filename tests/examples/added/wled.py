"""A sink of one's own: `realtime --sink wled:192.168.0.30` shows the picture on a wall of 16×9 lamps.

WLED takes a UDP packet a picture: protocol 2 (DRGB), seconds until it shows its own lights again, then R, G, B a lamp
(https://kno.wled.ge/interfaces/udp-realtime/).
"""

import socket

import cv2

import realtime

LAMPS = (16, 9)


class WledSink(realtime.Sink):
    """Sends each picture to WLED, small enough for the lamps."""

    def __init__(self, argument: str) -> None:
        """Take what stands after `wled:`, a host or a host and a port."""
        host, _, port = argument.partition(":")
        self._address = (host or "127.0.0.1", int(port or 21324))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def _write(self, stylized: realtime.Stylized) -> None:
        lamps = cv2.resize(stylized.picture, LAMPS, interpolation=cv2.INTER_AREA)
        self._socket.sendto(bytes((2, 2)) + lamps[:, :, ::-1].tobytes(), self._address)

    def _close(self) -> None:
        self._socket.close()
