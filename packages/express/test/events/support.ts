/** Helpers for the tests of live events: a server that takes the caller from a header, and a reader of its streams. */
import { execFileSync } from 'node:child_process';
import type { IncomingMessage } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Daemon, DaemonEvent, DaemonOptions, FunctionDefinition, JsonObject, Session } from '@mcp-daemon/core';
import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import type { EventsHandler, EventsHandlerOptions } from '@mcp-daemon/express';
import { createEventsHandler } from '@mcp-daemon/express';

import { atEnd, echo } from '../support.js';

/** A running test server. */
export interface Watched {
  readonly port: number;
  readonly daemon: Daemon;
  readonly events: EventsHandler;
  /** Opens a session of a caller, to make calls in. */
  session(subject: string, partition?: string): Session;
}

/** The caller in the header `who`: `subject`, `subject:role` or `subject:role:partition`. */
const identityOf = (who: string): { subject: string; roles: string[]; partition: string } => {
  const [subject = '', role = 'user', partition = 'default'] = who.split(':');
  return { subject, roles: [role], partition };
};

/** Serves live events until the end of the test. A `ticket` in the URL takes precedence over the header `who`. */
export async function watch(
  options: EventsHandlerOptions = {},
  functions: readonly FunctionDefinition[] = [echo],
  more: Partial<DaemonOptions> = {},
): Promise<Watched> {
  const daemon = createDaemon({ catalog: defineCatalog({ functions }), ...more });
  const events = createEventsHandler(daemon, options);
  const server = createServer((req, res) => {
    const ticket = new URL(req.url ?? '/', 'http://localhost').searchParams.get('ticket');
    const identity = ticket === null ? identityOf(String(req.headers['who'] ?? 'ada')) : events.identityOfTicket(ticket);
    if (identity === undefined) res.writeHead(401).end();
    else events.handle(req, res, identity);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(async () => {
    events.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await daemon.close({ drainMs: 10 });
  });
  const session = (subject: string, partition = 'default'): Session => {
    const opened = daemon.open({ send: () => undefined }, { subject, partition });
    void opened.receive({
      ...{ jsonrpc: '2.0', id: 0, method: 'initialize' },
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    });
    void opened.receive({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return opened;
  };
  return { port: (server.address() as AddressInfo).port, daemon, events, session };
}

let nextId = 1;

/** Calls a tool. */
export const callOf = (session: Session, name = 'echo', args: JsonObject = { text: 'x' }): unknown =>
  session.receive({ jsonrpc: '2.0', id: (nextId += 1), method: 'tools/call', params: { name, arguments: args } });

export const changed = (uri: string | number, partition = 'default'): DaemonEvent => ({
  ...{ type: 'resource_updated', partition },
  uri: String(uri),
});

/** One event as a browser would pass it to a page. */
export interface Given {
  readonly type: string;
  readonly id: string;
  readonly data: JsonObject;
}

/** Reads a stream according to the standard. */
export class Reader {
  readonly given: Given[] = [];
  readonly res: IncomingMessage;
  lastEventId = '';
  retry = '';
  comments = 0;
  bytes = 0;
  /** Whether all missed events have been received. */
  ready = false;
  over = false;

  constructor(res: IncomingMessage) {
    this.res = res;
    let rest = '';
    res.setEncoding('utf8').on('data', (text: string) => {
      this.bytes += text.length;
      const blocks = (rest + text).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) this.#read(block);
    });
    res.on('close', () => (this.over = true));
    res.on('error', () => undefined);
  }

  /** URIs of updated resources. */
  get uris(): unknown[] {
    return this.given.filter(({ type }) => type === 'resource_updated').map(({ data }) => data['uri']);
  }

  get types(): string[] {
    return this.given.map(({ type }) => type);
  }

  leave(): void {
    this.res.destroy();
  }

  #read(block: string): void {
    let type = 'message';
    let data = '';
    for (const line of block.split('\n')) {
      const [, field, value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (field === '') this.comments += 1;
      else if (field === 'event') type = value;
      else if (field === 'id') this.lastEventId = value;
      else if (field === 'retry') this.retry = value;
      else if (field === 'data') data += value;
      else throw new Error(`no line of a stream: ${line}`);
    }
    if (type === 'ready') this.ready = true;
    else if (data !== '') this.given.push({ type, id: this.lastEventId, data: JSON.parse(data) as JsonObject });
  }
}

/** Sends a request and returns the response when it begins. */
export function ask(
  { port }: { port: number },
  { path = '/events', method = 'GET', headers = {} }: { path?: string; method?: string; headers?: Record<string, string> } = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const req = request({ port, host: '127.0.0.1', path, method, headers, agent: false }, resolve);
    req.on('error', reject);
    req.end();
    atEnd(() => req.destroy());
  });
}

/** Opens a stream. */
export async function read(to: { port: number }, who = 'ada', lastEventId?: string): Promise<Reader> {
  const headers = { accept: 'text/event-stream', who, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) };
  return new Reader(await ask(to, { headers }));
}

/** Whether curl is installed. */
export function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
