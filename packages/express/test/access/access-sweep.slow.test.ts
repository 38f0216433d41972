/** Open streams and running calls end when their caller has lost access. */
import { jest } from '@jest/globals';
import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import type { HttpServer } from '@mcp-daemon/express';
import { serveHttp } from '@mcp-daemon/express';
import type { LocalAuth } from '@mcp-daemon/express/local';
import { createTokenFile, createUserFile } from '@mcp-daemon/express/local';

import { localAuth, logIn, usersFile } from '../auth/support.js';
import { atEnd, call, echo, modern, openSession, passTime, tool, until } from '../support.js';

interface Setup {
  server: HttpServer;
  userFile: string;
  headersOf: (username: string) => Promise<Record<string, string>>;
  /** How many calls of `forever` have begun, and how many of them have ended. */
  begun: () => number;
  aborted: () => number;
  /** How often the access of callers has been checked. */
  checks: () => number;
}

/** The time after which changed users and tokens are noticed. */
const NOTICED_MS = 1_001;

async function setup(more: { accessTokenMinutes?: number } = {}): Promise<Setup> {
  const userFile = await usersFile();
  let [begun, aborted, checks] = [0, 0, 0];
  const forever = tool('forever', (_args, { signal }) => {
    begun += 1;
    signal.addEventListener('abort', () => (aborted += 1));
    return new Promise(() => undefined);
  });
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo, forever] }) });
  atEnd(() => daemon.close({ drainMs: 10 }));
  const local = await localAuth({ userFile, ...more });
  const auth: LocalAuth = { ...local, refresh: () => ((checks += 1), local.refresh?.()) };
  const server = await serveHttp(daemon, { auth, port: 0 });
  atEnd(() => server.close({ drainMs: 10 }));
  const headersOf = async (username: string): Promise<Record<string, string>> => {
    const { json } = await logIn(server.port, username);
    return { authorization: `Bearer ${String(json['access_token'])}` };
  };
  return { server, userFile, headersOf, begun: () => begun, aborted: () => aborted, checks: () => checks };
}

/** Opens a stream. @returns whether it is over, and its first status */
async function open(url: string, headers: Record<string, string>, body?: unknown): Promise<{ status: number; over: boolean }> {
  const json = { 'content-type': 'application/json' };
  const res = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { accept: 'application/json, text/event-stream', ...(body === undefined ? {} : json), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const stream = { status: res.status, over: false };
  void res.text().then(
    () => (stream.over = true),
    () => (stream.over = true),
  );
  return stream;
}

const listen = modern('subscriptions/listen', { notifications: { toolsListChanged: true } });

/** Every kind of open stream of one user. */
async function openAll({ server }: Setup, headers: Record<string, string>): Promise<{ status: number; over: boolean }[]> {
  const session = await openSession(server, '2025-11-25', {}, headers);
  return Promise.all([
    open(`${server.url}/mcp`, session),
    open(`${server.url}/mcp`, { ...headers, ...(listen.headers as Record<string, string>) }, listen.body),
    open(`${server.url}/sse`, headers),
    open(`${server.url}/events`, headers),
    open(`${server.url}/mcp`, session, call('forever', {}, 7)),
  ]);
}

const CHANGES: [string, (userFile: string) => Promise<unknown>][] = [
  ['is removed', (userFile) => createUserFile(userFile).removeUser('ann')],
  ['gets other roles', (userFile) => createUserFile(userFile).changeUser('ann', () => ({ roles: ['viewer'] }))],
  ['gets another password', (userFile) => createUserFile(userFile).setPassword('ann', 'another horse')],
];

it('the access of callers is checked twice a second, so that with the time until a change is noticed it ends within two', async () => {
  const timers = jest.spyOn(globalThis, 'setInterval');
  atEnd(() => timers.mockRestore());
  await setup();
  expect(timers.mock.calls.map(([, ms]) => ms)).toContain(500);
});

describe('open streams and running calls', () => {
  it.each(CHANGES)('end after their user %s; those of others go on', async (_what, change) => {
    const all = await setup();
    const [mine, others] = [await openAll(all, await all.headersOf('ann')), await openAll(all, await all.headersOf('root'))];
    expect([...mine, ...others].map(({ status }) => status)).toEqual(Array(10).fill(200));
    const before = all.checks();
    await until(() => all.checks() >= before + 3);
    expect([...mine, ...others].some(({ over }) => over)).toBe(false);
    await change(all.userFile);
    passTime(NOTICED_MS);
    await until(() => mine.every(({ over }) => over) && all.aborted() === 1);
    expect(others.some(({ over }) => over)).toBe(false);
    expect(all.aborted()).toBe(1);
  });

  it('end after their token is revoked, and a ticket of that token opens nothing', async () => {
    const all = await setup();
    const tokens = createTokenFile(all.userFile);
    const { token, info } = await tokens.createToken({ username: 'ann', days: 1 });
    passTime(NOTICED_MS);
    const headers = { authorization: `Bearer ${token}` };
    const streams = await openAll(all, headers);
    expect(streams.map(({ status }) => status)).toEqual(Array(5).fill(200));
    const drawn = await fetch(`${all.server.url}/events/ticket`, { method: 'POST', headers });
    const { ticket } = (await drawn.json()) as { ticket: string };
    await tokens.revokeToken(info.id);
    passTime(NOTICED_MS);
    await until(() => streams.every(({ over }) => over));
    expect((await fetch(`${all.server.url}/events?ticket=${ticket}`)).status).toBe(401);
  });

  it('end when their token expires', async () => {
    const all = await setup({ accessTokenMinutes: 1 });
    const streams = await openAll(all, await all.headersOf('ann'));
    expect(streams.map(({ status }) => status)).toEqual(Array(5).fill(200));
    const inTwoMinutes = Date.now() + 2 * 60_000 + 1_000; // tokens are accepted for a minute after they have expired
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => inTwoMinutes);
    atEnd(() => clock.mockRestore());
    await until(() => streams.every(({ over }) => over) && all.aborted() > 0);
  });

  it('of a request without a session end with 401 instead of a result', async () => {
    const all = await setup();
    const headers = await all.headersOf('ann');
    const { headers: more, body } = modern('tools/call', { name: 'forever' });
    const answer = fetch(`${all.server.url}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...more,
        ...headers,
      } as never,
      body: JSON.stringify(body),
    });
    await until(() => all.begun() === 1);
    await createUserFile(all.userFile).removeUser('ann');
    const { status } = await answer;
    expect(status).toBe(401);
    await until(() => all.aborted() === 1);
  });
});
