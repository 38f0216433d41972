/** Bytes that clients make the server keep are limited for each user and for all. */
import { connect } from 'node:net';

import { createByteBudget } from '@mcp-daemon/express';
import fc from 'fast-check';

import { createKeptEvents } from '../../src/mcp/kept-events.js';
import { echo, modern, send, serve, stream, tool, until } from '../support.js';

const USERS = ['ann', 'bob', 'eve'];
const caller = (subject: string): { partition: string; subject: string } => ({ partition: 'default', subject });

describe('a budget of bytes', () => {
  it('never allows more than its limits, and is empty when all has been given back', () => {
    const step = fc.record({ user: fc.nat(2), holding: fc.nat(4), bytes: fc.option(fc.nat(60)) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const budget = createByteBudget({ maxBytes: 100, maxBytesPerUser: 50 });
        const holdings = USERS.map((name) => Array.from({ length: 5 }, () => budget.hold(caller(name))));
        const held = USERS.map(() => Array<number>(5).fill(0));
        const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
        for (const { user, holding, bytes } of steps) {
          if (bytes === null) {
            holdings[user]![holding]!.end();
            held[user]![holding] = 0;
          } else if (holdings[user]![holding]!.set(bytes)) held[user]![holding] = bytes;
          expect(budget.total).toBe(sum(held.map(sum)));
          USERS.forEach((name, at) => expect(budget.of(caller(name))).toBe(sum(held[at]!)));
          expect(budget.total).toBeLessThanOrEqual(100);
          for (const name of USERS) expect(budget.of(caller(name))).toBeLessThanOrEqual(50);
        }
        for (const one of holdings.flat()) one.end();
        expect(budget.total).toBe(0);
      }),
    );
  });
});

describe('events kept for resumption', () => {
  it('are lost by the user who keeps most: what one user does takes nothing from users below an equal share', () => {
    const kept = new Map(USERS.map((name) => [name, [] as { size: number }[]]));
    const events = createKeptEvents({
      ...{ max: 300, maxPerUser: 250 },
      sessionsOf: (user) =>
        kept.get(user)!.map((session) => ({
          expire() {
            const { size } = session;
            session.size = 0;
            events.change(user, -size);
          },
        })),
    });
    const keep = (user: string, size: number): void => {
      kept.get(user)!.push({ size });
      events.change(user, size);
    };
    const sizeOf = (user: string): number => kept.get(user)!.reduce((sum, { size }) => sum + size, 0);
    keep('ann', 50);
    keep('bob', 50);
    for (let again = 0; again < 100; again += 1) keep('eve', 20);
    expect([sizeOf('ann'), sizeOf('bob')]).toEqual([50, 50]);
    expect(sizeOf('eve')).toBeGreaterThan(150);
    expect(events.total).toBeLessThanOrEqual(300);
    keep('ann', 40);
    expect([sizeOf('ann'), sizeOf('bob')]).toEqual([90, 50]);
  });
});

describe('answers that are not read', () => {
  it('are limited in bytes; one more gets 503 with Retry-After, and all is given back when the clients leave', async () => {
    const budget = createByteBudget({ maxBytes: 20_000_000, maxBytesPerUser: 20_000_000 });
    const large = tool('large', () => 'x'.repeat(4_000_000));
    const served = await serve([large, echo], { budget });
    const { headers, body } = modern('tools/call', { name: 'large' });
    const text = JSON.stringify(body);
    const lines = Object.entries({
      ...headers,
      host: 'localhost',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'content-length': String(text.length),
    }).map(([name, value]) => `${name}: ${value}`);
    const sockets = Array.from({ length: 4 }, () => {
      const socket = connect(served.port, '127.0.0.1').pause();
      socket.on('error', () => undefined);
      socket.write(`POST /mcp HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${text}`);
      return socket;
    });
    await until(() => budget.total >= 16_000_000);
    expect(budget.of(caller('anonymous'))).toBe(budget.total);
    const refused = await send(served, modern('tools/call', { name: 'large' }));
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '5' }, json: { id: 1, error: { code: -32603 } } });
    expect((await send(served, modern('tools/call', { name: 'echo', arguments: { text: 'x' } }))).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    await until(() => budget.total === 0);
    expect((await send(served, modern('tools/call', { name: 'large' }))).status).toBe(200);
    await until(() => budget.total === 0);
  });

  it('count for idle streams as nothing', async () => {
    const budget = createByteBudget();
    const served = await serve([echo], { budget, keepAliveMs: 10 });
    const idle = await stream(served, modern('subscriptions/listen', { notifications: { toolsListChanged: true } }));
    await until(() => idle.comments >= 3);
    await until(() => budget.total === 0);
  });
});
