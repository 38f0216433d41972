/** What one user may have of sessions, streams and requests at once: nobody takes the room of others. */
import type { IncomingMessage } from 'node:http';

import type { Sent } from '../support.js';
import { begin, call, echo, gate, message, modern, openSession, send, serve, sleep, stream, tool, until } from '../support.js';

const JSON_ONLY = { accept: 'application/json' };

/** Who calls, as `X-User: ada` or `X-User: ada@alpha` says. */
const authenticate = ({ headers }: IncomingMessage): { subject: string; partition: string } => {
  const [subject = '', partition = 'default'] = String(headers['x-user']).split('@');
  return { subject, partition };
};
const as = (user: string): { 'x-user': string } => ({ 'x-user': user });

/** A request of somebody's that stands alone. */
const of = (user: string, method: string, params = {}): Sent => modern(method, params, as(user));
const callOf = (user: string, name: string): Sent => of(user, 'tools/call', { name, arguments: {} });
const listen = (user: string): Sent => of(user, 'subscriptions/listen', { notifications: { toolsListChanged: true } });

describe('sessions of one user', () => {
  const open = (served: { port: number }, user: string): ReturnType<typeof openSession> =>
    openSession(served, '2025-11-25', {}, as(user));

  it('one more, and the one of theirs that was idle longest ends; those of others stay', async () => {
    const served = await serve([echo], { authenticate, maxSessionsPerUser: 2 });
    const other = await open(served, 'eve');
    const first = await open(served, 'ada');
    const second = await open(served, 'ada');
    await sleep(5);
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await send(served, { body: message('ping', {}, 1), headers })).status;
    expect(await status(first)).toBe(200);
    const third = await open(served, 'ada');
    expect([await status(first), await status(second), await status(third)]).toEqual([200, 404, 200]);
    expect(await status(other)).toBe(200);
    for (let more = 0; more < 5; more += 1) await open(served, 'ada');
    expect([await status(first), await status(third)]).toEqual([404, 404]);
    expect(await status(other)).toBe(200);
    expect(served.mcp.sessions).toBe(3);
  });

  it('those with calls under way go last', async () => {
    const { tool: waits, open: end, signals } = gate();
    const served = await serve([echo, waits], { authenticate, maxSessionsPerUser: 2 });
    const busy = await open(served, 'ada');
    const answer = send(served, { body: call('gate'), headers: { ...busy, ...JSON_ONLY } });
    await until(() => signals.length === 1);
    await sleep(5);
    await open(served, 'ada');
    await open(served, 'ada');
    end();
    expect((await answer).status).toBe(200);
    expect(served.mcp.sessions).toBe(2);
  });

  it('that end make room', async () => {
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

describe('streams that are listened to', () => {
  it('are so many of one user, and there is room again when one ends', async () => {
    const served = await serve([echo], { authenticate, maxStreamsPerUser: 2 });
    const first = await stream(served, listen('ada'));
    const second = await stream(served, listen('ada'));
    await until(() => first.messages.length === 1 && second.messages.length === 1);
    const refused = await send(served, listen('ada'));
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    expect(refused.json.error?.message).toMatch(/At most 2 streams of one user/);
    const eve = await stream(served, listen('eve'));
    await until(() => eve.messages.length === 1);
    expect((await send(served, callOf('ada', 'echo'))).status).toBe(200);
    first.leave();
    let again = await stream(served, listen('ada'));
    while (again.status === 503) again = await stream(served, listen('ada'));
    await until(() => again.messages.length === 1);
  });

  it('are so many of all', async () => {
    const served = await serve([echo], { authenticate, maxStreams: 2 });
    const streams = [await stream(served, listen('ada')), await stream(served, listen('eve'))];
    await until(() => streams.every(({ messages }) => messages.length === 1));
    const refused = await send(served, listen('bob'));
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    expect((await send(served, callOf('bob', 'echo'))).status).toBe(200);
  });

  it('that never began are not counted', async () => {
    const served = await serve([echo], { authenticate, maxStreams: 1 });
    for (let tries = 0; tries < 3; tries += 1) {
      const answer = await send(served, of('ada', 'subscriptions/listen', { notifications: 5 }));
      expect(answer.json.error?.code).toBe(-32602);
    }
    const events = await stream(served, listen('ada'));
    await until(() => events.messages.length === 1);
  });
});

describe('requests that stand alone', () => {
  it('are so many under way of one user; others go on, and so does that user when one ends', async () => {
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
    // There is no such partition, but it is not refused for what is under way here.
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

  it('are not under way any more when their client has left', async () => {
    const { tool: waits, signals } = gate();
    const served = await serve([echo, waits], { authenticate, maxInFlightPerUser: 1 });
    const gone = begin(served, callOf('ada', 'gate')).catch(() => 'gone');
    await until(() => signals.length === 1);
    served.server.closeAllConnections();
    expect(await gone).toBe('gone');
    await until(() => signals[0]!.aborted);
    let status = 429;
    for (let tries = 0; status === 429 && tries < 500; tries += 1) {
      ({ status } = await send(served, callOf('ada', 'echo')));
      await sleep(5);
    }
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
