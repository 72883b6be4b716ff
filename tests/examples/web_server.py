"""A web server that paints: POST a picture to /STYLE, get a JPEG back. `python web_server.py`, then

curl --data-binary @photo.jpg http://127.0.0.1:8000/wave > painted.jpg
"""

import asyncio
import re

import cv2
import numpy as np

import realtime

LARGEST = 20_000_000  # bytes of a request

stylizer = realtime.Stylizer("lite")  # safe to share between threads
library = realtime.StyleLibrary(stylizer)


def paint(data: bytes, style: str) -> bytes:
    """Give the picture in `data`, painted in a style, as a JPEG; RealtimeError for an unknown style, ValueError for no picture."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError("this is no picture; post a JPEG or PNG")
    if style not in library.names:
        raise ValueError(f"there is no style {style!r}; there are {', '.join(library.names)}")
    painted = stylizer(picture.astype(np.uint8), library.code(style))
    return cv2.imencode(".jpg", painted)[1].tobytes()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request. The model works in a thread, so that the server goes on accepting others."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    length = re.search(r"(?i)\r\ncontent-length: *(\d+)", head)
    try:
        if not head.startswith("POST ") or not length or int(length[1]) > LARGEST:
            raise ValueError(f"post a picture of at most {LARGEST} bytes to /STYLE")
        data = await reader.readexactly(int(length[1]))
        status, kind, body = "200 OK", "image/jpeg", await asyncio.to_thread(paint, data, head.split()[1].strip("/"))
    except (ValueError, realtime.RealtimeError) as error:
        status, kind, body = "400 Bad Request", "text/plain; charset=utf-8", str(error).encode()
    writer.write(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    writer.close()


async def serve(port: int = 8000) -> asyncio.Server:
    """Begin to listen on this machine alone; port 0 takes a free one."""
    return await asyncio.start_server(answer, "127.0.0.1", port)


async def main() -> None:
    """Serve until Ctrl-C."""
    server = await serve()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
