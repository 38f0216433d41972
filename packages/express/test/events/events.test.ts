/** The events that callers get, and their form. */
import { execFile } from 'node:child_process';

import { jest } from '@jest/globals';
import { createEventsHandler } from '@mcp-daemon/express';

import { until } from '../support.js';
import { ask, callOf, changed, hasCurl, read, Reader, watch } from './support.js';

afterEach(() => jest.restoreAllMocks());

describe('a stream of events', () => {
  it('reports calls as they happen, without their arguments and results', async () => {
    const watched = await watch();
    const reader = await read(watched);
    await callOf(watched.session('ada'), 'echo', { text: 'a secret' });
    await until(() => reader.given.length === 2);
    expect(reader.types).toEqual(['call_started', 'call_settled']);
    const [started, settled] = reader.given;
    expect(started!.data).toMatchObject({ type: 'call_started', name: 'echo', mcp_type: 'tool', subject: 'ada' });
    expect(settled!.data).toMatchObject({ callId: started!.data['callId'], status: 'completed', fault: null });
    expect(started!.id).not.toBe(settled!.id);
    expect(JSON.stringify(reader.given)).not.toContain('secret');
  });

  it('has headers that keep proxies from buffering it', async () => {
    const { res } = await read(await watch());
    expect(res.statusCode).toBe(200);
    expect(res.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
  });

  it('begins with the reconnect time and the current position', async () => {
    const reader = await read(await watch());
    await until(() => reader.ready);
    expect(reader.lastEventId).toMatch(/^[0-9a-f]{16}-0$/);
    expect(reader.retry).toBe('1000');
    expect(reader.given).toEqual([]);
  });

  it('is kept alive by comments', async () => {
    const watched = await watch({ heartbeatMs: 20 });
    const reader = await read(watched);
    await until(() => reader.comments >= 3);
    expect(reader.given).toEqual([]);
  });

  it('can be read by curl -N', async () => {
    if (!hasCurl()) return;
    const watched = await watch();
    let out = '';
    const args = ['-sN', '-m', '20', '-H', 'who: ada', `http://127.0.0.1:${watched.port}/events`];
    const curl = execFile('curl', args);
    curl.stdout?.on('data', (text: string) => (out += text));
    await until(() => out.includes('event: ready\n'));
    await callOf(watched.session('ada'));
    await until(() => out.includes('event: call_settled\n'));
    curl.kill();
    expect(out).toMatch(
      /\n\nevent: call_started\nid: [0-9a-f]{16}-1\ndata: \{"type":"call_started".*\}\n\nevent: call_settled\n/,
    );
  });
});

describe('the events that a caller sees', () => {
  it("are, for a user, their own calls and changes; for an admin, all of the partition; and never another partition's", async () => {
    const watched = await watch();
    const [ada, bob, admin, other] = await Promise.all([
      read(watched, 'ada'),
      read(watched, 'bob:viewer'),
      read(watched, 'root:admin'),
      read(watched, 'root:admin:other'),
    ]);
    await callOf(watched.session('ada'));
    await callOf(watched.session('bob'));
    watched.daemon.events.publish(changed('x'));
    watched.daemon.events.publish(changed('y', 'other'));
    for (const reader of [ada, bob, admin, other]) await until(() => reader.uris.length === 1);
    const subjects = (reader: Reader): unknown[] => reader.given.map(({ data }) => data['subject'] ?? data['uri']);
    expect(subjects(ada)).toEqual(['ada', 'ada', 'x']);
    expect(subjects(bob)).toEqual(['bob', 'bob', 'x']);
    expect(subjects(admin)).toEqual(['ada', 'ada', 'bob', 'bob', 'x']);
    expect(subjects(other)).toEqual(['y']);
  });

  it('are the same for missed events', async () => {
    const watched = await watch();
    const first = await read(watched, 'ada');
    await until(() => first.lastEventId !== '');
    first.leave();
    await until(() => watched.events.streams === 0);
    await callOf(watched.session('ada'));
    await callOf(watched.session('bob'));
    const ada = await read(watched, 'ada', first.lastEventId);
    const bob = await read(watched, 'bob', first.lastEventId);
    const admin = await read(watched, 'root:admin', first.lastEventId);
    await until(() => ada.given.length === 2 && bob.given.length === 2 && admin.given.length === 4);
    expect(ada.given.every(({ data }) => data['subject'] === 'ada')).toBe(true);
    expect(bob.given.every(({ data }) => data['subject'] === 'bob')).toBe(true);
  });

  it('depend on whole role names', async () => {
    const watched = await watch();
    const reader = await read(watched, 'eve:administrator');
    await callOf(watched.session('ada'));
    watched.daemon.events.publish(changed('x'));
    await until(() => reader.given.length > 0);
    expect(reader.types).toEqual(['resource_updated']);
  });

  it('do not have a gap because of many calls of other users', async () => {
    const watched = await watch({ heartbeatMs: 20 });
    const reader = await read(watched, 'ada');
    const bob = watched.session('bob');
    for (let count = 0; count < 600; count += 1) await callOf(bob);
    const { comments } = reader;
    await until(() => reader.comments >= comments + 2);
    reader.leave();
    const again = await read(watched, 'ada', reader.lastEventId);
    await callOf(watched.session('ada'));
    await until(() => again.given.length === 2);
    expect(again.types).toEqual(['call_started', 'call_settled']);
  });
});

describe('tickets', () => {
  const who = { partition: 'default', subject: 'ada', roles: ['user'] };

  it('identify the caller who requested them, once', async () => {
    const watched = await watch();
    const path = `/events?ticket=${watched.events.createTicket(who)}`;
    const reader = new Reader(await ask(watched, { path }));
    await callOf(watched.session('ada'));
    await callOf(watched.session('bob'));
    await until(() => reader.given.length === 2);
    expect(reader.given.map(({ data }) => data['subject'])).toEqual(['ada', 'ada']);
    expect((await ask(watched, { path })).statusCode).toBe(401);
  });

  it('are invalid after 30 seconds, when made up, and after the shutdown', async () => {
    const { events } = await watch();
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now);
    const [old, late, last] = [events.createTicket(who), events.createTicket(who), events.createTicket(who)];
    clock.mockReturnValue(now + 29_000);
    expect(events.identityOfTicket(old)).toEqual(who);
    clock.mockReturnValue(now + 31_000);
    expect(events.identityOfTicket(late)).toBeUndefined();
    clock.mockRestore();
    for (const ticket of ['', 'x', '__proto__', 'constructor']) expect(events.identityOfTicket(ticket)).toBeUndefined();
    events.close();
    expect(events.identityOfTicket(last)).toBeUndefined();
  });

  it("are limited for each user, so that nobody can push out another user's tickets", async () => {
    const { events } = await watch();
    const bobs = events.createTicket({ ...who, subject: 'bob' });
    const adas = Array.from({ length: 11_000 }, () => events.createTicket(who));
    expect(events.identityOfTicket(bobs)).toMatchObject({ subject: 'bob' });
    expect(adas.filter((ticket) => events.identityOfTicket(ticket) !== undefined)).toHaveLength(100);
    const tickets = Array.from({ length: 10_050 }, (_, index) => events.createTicket({ ...who, subject: `${index}` }));
    expect(tickets.filter((ticket) => events.identityOfTicket(ticket) !== undefined)).toHaveLength(10_000);
  });

  it('keep the identity as it was when they were created', async () => {
    const { events } = await watch();
    const roles = ['user'];
    const ticket = events.createTicket({ ...who, roles });
    roles.push('admin');
    expect(events.identityOfTicket(ticket)).toEqual(who);
  });
});

describe('the events handler', () => {
  it.each(['HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('refuses the method %s', async (method) => {
    const res = await ask(await watch(), { method });
    expect(res.statusCode).toBe(405);
    expect(res.headers.allow).toBe('GET');
    let text = '';
    for await (const chunk of res.setEncoding('utf8')) text += chunk as string;
    const problem = { error: 'invalid_request', error_description: 'Use GET.' };
    expect(text).toBe(method === 'HEAD' ? '' : JSON.stringify(problem));
  });

  it('refuses a client that does not accept a stream', async () => {
    expect((await ask(await watch(), { headers: { accept: 'application/json' } })).statusCode).toBe(406);
  });

  it('refuses invalid options', async () => {
    const { daemon } = await watch();
    for (const heartbeatMs of [0, -1, 1.5, NaN, Infinity, 2 ** 31])
      expect(() => createEventsHandler(daemon, { heartbeatMs })).toThrow('heartbeatMs must be a whole number');
  });
});
