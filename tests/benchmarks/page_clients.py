"""Browsers in a process of their own, which acknowledge every JPEG and decode none; bench_page.py and soak_page.py start them.

    python tests/benchmarks/page_clients.py ADDRESS ROLE COUNT WARM SECONDS [--size 640x480] [--rate PICTURES]

ADDRESS is printed by the program, with its token. ROLE is `view`; `control`, which wants no pictures; `steer`, which does and gives
a command every two seconds; `stalled`, which acknowledges nothing; or `guest`, which is invited by the control address and sends
JPEGs as fast as they are taken, or at most `--rate` a second. After WARM seconds it counts for SECONDS, and prints one line of
JSON: the pictures a second of each, the rate that the program tells, the latencies to the acknowledgement in ms, the sizes of
pictures that guests were asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import random
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

STEERED: tuple[tuple[str, object], ...] = (
    ("step", 1),
    ("step", -1),
    ("blend", 0.5),
    ("strength", 0.7),
    ("snapshot", None),
    ("record", None),
    ("replay", None),
    ("compare", None),
)
"""Commands of which one who steers gives any."""


class Browser:
    """One of them."""

    def __init__(self, address: str, role: str, jpegs: list[bytes], rate: float | None = None) -> None:
        """Exchange the token of an address; `jpegs` are what its camera sees, and it sends at most `rate` a second."""
        self._role, self._jpegs, self._pause = role, jpegs, 1 / rate if rate else 0.0
        self.pictures, self._sent = 0, 0
        self.sizes: list[list[int]] = []
        self.told: list[float] = []
        self.latencies: list[float] = []
        self._host = address.split("/")[2]
        asking = http.client.HTTPConnection(self._host, timeout=20)
        headers = {"Content-Type": "application/json", "Origin": f"http://{self._host}"}
        asking.request("POST", "/token", json.dumps({"token": address.partition("#")[2]}), headers)
        self._cookie = str(asking.getresponse().getheader("Set-Cookie")).split(";")[0]
        asking.close()

    def _connect(self) -> Any:
        headers, origin = {"Cookie": self._cookie}, f"http://{self._host}"
        return connect(f"ws://{self._host}/socket", origin=origin, additional_headers=headers, compression=None)  # type: ignore[arg-type]

    async def invite(self) -> str:
        """Ask for the address of guests."""
        async with self._connect() as socket:
            await socket.send('{"type":"invite","role":"guest"}')
            async for message in socket:
                if isinstance(message, str) and (told := json.loads(message))["type"] == "invite":
                    return str(told["url"])
        raise SystemExit("the program invites nobody")

    async def run(self) -> None:
        """Watch until cancelled."""
        with contextlib.suppress(ConnectionClosed):
            async with self._connect() as socket:
                if self._role == "guest":
                    await socket.send('{"type":"camera","on":true}')
                if self._role != "control":
                    await socket.send('{"type":"want","pictures":true}')
                steering = asyncio.create_task(self._steer(socket)) if self._role == "steer" else None
                try:
                    async for message in socket:
                        await self._hear(socket, message)
                finally:
                    if steering:
                        steering.cancel()

    async def _steer(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(2)
                name, value = random.choice(STEERED)
                await socket.send(json.dumps({"type": "command", "name": name, "value": value}))

    async def _hear(self, socket: ClientConnection, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.pictures += 1
            if self._role == "stalled":
                return
            await socket.send(f'{{"type":"ack","seq":{int.from_bytes(message[4:8], "little")}}}')
            return
        told = json.loads(message)
        if told["type"] == "ping":
            await socket.send('{"type":"pong"}')
        elif told["type"] == "figures":
            self.told.append(told["rate"])
            self.latencies += [told["latency"]] if told["latency"] is not None else []
        if told["type"] == "camera" and told["on"]:
            self.sizes.append(told["size"])
        if told["type"] == "taken" or (told["type"] == "camera" and told["on"] and not self._sent):
            if self._pause:
                await asyncio.sleep(self._pause)
            self._sent += 1
            jpeg = self._jpegs[self._sent % len(self._jpegs)]
            await socket.send(bytes([3, 0, 0, 0]) + self._sent.to_bytes(4, "little") + jpeg)


def camera_pictures(size: tuple[int, int], count: int = 8) -> list[bytes]:
    """JPEGs of the demo scene."""
    import cv2

    from realtime.sources.demo import DemoSource

    with DemoSource(size) as source:
        frames = [frame for _ in range(count) if (frame := source.read())]
    return [cv2.imencode(".jpg", frame.picture)[1].tobytes() for frame in frames]


async def main(options: argparse.Namespace) -> None:
    """Open the sockets, wait, count, and print."""
    role = options.role
    width, height = (int(side) for side in options.size.split("x"))
    jpegs = camera_pictures((width, height)) if role == "guest" else []
    place = await Browser(options.address, "control", []).invite() if role == "guest" else options.address
    browsers = [Browser(place, role, jpegs, options.rate) for _ in range(options.count)]
    running = [asyncio.create_task(browser.run()) for browser in browsers]
    await asyncio.sleep(options.warm)
    for browser in browsers:
        browser.told.clear()
        browser.latencies.clear()
    before, begin = [browser.pictures for browser in browsers], asyncio.get_running_loop().time()
    await asyncio.sleep(options.seconds)
    taken = asyncio.get_running_loop().time() - begin
    told = [rate for browser in browsers for rate in browser.told]
    counted = {
        "rates": [(browser.pictures - old) / taken for browser, old in zip(browsers, before, strict=True)],
        "told": sum(told) / max(1, len(told)),
        "latencies": [latency for browser in browsers for latency in browser.latencies],
        "sizes": [browser.sizes[-1] for browser in browsers if browser.sizes],
    }
    print(json.dumps(counted), flush=True)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("role", choices=("view", "control", "steer", "stalled", "guest"))
    parser.add_argument("count", type=int)
    parser.add_argument("warm", type=float)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--size", default="640x480", help="of a guest's pictures")
    parser.add_argument("--rate", type=float, help="pictures a second of a guest, at most")
    asyncio.run(main(parser.parse_args()))
