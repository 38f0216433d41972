/** A proxy in front of an engine, which lets things go wrong on the way. */
import { createServer, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What happens to a request. A text of its own is an answer of DynamoDB: an error of that name. */
export type Mishap =
  | 'none'
  /** The connection is reset before the engine has the request. */
  | 'reset before'
  /** The engine has done it, and the answer is lost. */
  | 'reset after'
  /** There is never an answer. */
  | 'silence'
  /** An answer of something else. */
  | 'html'
  | 'html 200'
  | 'empty 200'
  | 'status 500'
  | 'status 503'
  /** S3 and others: no permission. */
  | 'status 403'
  | { error: string; message?: string }
  /** An answer of DynamoDB with this content. */
  | { json: object };

/** A request on its way. */
export interface Passing {
  /** `PutItem` and so on, or the method of HTTP. */
  action: string;
  body: string;
  /** How many requests came before. */
  index: number;
}

/** A running proxy. */
export interface Proxy {
  readonly endpoint: string;
  /** What happens to each request from now on. Default: nothing. */
  behave: (passing: Passing) => Mishap | Promise<Mishap>;
  /** The actions of all requests, in their order. */
  readonly seen: string[];
  stop(): Promise<void>;
}

const HTML = '<html><body><h1>502 Bad Gateway</h1></body></html>';

/** Starts a proxy on loopback. @param port 0: any */
export async function startProxy(target: string, port = 0): Promise<Proxy> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const proxy: Proxy = { endpoint: '', behave: () => 'none', seen, stop: async () => undefined };

  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    const pass = async (): Promise<void> => {
      const bytes = Buffer.concat(chunks);
      const action = String(incoming.headers['x-amz-target'] ?? incoming.method).replace(/^.*\./, '');
      const passing = { action, body: bytes.toString('utf8'), index: seen.length };
      seen.push(action);
      const mishap = await proxy.behave(passing);
      const answer = (status: number, body: string, type = 'text/html'): void => {
        outgoing.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
      };
      if (mishap === 'silence') return;
      if (mishap === 'reset before') return void incoming.socket.resetAndDestroy();
      if (mishap === 'html') return answer(502, HTML);
      if (mishap === 'html 200') return answer(200, HTML);
      if (mishap === 'empty 200') return answer(200, '');
      if (mishap === 'status 403') return answer(403, '');
      if (mishap === 'status 500' || mishap === 'status 503')
        return answer(Number(mishap.slice(7)), '{}', 'application/x-amz-json-1.0');
      if (typeof mishap === 'object' && 'json' in mishap) {
        outgoing.setHeader('x-amzn-requestid', 'PROXY');
        return answer(200, JSON.stringify(mishap.json), 'application/x-amz-json-1.0');
      }
      if (typeof mishap === 'object') {
        const { error, message = 'said by the proxy' } = mishap;
        outgoing.setHeader('x-amzn-requestid', 'PROXY');
        const body = JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${error}`, message });
        return answer(400, body, 'application/x-amz-json-1.0');
      }
      // With the host that was asked for, which is a part of the signature.
      const { headers } = incoming;
      const forwarded = request(new URL(incoming.url ?? '/', target), { method: incoming.method, headers }, (engine) => {
        if (mishap === 'reset after') {
          engine.resume().on('end', () => incoming.socket.resetAndDestroy());
          return;
        }
        outgoing.writeHead(engine.statusCode ?? 500, engine.headers);
        engine.pipe(outgoing);
      });
      forwarded.on('error', () => incoming.socket.resetAndDestroy());
      forwarded.end(bytes);
    };
    incoming.on('end', () => void pass());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined); // a client that went away
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return Object.assign(proxy, {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  });
}
