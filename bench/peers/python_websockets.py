#!/usr/bin/env python3
"""The peer python3-websockets: on uvloop, with its own C module for the masks, no compression, no keepalive tasks."""

import asyncio
import sys

import uvloop
import websockets

members = set()


async def serve(websocket):
    if websocket.path != "/broadcast":
        async for message in websocket:
            await websocket.send(message)
        return
    members.add(websocket)
    try:
        async for message in websocket:
            websockets.broadcast(members, message)
    finally:
        members.discard(websocket)


async def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    async with websockets.serve(serve, "127.0.0.1", port, compression=None, ping_interval=None, max_size=64 << 20,
                                backlog=4096) as server:
        print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
        await asyncio.Future()


uvloop.install()
asyncio.run(main())
