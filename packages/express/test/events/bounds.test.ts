/** Limits on the number, duration and memory of streams. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { jest } from '@jest/globals';

import { atEnd, until } from '../support.js';
import type { Watched } from './support.js';
import { callOf, changed, read, watch } from './support.js';

afterEach(() => jest.restoreAllMocks());

/** A client that opens a stream and then stops reading. */
async function stopReading({ port, events }: Watched): Promise<Socket> {
  const before = events.streams;
  const socket = connect(port, '127.0.0.1');
  atEnd(() => socket.destroy());
  socket.pause().on('error', () => undefined);
  socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\nwho: ada\r\n\r\n');
  await until(() => events.streams === before + 1);
  return socket;
}

/** How long a client has for the last events. */
const GRACE_MS = 5_000;
const LONG = 'x'.repeat(10_000);

describe('a client that stops reading', () => {
  it('is disconnected, gets a gap event if it reads again, and does not affect others', async () => {
    // The client reads again before its time for that is over, however long this takes.
    const { setTimeout: real } = globalThis;
    const timers = jest.spyOn(globalThis, 'setTimeout');
    timers.mockImplementation(((run: () => void, ms: number) => real(run, ms === GRACE_MS ? 2 ** 31 - 1 : ms)) as never);
    const watched = await watch({ maxUnreadBytes: 100_000 });
    const slow = await stopReading(watched);
    const quick = await read(watched);
    let sent = 0;
    for (; watched.daemon.events.listens('default') && sent < 2_000; sent += 1) {
      watched.daemon.events.publish(changed(`${sent}${LONG}`));
      // With the four before, whose writing may end only now, less than the client may leave unread.
      if (sent % 4 === 0) await until(() => quick.given.length > sent);
    }
    await until(() => quick.given.length === sent);
    expect(quick.types).not.toContain('gap');
    let late = '';
    slow.setEncoding('utf8').on('data', (text: string) => (late += text));
    slow.resume();
    await until(() => late.endsWith('0\r\n\r\n'));
    expect(late).toContain('event: gap\ndata: {"type":"gap","reason":"slow"}\n\n');
    const ids = [...late.matchAll(/^id: (.*)$/gm)].map(([, id]) => id);
    expect(ids.length).toBeLessThan(sent);
    // The client has all events up to the disconnect, and can fetch the next ones.
    const again = await read(watched, 'ada', ids.at(-1));
    await until(() => again.given.length > 0);
    const first = quick.given.findIndex(({ id }) => id === ids.at(-1)) + 1;
    expect(again.given[0]).toEqual(sent - first > 1_000 ? expect.objectContaining({ type: 'gap' }) : quick.given[first]);
    again.leave();
    await until(() => watched.events.streams === 1);
    watched.daemon.events.publish(changed('last'));
    await until(() => quick.given.length === sent + 1);
  });

  it('and never reads again is disconnected', async () => {
    const timers = jest.spyOn(globalThis, 'setTimeout');
    const watched = await watch({ maxUnreadBytes: 100_000 });
    await stopReading(watched);
    const grace = (): (() => void) | undefined => timers.mock.calls.find(([, ms]) => ms === GRACE_MS)?.[0] as never;
    for (let sent = 0; grace() === undefined && sent < 2_000; sent += 1) {
      watched.daemon.events.publish(changed(`${sent}${LONG}`));
      if (sent % 5 === 0) await new Promise(setImmediate);
    }
    expect(watched.events.streams).toBe(1);
    grace()?.();
    await until(() => watched.events.streams === 0);
  });

  it('is limited within one turn of the event loop as well', async () => {
    const watched = await watch({ maxUnreadBytes: 100_000 });
    const reader = await read(watched);
    for (let sent = 0; sent < 50; sent += 1) watched.daemon.events.publish(changed(`${sent}${LONG}`));
    await until(() => reader.over);
    expect(reader.given.map(({ data }) => data)).toEqual([{ type: 'gap', reason: 'slow' }]);
    const again = await read(watched, 'ada', reader.lastEventId);
    await until(() => again.given.length === 50);
    expect(again.types).not.toContain('gap');
  });
});

describe('the number of streams', () => {
  it('is limited for one user and in total; when one ends, another may begin', async () => {
    const watched = await watch({ maxStreams: 4, maxStreamsPerUser: 2 });
    const ada = [await read(watched, 'ada'), await read(watched, 'ada')];
    const third = await read(watched, 'ada');
    expect(third.res.statusCode).toBe(503);
    expect(third.res.headers['retry-after']).toBe('5');
    expect((await read(watched, 'bob')).res.statusCode).toBe(200);
    expect((await read(watched, 'root:admin')).res.statusCode).toBe(200);
    expect((await read(watched, 'eve')).res.statusCode).toBe(503);
    ada[0]!.leave();
    await until(() => watched.events.streams === 3);
    expect((await read(watched, 'ada')).res.statusCode).toBe(200);
  });
});

describe('the duration of a stream', () => {
  it('is limited; a client that reconnects gets the events it has missed', async () => {
    const watched = await watch({ heartbeatMs: 20, maxStreamMs: 50 });
    const reader = await read(watched);
    await until(() => reader.over);
    expect(reader.given).toEqual([]);
    watched.daemon.events.publish(changed('meanwhile'));
    const again = await read(watched, 'ada', reader.lastEventId);
    await until(() => again.given.length === 1);
    expect(again.uris).toEqual(['meanwhile']);
  });
});

describe('the end of streams', () => {
  it('comes with the shutdown: clients are told when to reconnect, and new streams are refused', async () => {
    const watched = await watch();
    const readers = await Promise.all([read(watched, 'ada'), read(watched, 'bob'), read(watched, 'root:admin:other')]);
    watched.daemon.events.publish(changed('last'));
    watched.events.close();
    watched.events.close();
    await until(() => readers.every(({ over }) => over) && watched.events.streams === 0);
    for (const { retry, res } of readers) {
      expect(Number(retry)).toBeGreaterThanOrEqual(1_000);
      expect(Number(retry)).toBeLessThanOrEqual(3_000);
      expect(res.complete).toBe(true);
    }
    expect(readers.map(({ uris }) => uris)).toEqual([['last'], ['last'], []]);
    const late = await read(watched);
    expect(late.res.statusCode).toBe(503);
    expect(late.res.headers['retry-after']).toBe('5');
  });

  it('comes when the client disconnects; without streams the bus has no listeners', async () => {
    const clock = jest.spyOn(globalThis, 'setTimeout');
    const watched = await watch();
    const readers = await Promise.all(Array.from({ length: 20 }, () => read(watched)));
    await callOf(watched.session('ada'));
    for (const reader of readers) reader.leave();
    await until(() => watched.events.streams === 0);
    expect(watched.daemon.events.listens('default')).toBe(true);
    const linger = clock.mock.calls.find(([, ms]) => ms === 120_000)?.[0];
    (linger as () => void)();
    expect(watched.daemon.events.listens('default')).toBe(false);
  });

  it('leaves nothing in memory', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const watched = await watch();
    const responses: WeakRef<ServerResponse>[] = [];
    const { handle } = watched.events;
    Object.assign(watched.events, {
      handle(...[req, res, identity]: Parameters<typeof handle>) {
        responses.push(new WeakRef(res));
        handle(req, res, identity);
      },
    });
    for (let round = 0; round < 5; round += 1) {
      const readers = await Promise.all(Array.from({ length: 20 }, () => read(watched)));
      await callOf(watched.session('ada'));
      await until(() => readers.every(({ given }) => given.length === 2));
      for (const reader of readers) reader.leave();
      await until(() => watched.events.streams === 0);
    }
    const left = (): number => responses.filter((ref) => ref.deref() !== undefined).length;
    expect(responses).toHaveLength(100);
    // Node's HTTP parser keeps the last response of a connection for a while.
    await until(
      () => (collect(), left() <= 5),
      () => `the garbage collection of all responses but 5; ${left()} are left`,
    );
  });
});
