"""Drives `coord mcp` with the official client library, as an agent would. Prints what came back as one JSON object.

usage: client.py COORD initialize|discover   (the calls come as a JSON list of [tool, arguments] on standard input)
"""

import asyncio
import json
import os
import sys

from mcp import ClientSession, MCPError, StdioServerParameters, stdio_client


async def call(session, name, arguments):
    try:
        # The library holds the answer against the tool's own schema here.
        result = await session.call_tool(name, arguments)
    except MCPError as error:
        return {"refused": str(error)}
    text = [block.text for block in result.content]
    return {"error": result.is_error, "text": text, "found": result.structured_content}


async def main(coord, handshake, calls):
    server = StdioServerParameters(command=coord, args=["mcp"], env=dict(os.environ), cwd=os.getcwd())
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await getattr(session, handshake)()
        tools = (await session.list_tools()).tools
        return {
            "revision": session.protocol_version,
            "server": session.server_info.name,
            "tools": [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools],
            "answers": [await call(session, name, arguments) for name, arguments in calls],
        }


print(json.dumps(asyncio.run(main(sys.argv[1], sys.argv[2], json.load(sys.stdin)))))
