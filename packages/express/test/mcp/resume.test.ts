import { jest } from '@jest/globals';
import type { FunctionContext } from '@mcp-daemon/core';

import type { Events, Served } from '../support.js';
import { atEnd, call, echo, gate, leave, openSession, send, serve, stream, tool, until } from '../support.js';

const EVENTS = { accept: 'text/event-stream' };
type Session = Record<string, string>;

const resume = (served: Served, session: Session, lastEventId: string): Promise<Events> =>
  stream(served, { method: 'GET', headers: { ...session, ...EVENTS, 'last-event-id': lastEventId } });
const progressing = call('gate', {}, 1, { progressToken: 1 });

/** A tool that reports progress when the test wants it to. */
function steps(): { step: () => void; end: () => void; tool: ReturnType<typeof tool>; signals: AbortSignal[] } {
  let context: FunctionContext | undefined;
  let count = 0;
  let end = (): void => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  const signals: AbortSignal[] = [];
  const run = async (_args: unknown, given: FunctionContext): Promise<string> => {
    context = given;
    signals.push(given.signal);
    await over;
    return 'done';
  };
  return { tool: tool('steps', run), end: () => end(), step: () => context?.progress(++count), signals };
}

it('a slow answer becomes a stream, which begins with an id to resume from', async () => {
  const { tool: waits, open } = gate();
  const served = await serve([waits]);
  const session = await openSession(served);
  const events = await stream(served, { body: call('gate'), headers: session });
  await until(() => events.all.length === 1);
  expect(events.all).toEqual([{ id: '1-0', retry: '1000', data: '' }]);
  open();
  await until(() => events.over);
  expect(events.ids).toEqual(['1-0', '1-1']);
});

it('clients of versions before 2025-11-25 get no priming event', async () => {
  const streamAfterMs = 73;
  const timers = jest.spyOn(globalThis, 'setTimeout');
  atEnd(() => timers.mockRestore());
  /** Whether a call has begun to wait until its answer becomes a stream. */
  const becomesStream = (): boolean => timers.mock.calls.some(([, ms]) => ms === streamAfterMs);
  const { tool: waits, open, signals } = gate();
  const served = await serve([waits], { streamAfterMs });
  const session = await openSession(served, '2025-06-18');
  const own = await stream(served, { method: 'GET', headers: { ...session, ...EVENTS } });
  const answer = send(served, { body: call('gate'), headers: session });
  await until(() => signals.length === 1);
  const newer = send(served, { body: call('gate'), headers: await openSession(served) });
  await until(() => signals.length === 2 && becomesStream());
  expect(timers.mock.calls.filter(([, ms]) => ms === streamAfterMs)).toHaveLength(1);
  open();
  expect((await answer).headers['content-type']).toBe('application/json');
  expect((await newer).status).toBe(200);
  expect(own.all).toEqual([]);
});

it('a call goes on while its client is disconnected, and the client misses nothing', async () => {
  const { tool: stepping, step, end, signals } = steps();
  const served = await serve([stepping]);
  const session = await openSession(served);
  const events = await stream(served, { body: call('steps', {}, 'a', { progressToken: 1 }), headers: session });
  await until(() => events.all.length === 1);
  step();
  await until(() => events.messages.length === 1);
  await leave(events, served);
  step();
  step();
  const again = await resume(served, session, events.ids.at(-1)!);
  await until(() => again.messages.length === 2);
  step();
  end();
  await until(() => again.over);
  expect(again.messages).toMatchObject([
    { params: { progress: 2 } },
    { params: { progress: 3 } },
    { params: { progress: 4 } },
    { id: 'a', result: {} },
  ]);
  expect(again.ids).toEqual(['1-2', '1-3', '1-4', '1-5']);
  expect(signals[0]!.aborted).toBe(false);
});

it('an answer from the time of the interruption is sent when the client resumes, on no other stream', async () => {
  const { tool: waits, open } = gate();
  const served = await serve([waits, echo]);
  const session = await openSession(served);
  const own = await stream(served, { method: 'GET', headers: { ...session, ...EVENTS } });
  const events = await stream(served, { body: progressing, headers: session });
  await until(() => events.messages.length === 1);
  await leave(events, served);
  open();
  await until(() => served.daemon.stats().inFlight === 0);
  const again = await resume(served, session, '1-1');
  await until(() => again.over);
  expect(again.messages).toMatchObject([{ id: 1, result: {} }]);
  expect(own.messages).toEqual([]);
});

it('the stream that belongs to no request can be resumed as well', async () => {
  const served = await serve([echo]);
  const session = await openSession(served);
  const change = (revision: string): void => {
    served.daemon.update({ functions: revision === 'a' ? [] : [echo], revision } as never);
  };
  const events = await stream(served, { method: 'GET', headers: { ...session, ...EVENTS } });
  change('a');
  await until(() => events.messages.length === 1);
  await leave(events, served);
  change('b');
  const again = await resume(served, session, events.ids.at(-1)!);
  await until(() => again.messages.length === 1);
  change('a');
  await until(() => again.messages.length === 2);
  expect(again.ids).toEqual(['0-2', '0-3']);
});

it.each([
  ['of the future', '1-9'],
  ['of no stream', '7-1'],
  ['that is malformed', 'abc'],
  ['that is a negative number', '-1--1'],
  ['of a stream that was read to its end', '1-2'],
])('an event id %s is refused', async (_what, id) => {
  const { tool: waits, open } = gate();
  const served = await serve([waits]);
  const session = await openSession(served);
  const events = await stream(served, { body: progressing, headers: session });
  await until(() => events.messages.length === 1);
  open();
  await until(() => events.over);
  const answer = await send(served, { method: 'GET', headers: { ...session, ...EVENTS, 'last-event-id': id } });
  expect(answer.status).toBe(400);
});

it('another session cannot resume the stream', async () => {
  const { tool: waits, open } = gate();
  const served = await serve([waits]);
  const session = await openSession(served);
  const events = await stream(served, { body: progressing, headers: session });
  await until(() => events.messages.length === 1);
  const other = await openSession(served);
  const answer = await send(served, { method: 'GET', headers: { ...other, ...EVENTS, 'last-event-id': '1-0' } });
  expect(answer.status).toBe(400);
  open();
});

it('the events that are kept are limited', async () => {
  const many = tool('many', (_args, context) => {
    for (let step = 1; step <= 1_000; step += 1) context.progress(step);
    return 'done';
  });
  const served = await serve([many]);
  const session = await openSession(served);
  const events = await stream(served, { body: call('many', {}, 1, { progressToken: 1 }), headers: session });
  await until(() => events.over);
  expect(events.messages).toHaveLength(1_001);
  const again = await resume(served, session, '1-0');
  await until(() => again.over);
  expect(again.messages).toHaveLength(256);
  expect(again.messages.at(-1)).toMatchObject({ id: 1, result: {} });
});
