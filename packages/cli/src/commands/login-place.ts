/** Waits on this machine for a browser that comes back from a log-in. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { LoginPlace } from '@mcp-daemon/mount';

/** A place that listens. */
export interface OpenPlace extends LoginPlace {
  close(): void;
}

/** How long a person may take. */
const WAIT_MS = 10 * 60_000;

/**
 * Listens on this machine.
 *
 * @param show shows the address to log in at
 * @param port where to listen. Default: any free port
 * @throws Error if the port is used
 */
export async function openLogin(show: (url: URL) => void, port = 0): Promise<OpenPlace> {
  let come: (parameters: URLSearchParams) => void = () => undefined;
  let giveUp: (error: Error) => void = () => undefined;
  const answer = new Promise<URLSearchParams>((resolve, reject) => {
    come = resolve;
    giveUp = reject;
  });
  answer.catch(() => undefined); // awaited later, or never if there is nothing to log in at
  const timer = setTimeout(() => giveUp(new Error('nobody logged in within 10 minutes')), WAIT_MS);
  const server = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://127.0.0.1');
    if (pathname !== '/callback') {
      res.writeHead(404).end();
      return;
    }
    res.writeHead(200, { 'content-type': 'text/plain', connection: 'close' }).end('You can close this page.\n');
    come(searchParams);
  });
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    clearTimeout(timer);
    throw error;
  }
  return {
    redirectUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`,
    show,
    answer,
    close() {
      clearTimeout(timer);
      server.close();
      server.closeAllConnections();
    },
  };
}
