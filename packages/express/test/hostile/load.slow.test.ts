/** Clients that hold resources: they are limited, and other clients are served meanwhile. */
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { Daemon } from '@mcp-daemon/core';
import { createMemoryStore } from '@mcp-daemon/core';
import { createMcpHandler } from '@mcp-daemon/express';

import { createAddressOf } from '../../src/access/address.js';
import { networkOf } from '../../src/auth/throttle.js';
import { ask, JSON_TYPE } from '../auth/support.js';
import { changed } from '../events/support.js';
import {
  atEnd,
  call,
  echo,
  gate,
  initialize,
  JSON_HEADERS,
  META,
  modern,
  openSession,
  send,
  stream,
  tool,
  until,
} from '../support.js';
import type { TestServer } from './support.js';
import { ADMIN, bearerOf, expectServed, gauge, lines, LIST, openServer, post, SESSIONS, untilGauge, Wire } from './support.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const heldBytes = (): number => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const EVENTS = 'mcp_daemon_streams\\{kind="events"\\}';

describe('endless requests', () => {
  const LONG = 'Content-Length: 10000\r\n';
  const login = `POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${LONG}\r\n{`;

  it.each<[string, readonly string[], number]>([
    ['heads', ['', 'P', 'POST /mcp HTTP/1.1\r\nHost: loc', post('', 'X: y').trimEnd()], 60_000],
    [
      'bodies',
      [
        post('', LONG),
        login,
        `${post('', 'Transfer-Encoding: chunked\r\n')}1000\r\n{"js`,
        post('', LONG).replace(ADMIN.authorization, 'Bearer x'), // refused, but goes on sending
      ],
      1_000,
    ],
  ])('end by timeout while others are served: a thousand %s', async (_what, stages, requestTimeoutMs) => {
    const server = await openServer({ headersTimeoutMs: 500, requestTimeoutMs });
    const wires: Wire[] = [];
    for (const text of stages)
      for (let group = 0; group < 5; group += 1) {
        // More at once than the system's queue holds would have to try again after 1, 3 and 7 seconds, and so would other clients.
        const some = Array.from({ length: 50 }, () => new Wire(server.port).write(text));
        wires.push(...some);
        await Promise.all(some.map((wire) => wire.connected()));
      }
    // Some send a byte from time to time, the first ones send nothing more. Both time out.
    const trickle = setInterval(() => {
      for (const wire of wires.slice(250)) if (!wire.closed) wire.write('x');
    }, 100);
    atEnd(() => clearInterval(trickle));
    await expectServed(server);
    await until(() => wires.every(({ closed }) => closed));
    const all = new Set(wires.flatMap(({ statuses }) => statuses));
    expect([...all].filter((status) => status >= 500 || status < 400)).toEqual([]);
    await expectServed(server);
  });

  it('have a common memory limit for their bodies; beyond it clients are told to retry', async () => {
    const server = await openServer({ maxHeldBytes: 3_000_000 });
    const half = (path: string): Wire =>
      new Wire(server.port).write(post('', 'Content-Length: 2000000\r\n', path)).write(' '.repeat(1_000_000));
    // Two of them fit, in whatever order their parts arrive.
    const larger = new Wire(server.port).write(post('', 'Content-Length: 2000000\r\n')).write(' '.repeat(1_900_000));
    const three = [half('/mcp'), half('/mcp'), larger];
    await Promise.race(three.map((wire) => wire.answered()));
    await expectServed(server); // a body in one piece is not counted
    const refused = three.filter(({ statuses }) => statuses.length > 0);
    expect(refused.map(({ statuses }) => statuses)).toEqual([[503]]);
    expect(refused[0]!.received.toLowerCase()).toContain('retry-after: 5');
    for (const { socket } of three) socket.destroy();
    const padded = LIST.padEnd(2_500_000);
    await until(async () => (await new Wire(server.port).write(post(padded)).answered()).statuses[0] === 200);
    for (let again = 0; again < 3; again += 1)
      expect((await new Wire(server.port).write(post(padded)).answered()).statuses).toEqual([200]);
    // Refused and too large bodies have been removed from the count.
    expect((await new Wire(server.port).write(post(padded)).answered()).statuses).toEqual([200]);
  });
});

describe('sessions that are never ended', () => {
  it('are limited in number, end when idle, and free their memory', async () => {
    const server = await openServer({ maxSessions: 200, maxSessionsPerUser: 150, sessionIdleMs: 1_000 });
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    atEnd(() => agent.destroy());
    const body = JSON.stringify(initialize());
    const users = [ADMIN, await bearerOf({}), await bearerOf({ sub: 'eve', roles: ['viewer'] })];
    const open = (user: object): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const headers = { ...JSON_HEADERS, 'content-length': String(body.length), ...user };
        request({ agent, host: '127.0.0.1', port: server.port, path: '/mcp', method: 'POST', headers }, (res) =>
          res.resume().on('end', () => resolve(res.statusCode)),
        )
          .on('error', reject)
          .end(body);
      });
    const many = async (count: number): Promise<void> => {
      let left = count;
      const worker = async (): Promise<void> => {
        while (left-- > 0) expect(await open(users[left % users.length]!)).toBe(200);
      };
      await Promise.all(Array.from({ length: 8 }, worker));
    };
    await many(500);
    await untilGauge(server, SESSIONS, 0);
    server.log.length = 0;
    const before = heldBytes();
    await many(4_000);
    expect(await gauge(server, SESSIONS)).toBeLessThanOrEqual(200);
    server.log.length = 0; // drops the lines of the test's own requests
    await untilGauge(server, SESSIONS, 0);
    expect(heldBytes() - before).toBeLessThan(4_000_000); // a kilobyte for each
  });
});

describe('a session id', () => {
  it('may be used by two clients of one user; a request id that is already running is refused', async () => {
    const { tool: waits, open, signals } = gate();
    const server = await openServer({}, [waits, echo]);
    const session = await openSession(server, '2025-11-25', {}, ADMIN);
    const json = { ...session, accept: 'application/json' };
    const first = send(server, { body: call('gate', {}, 7), headers: json });
    await until(() => signals.length === 1);
    const second = await send(server, { body: call('echo', { text: 'x' }, 7), headers: json });
    expect(second.json.error).toMatchObject({ code: -32600 });
    const others = await Promise.all(
      [8, 9].map((id) => send(server, { body: call('echo', { text: `${id}` }, id), headers: json })),
    );
    expect(others.map(({ json: { id, result } }) => [id, (result?.['content'] as { text: string }[])[0]?.text])).toEqual([
      [8, '8'],
      [9, '9'],
    ]);
    open();
    expect((await first).json).toMatchObject({ id: 7, result: { content: [{ text: 'done' }] } });
  });

  it('of another user is answered like an unknown one: for calls, streams, resuming and ending', async () => {
    const server = await openServer();
    const session = await openSession(server, '2025-11-25', {}, ADMIN);
    for (const other of [await bearerOf({}), await bearerOf({ sub: 'root', roles: ['admin'] })]) {
      const headers = { ...session, ...other };
      expect((await send(server, { body: call('echo'), headers })).status).toBe(404);
      expect((await send(server, { method: 'GET', headers: { ...headers, accept: 'text/event-stream' } })).status).toBe(404);
      const resume = { ...headers, accept: 'text/event-stream', 'last-event-id': '1-1' };
      expect((await send(server, { method: 'GET', headers: resume })).status).toBe(404);
      expect((await send(server, { method: 'DELETE', headers })).status).toBe(404);
    }
    // It does not exist for the same user in another partition either.
    expect((await ask(server.port, 'POST', '/mcp', { ...JSON_HEADERS, ...session, 'part-id': 'x' }, LIST)).status).not.toBe(200);
    expect((await send(server, { body: call('echo', { text: 'mine' }), headers: session })).text).toContain('mine');
  });
});

describe('an event id from the future', () => {
  it('does not resume a stream of a session', async () => {
    const server = await openServer();
    const session = { ...(await openSession(server, '2025-11-25', {}, ADMIN)), accept: 'text/event-stream' };
    const standalone = await stream(server, { method: 'GET', headers: session });
    await until(() => standalone.ids.length === 1);
    standalone.leave();
    for (const id of ['0-99', '99-1', '9999999999-9999999999', '99999999999-1', '-1-1', '0-', 'x', '0-1, 0-1', '0-1e9']) {
      const answer = await send(server, { method: 'GET', headers: { ...session, 'last-event-id': id } });
      expect([id, answer.status]).toEqual([id, 400]);
    }
    const again = await stream(server, { method: 'GET', headers: { ...session, 'last-event-id': standalone.ids[0]! } });
    expect(again.status).toBe(200);
    again.leave();
  });

  it('makes live events send a gap, then continue', async () => {
    const server = await openServer();
    const watch = (lastEventId?: string): Wire =>
      new Wire(server.port).write(
        `GET /events HTTP/1.1\r\nHost: localhost\r\n${lines({ ...ADMIN, 'Last-Event-ID': lastEventId })}\r\n`,
      );
    const first = watch();
    await until(() => /^id: \S+/m.test(first.received));
    const [, process, at] = /^id: ([0-9a-f]+)-(\d+)/m.exec(first.received)!;
    for (const [id, reason] of [
      [`${process}-${Number(at) + 1_000}`, 'future'],
      [`${process}-${'9'.repeat(300)}`, /future|unknown/],
      ['0123456789abcdef-1', 'unknown'],
      ['__proto__', 'unknown'],
      [`${process}--1`, 'unknown'],
    ] as const) {
      const again = watch(id);
      await until(() => again.received.includes('event: ready'));
      expect([id, /"reason":"(\w+)"/.exec(again.received)?.[1]]).toEqual([id, expect.stringMatching(reason)]);
      server.daemon.events.publish(changed(`after-${id}`));
      await until(() => again.received.includes('event: resource_updated'));
      again.socket.destroy();
    }
  });
});

describe('a client that disconnects in the middle of a call', () => {
  const requestOf = (headers: Record<string, string | undefined>, body: unknown): string => {
    const text = JSON.stringify(body);
    const head = lines({ ...JSON_HEADERS, ...headers, 'content-length': String(text.length) });
    return `POST /mcp HTTP/1.1\r\nHost: localhost\r\n${head}\r\n${text}`;
  };

  const vanish: Record<string, (server: TestServer) => Promise<Wire>> = {
    async 'without a session'(server) {
      const { headers, body } = modern('tools/call', { name: 'hang' }, ADMIN);
      return new Wire(server.port).write(requestOf(headers ?? {}, body));
    },
    async 'in a session'(server) {
      const session = await openSession(server, '2025-06-18', {}, ADMIN);
      return new Wire(server.port).write(requestOf(session, call('hang')));
    },
    async 'that waits behind another request'(server) {
      const { headers, body } = modern('tools/call', { name: 'hang' }, ADMIN);
      return new Wire(server.port).write(post(LIST) + requestOf(headers ?? {}, body));
    },
    async 'over the old transport'(server) {
      const sse = new Wire(server.port).write(`GET /sse HTTP/1.1\r\nHost: localhost\r\n${lines(ADMIN)}\r\n`);
      await until(() => /data: (\S+)/.test(sse.received));
      const path = /data: (\S+)/.exec(sse.received)![1]!;
      expect(
        (await ask(server.port, 'POST', path, { ...JSON_TYPE, ...ADMIN }, JSON.stringify(call('hang', {}, 1, META)))).status,
      ).toBe(202);
      return sse;
    },
  };

  it.each(Object.keys(vanish))('cancels the call and its record: %s', async (how) => {
    const signals: AbortSignal[] = [];
    const hang = tool('hang', async (_args, { signal }) => {
      signals.push(signal);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    });
    const store = createMemoryStore();
    const server = await openServer({}, [hang], { store });
    const wire = await vanish[how]!(server);
    await until(() => signals.length === 1);
    wire.socket.resetAndDestroy();
    await until(() => signals[0]!.aborted);
    const recorded = async (): Promise<unknown[]> =>
      (await store.calls.list('default', {})).items.map(({ status, fault }) => [status, fault]);
    await until(async () => !String(await recorded()).startsWith('in_process'));
    expect(await recorded()).toEqual([['cancelled', 'transport']]);
    await expectServed(server);
  });
});

describe('a client that stops reading', () => {
  it('live events is disconnected, while others see all of them', async () => {
    const server = await openServer({ events: { maxUnreadBytes: 100_000 } });
    const head = `GET /events HTTP/1.1\r\nHost: localhost\r\n${lines(ADMIN)}\r\n`;
    const quick = new Wire(server.port).write(head);
    let tail = '';
    quick.socket.on('data', (text: string) => (tail = (tail + text).slice(-30_000)));
    const slow = new Wire(server.port);
    slow.socket.pause();
    slow.write(head);
    await untilGauge(server, EVENTS, 2);
    // Far more than the socket buffers of the system.
    const count = 2_000;
    for (let sent = 1; sent <= count; sent += 1) {
      server.daemon.events.publish(changed(`${sent}-${'x'.repeat(10_000)}`));
      // With the four before, whose writing may end only now, less than the client may leave unread.
      if (sent % 4 === 0) await until(() => tail.includes(`"${sent}-xx`));
    }
    await until(() => quick.received.includes(`"${count}-xx`));
    await untilGauge(server, EVENTS, 1);
    expect(quick.received).not.toContain('"slow"');
    await expectServed(server);
  });

  let bigs = 0;
  beforeEach(() => (bigs = 0));
  const big = tool('big', () => ((bigs += 1), 'x'.repeat(9_500_000)));

  /** Serves a handler and returns the server's connections. */
  async function serveBig(): Promise<{ port: number; sockets: Socket[]; held: ReturnType<typeof gate>; daemon: Daemon }> {
    const held = gate();
    const { daemon } = await openServer({}, [big, held.tool]);
    const mcp = createMcpHandler(daemon);
    const sockets: Socket[] = [];
    const server = createServer({ keepAliveTimeout: 0 }, (req, res) => void mcp.handle(req, res)).on('connection', (socket) =>
      sockets.push(socket),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(() => {
      server.closeAllConnections();
      server.close();
    });
    return { port: (server.address() as AddressInfo).port, sockets, held, daemon };
  }

  const callOf = (name: string): string => {
    const { headers, body } = modern('tools/call', { name });
    const said = JSON.stringify(body);
    return `POST /mcp HTTP/1.1\r\nHost: localhost\r\n${lines({ ...JSON_HEADERS, ...headers })}Content-Length: ${said.length}\r\n\r\n${said}`;
  };

  it.each([
    ['its answer', ['big']],
    ['an answer that was there before the one to the request before', ['gate', 'big']],
  ])('%s has a minute without any progress', async (_what, names) => {
    const { port, sockets, held, daemon } = await serveBig();
    const wire = new Wire(port);
    wire.socket.pause();
    wire.write(names.map(callOf).join(''));
    if (names.includes('gate')) await until(() => held.signals.length === 1 && bigs === 1 && daemon.stats().inFlight === 1);
    held.open();
    await until(() => sockets[0]?.timeout === 60_000);
    sockets[0]!.emit('timeout');
    expect(sockets[0]!.destroyed).toBe(true);
  });

  it('and continues gets its answer, and its connection has no such timeout afterwards', async () => {
    const { port, sockets } = await serveBig();
    const wire = new Wire(port);
    wire.socket.pause();
    wire.write(callOf('big').repeat(2));
    await until(() => sockets[0]?.timeout === 60_000);
    wire.socket.resume();
    await until(() => wire.received.length > 19_000_000);
    await until(() => sockets[0]!.timeout === 0);
    expect(wire.statuses).toEqual([200, 200]);
    expect(wire.closed).toBe(false);
  });
});

it('the address of a client that has disconnected is empty', () => {
  const gone = { headers: { 'x-forwarded-for': '' }, socket: {} } as never;
  for (const trust of [0, 1, 2, ['loopback'], ['10.0.0.0/8', '127.0.0.1']]) {
    expect(createAddressOf(trust)(gone)).toBe('');
    expect(networkOf(createAddressOf(trust)(gone))).toBe('');
  }
});
