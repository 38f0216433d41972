/** Limits on the time and size of what is kept for disconnected clients. */
import { jest } from '@jest/globals';

import { call, gate, openSession, send, serve, stream, takeInterval, tool, until } from '../support.js';

const EVENTS = { accept: 'text/event-stream' };

afterEach(() => jest.restoreAllMocks());

it('a call is cancelled when its client does not reconnect', async () => {
  const timers = jest.spyOn(globalThis, 'setTimeout');
  const { tool: waits, signals } = gate();
  const served = await serve([waits]);
  const session = await openSession(served);
  const events = await stream(served, { body: call('gate', {}, 1, { progressToken: 1 }), headers: session });
  await until(() => events.messages.length === 1);
  events.leave();
  const absence = (): (() => void) | undefined => timers.mock.calls.find(([, ms]) => ms === 60_000)?.[0] as never;
  await until(() => absence() !== undefined);
  expect(signals[0]!.aborted).toBe(false);
  absence()?.();
  await until(() => signals[0]!.aborted);
});

it('a client that has fetched its answer is not counted as connected', async () => {
  const { tool: waits, open } = gate();
  const sweep = takeInterval(25_000);
  const served = await serve([waits], { sessionIdleMs: 100_000 });
  const session = await openSession(served);
  const events = await stream(served, { body: call('gate', {}, 1, { progressToken: 1 }), headers: session });
  await until(() => events.messages.length === 1);
  open();
  await until(() => events.over);
  await send(served, { method: 'GET', headers: { ...session, ...EVENTS, 'last-event-id': '1-0' } });
  await until(() => (sweep(101_000), served.mcp.sessions === 0));
});

it('kept events are dropped after a while', async () => {
  const { tool: waits, open } = gate();
  const sweep = takeInterval(25_000);
  const served = await serve([waits], { sessionIdleMs: 100_000 });
  const session = await openSession(served);
  const own = await stream(served, { method: 'GET', headers: { ...session, ...EVENTS } }); // keeps the session from being idle
  const events = await stream(served, { body: call('gate', {}, 1, { progressToken: 1 }), headers: session });
  await until(() => events.messages.length === 1);
  open();
  await until(() => events.over);
  const resume = (): Promise<{ status: number }> =>
    send(served, { method: 'GET', headers: { ...session, ...EVENTS, 'last-event-id': '1-0' } });
  expect((await resume()).status).toBe(200);
  sweep(119_000);
  expect((await resume()).status).toBe(200);
  sweep(121_000);
  expect((await resume()).status).toBe(400);
  own.leave();
});

it('all sessions together keep a limited amount of events; the sessions that were idle longest lose theirs first', async () => {
  const big = tool('big', () => 'x'.repeat(9_000_000));
  const served = await serve([big], { maxKeptPerUser: 64_000_000 });
  const sessions: Record<string, string>[] = [];
  for (let index = 0; index < 8; index += 1) {
    const session = await openSession(served);
    sessions.push(session);
    const events = await stream(served, { body: call('big'), headers: { ...session, ...EVENTS } });
    await until(() => events.over);
    expect(events.messages).toHaveLength(1);
  }
  const statuses: number[] = [];
  for (const session of sessions) {
    const again = await send(served, { method: 'GET', headers: { ...session, ...EVENTS, 'last-event-id': '1-0' } });
    statuses.push(again.status);
  }
  expect(statuses).toEqual([400, 200, 200, 200, 200, 200, 200, 200]);
});
