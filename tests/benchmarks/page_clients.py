"""Small browsers in a process of their own, which acknowledge every JPEG and decode none; started by bench_page.py.

    python tests/benchmarks/page_clients.py ADDRESS ROLE COUNT WARM SECONDS

ADDRESS is printed by the program, with its token. ROLE is `view`; `control`, which wants no pictures; or `guest`, which is invited
by the control address and sends JPEGs of 640x480 as fast as they are taken. After WARM seconds it counts for SECONDS, and prints
one line of JSON: the pictures a second of each, the rate that the program tells, and the latencies to the acknowledgement in ms.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import sys
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed


class Browser:
    """One of them."""

    def __init__(self, address: str, role: str, jpegs: list[bytes]) -> None:
        """Exchange the token of an address; `jpegs` are what its camera sees."""
        self._role, self._jpegs = role, jpegs
        self.pictures, self._sent = 0, 0
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
                async for message in socket:
                    await self._hear(socket, message)

    async def _hear(self, socket: ClientConnection, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.pictures += 1
            await socket.send(f'{{"type":"ack","seq":{int.from_bytes(message[4:8], "little")}}}')
            return
        told = json.loads(message)
        if told["type"] == "ping":
            await socket.send('{"type":"pong"}')
        elif told["type"] == "figures":
            self.told.append(told["rate"])
            self.latencies += [told["latency"]] if told["latency"] is not None else []
        elif told["type"] == "taken" or (told["type"] == "camera" and told["on"] and not self._sent):
            self._sent += 1
            jpeg = self._jpegs[self._sent % len(self._jpegs)]
            await socket.send(bytes([3, 0, 0, 0]) + self._sent.to_bytes(4, "little") + jpeg)


def camera_pictures(count: int = 8) -> list[bytes]:
    """JPEGs of the demo scene."""
    import cv2

    from realtime.sources.demo import DemoSource

    with DemoSource((640, 480)) as source:
        frames = [frame for _ in range(count) if (frame := source.read())]
    return [cv2.imencode(".jpg", frame.picture)[1].tobytes() for frame in frames]


async def main(address: str, role: str, count: int, warm: float, seconds: float) -> None:
    """Open the sockets, wait, count, and print."""
    jpegs = camera_pictures() if role == "guest" else []
    place = await Browser(address, "control", []).invite() if role == "guest" else address
    browsers = [Browser(place, role, jpegs) for _ in range(count)]
    running = [asyncio.create_task(browser.run()) for browser in browsers]
    await asyncio.sleep(warm)
    for browser in browsers:
        browser.told.clear()
        browser.latencies.clear()
    before, begin = [browser.pictures for browser in browsers], asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    taken = asyncio.get_running_loop().time() - begin
    rates = [(browser.pictures - old) / taken for browser, old in zip(browsers, before, strict=True)]
    told = [rate for browser in browsers for rate in browser.told]
    latencies = [latency for browser in browsers for latency in browser.latencies]
    print(json.dumps({"rates": rates, "told": sum(told) / max(1, len(told)), "latencies": latencies}), flush=True)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])))
