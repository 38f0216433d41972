/** Limits on the sessions, streams and requests of one user. */
import type { IncomingMessage } from 'node:http';

import type { Sent } from '../support.js';
import {
  begin,
  call,
  echo,
  gate,
  isInMemory,
  message,
  modern,
  openSession,
  send,
  serve,
  stream,
  tool,
  until,
} from '../support.js';

const JSON_ONLY = { accept: 'application/json' };

/** The caller in the header `X-User: ada` or `X-User: ada@alpha`. */
const authenticate = ({ headers }: IncomingMessage): { subject: string; partition: string } => {
  const [subject = '', partition = 'default'] = String(headers['x-user']).split('@');
  return { subject, partition };
};
const as = (user: string): { 'x-user': string } => ({ 'x-user': user });

/** A modern request of a user. */
const of = (user: string, method: string, params = {}): Sent => modern(method, params, as(user));
const callOf = (user: string, name: string): Sent => of(user, 'tools/call', { name, arguments: {} });
const listen = (user: string): Sent => of(user, 'subscriptions/listen', { notifications: { toolsListChanged: true } });

describe('the sessions of one user', () => {
  const open = (served: { port: number }, user: string): ReturnType<typeof openSession> =>
    openSession(served, '2025-11-25', {}, as(user));

  it('are limited: one more closes the one that was idle longest, and none of another user', async () => {
    const served = await serve([echo], { authenticate, maxSessionsPerUser: 2 });
    const other = await open(served, 'eve');
    const first = await open(served, 'ada');
    const second = await open(served, 'ada');
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await send(served, { body: message('ping', {}, 1), headers })).status;
    expect(await status(first)).toBe(200);
    const third = await open(served, 'ada');
    expect([first, second, third].map((session) => isInMemory(served, session))).toEqual([true, false, true]);
    expect(await status(other)).toBe(200);
    for (let more = 0; more < 5; more += 1) await open(served, 'ada');
    expect([first, third].map((session) => isInMemory(served, session))).toEqual([false, false]);
    expect([await status(first), await status(third)]).toEqual([200, 200]); // in place of two others
    expect(await status(other)).toBe(200);
    expect(served.mcp.sessions).toBe(3);
  });

  it('are closed last while calls are running', async () => {
    const { tool: waits, open: end, signals } = gate();
    const served = await serve([echo, waits], { authenticate, maxSessionsPerUser: 2 });
    const busy = await open(served, 'ada');
    const answer = send(served, { body: call('gate'), headers: { ...busy, ...JSON_ONLY } });
    await until(() => signals.length === 1);
    await open(served, 'ada');
    await open(served, 'ada');
    end();
    expect((await answer).status).toBe(200);
    expect(served.mcp.sessions).toBe(2);
  });

  it('free their place when they end', async () => {
    const served = await serve([echo], { authenticate, maxSessionsPerUser: 1 });
    for (let round = 0; round < 3; round += 1) {
      const session = await open(served, 'ada');
      expect((await send(served, { method: 'DELETE', headers: session })).status).toBe(204);
      expect(served.mcp.sessions).toBe(0);
    }
    const only = await open(served, 'ada');
    expect((await send(served, { body: call('echo'), headers: only })).status).toBe(200);
    expect(served.mcp.sessions).toBe(1);
  });
});

describe('streams of subscriptions/listen', () => {
  it('are limited for one user; when one ends, another may begin', async () => {
    const served = await serve([echo], { authenticate, maxStreamsPerUser: 2 });
    const first = await stream(served, listen('ada'));
    const second = await stream(served, listen('ada'));
    await until(() => first.messages.length === 1 && second.messages.length === 1);
    const refused = await send(served, listen('ada'));
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    expect(refused.json.error?.message).toMatch(/One user may have at most 2 open streams/);
    const eve = await stream(served, listen('eve'));
    await until(() => eve.messages.length === 1);
    expect((await send(served, callOf('ada', 'echo'))).status).toBe(200);
    first.leave();
    let again = await stream(served, listen('ada'));
    await until(async () => again.status !== 503 || ((again = await stream(served, listen('ada'))), false));
    await until(() => again.messages.length === 1);
  });

  it('are limited for all users together', async () => {
    const served = await serve([echo], { authenticate, maxStreams: 2 });
    const streams = [await stream(served, listen('ada')), await stream(served, listen('eve'))];
    await until(() => streams.every(({ messages }) => messages.length === 1));
    const refused = await send(served, listen('bob'));
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    expect((await send(served, callOf('bob', 'echo'))).status).toBe(200);
  });

  it('are not counted where they never began', async () => {
    const served = await serve([echo], { authenticate, maxStreams: 1 });
    for (let tries = 0; tries < 3; tries += 1) {
      const answer = await send(served, of('ada', 'subscriptions/listen', { notifications: 5 }));
      expect(answer.json.error?.code).toBe(-32602);
    }
    const events = await stream(served, listen('ada'));
    await until(() => events.messages.length === 1);
  });
});

describe('requests without a session', () => {
  it('are limited for one user while they run; other users are not affected', async () => {
    const ends: (() => void)[] = [];
    const waits = tool('waits', () => new Promise((resolve) => ends.push(() => resolve('done'))));
    const served = await serve([echo, waits], { authenticate, maxInFlightPerUser: 2 });
    const answers = [send(served, callOf('ada', 'waits')), send(served, callOf('ada', 'waits'))];
    await until(() => ends.length === 2);
    const refused = await send(served, callOf('ada', 'waits'));
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
    expect(refused.json.error?.message).toMatch(/More than 2 requests/);
    answers.push(send(served, callOf('eve', 'waits')));
    await until(() => ends.length === 3);
    // The partition has no catalog, but the request is not refused because of the running ones.
    expect((await send(served, callOf('ada@alpha', 'waits'))).status).toBe(400);
    const events = await stream(served, listen('ada'));
    await until(() => events.messages.length === 1);
    ends[0]!();
    expect((await answers[0]!).status).toBe(200);
    answers.push(send(served, callOf('ada', 'waits')));
    await until(() => ends.length === 4);
    for (const end of ends) end();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('are no longer counted when their client has disconnected', async () => {
    const { tool: waits, signals } = gate();
    const served = await serve([echo, waits], { authenticate, maxInFlightPerUser: 1 });
    const gone = begin(served, callOf('ada', 'gate')).catch(() => 'gone');
    await until(() => signals.length === 1);
    served.server.closeAllConnections();
    expect(await gone).toBe('gone');
    await until(() => signals[0]!.aborted);
    let status = 429;
    await until(async () => ({ status } = await send(served, callOf('ada', 'echo'))).status !== 429);
    expect(status).toBe(200);
  });

  it('are refused once the daemon is closed', async () => {
    const served = await serve([echo], { authenticate });
    expect(served.daemon.closed).toBe(false);
    const closed = served.daemon.close();
    expect(served.daemon.closed).toBe(true);
    const tellsNothing = { ...of('ada', 'x'), body: message('notifications/x') };
    for (const sent of [callOf('ada', 'echo'), of('ada', 'server/discover'), listen('ada'), tellsNothing]) {
      const answer = await send(served, sent);
      expect([answer.status, answer.json.error?.message]).toEqual([503, 'The server is shutting down.']);
    }
    await closed;
    expect((await send(served, callOf('ada', 'echo'))).status).toBe(503);
  });
});
