/** Sessions of the SDKs' Streamable HTTP transports, as their documents keep them, on `node:http`: their Express costs more. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import { port } from './tools.mjs';

/**
 * @param Transport the SDK's
 * @param make makes a server
 */
export function serveSessions(Transport, make) {
  const transports = new Map();
  createServer(async (req, res) => {
    let transport = transports.get(req.headers['mcp-session-id']);
    if (transport === undefined) {
      if (req.method !== 'POST') return res.writeHead(404).end();
      transport = new Transport({
        sessionIdGenerator: () => randomUUID(),
        // An answer that is there at once is JSON, as ours is.
        enableJsonResponse: true,
        onsessioninitialized: (id) => void transports.set(id, transport),
      });
      transport.onclose = () => transports.delete(transport.sessionId);
      await make().connect(transport);
    }
    await transport.handleRequest(req, res);
  }).listen(port(), '127.0.0.1');
}
