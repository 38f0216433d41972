/** SDK v2 over HTTP. The fourth argument chooses: sessions with its transport, or its handler for the modern era. */
import { createServer } from 'node:http';

import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';

import { serveSessions } from './sdk-sessions.mjs';
import { port } from './tools.mjs';

const MAX_STREAMS = 20_000;

/** @param make creates a server */
export function serve(make) {
  if (process.argv[4] === 'modern') {
    const handle = toNodeHandler(createMcpHandler(make, { maxSubscriptions: MAX_STREAMS }));
    createServer((req, res) => void handle(req, res)).listen(port(), '127.0.0.1');
  } else serveSessions(NodeStreamableHTTPServerTransport, make);
}
