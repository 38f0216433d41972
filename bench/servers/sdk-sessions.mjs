/** Sessions of the SDKs' Streamable HTTP transports, as in their documentation, on `node:http`: with Express they are slower. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import { port } from './tools.mjs';

/**
 * @param Transport the SDK's transport class
 * @param make creates a server
 */
export function serveSessions(Transport, make) {
  const transports = new Map();
  createServer(async (req, res) => {
    let transport = transports.get(req.headers['mcp-session-id']);
    if (transport === undefined) {
      if (req.method !== 'POST') return res.writeHead(404).end();
      transport = new Transport({
        sessionIdGenerator: () => randomUUID(),
        // Answer with JSON, as our server does for an answer that is ready at once.
        enableJsonResponse: true,
        onsessioninitialized: (id) => void transports.set(id, transport),
      });
      transport.onclose = () => transports.delete(transport.sessionId);
      await make().connect(transport);
    }
    await transport.handleRequest(req, res);
  }).listen(port(), '127.0.0.1');
}
