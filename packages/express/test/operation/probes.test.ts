/** The liveness and readiness probes. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Daemon, Logger, Store } from '@mcp-daemon/core';
import { createDaemon, createMemoryStore, DaemonError, defineCatalog } from '@mcp-daemon/core';
import type { ProbesOptions } from '@mcp-daemon/express';
import { createProbes } from '@mcp-daemon/express';

import type { Answer } from '../support.js';
import { atEnd, echo, META, passTime, send, until } from '../support.js';

/** Serves the probes of a daemon. */
type Ask = (probe: 'health' | 'ready', method?: string) => Promise<Answer>;

async function served(daemon: Pick<Daemon, 'check'>, options: ProbesOptions = {}): Promise<Ask> {
  const probes = createProbes(daemon, options);
  const server = createServer((req, res) => void probes[req.headers['x-probe'] === 'health' ? 'health' : 'ready'](req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  return (probe, method = 'GET') => send({ port }, { method, headers: { 'x-probe': probe } });
}

function daemonWith(store: Partial<Store['calls']> = {}): Daemon {
  const memory = createMemoryStore();
  const daemon = createDaemon({
    catalog: defineCatalog({ functions: [echo] }),
    store: { ...memory, calls: { ...memory.calls, ...store } },
  });
  atEnd(() => daemon.close());
  return daemon;
}

const useEcho = (daemon: Daemon): unknown =>
  daemon.handle(
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { text: 'x' }, _meta: META } },
    { partition: 'default', subject: 'a', signal: new AbortController().signal, notify: () => undefined },
  );

describe('/health', () => {
  it('answers that the process is alive, and nothing else', async () => {
    const check = (): Promise<void> => Promise.reject(new DaemonError('store_failed', 'gone'));
    const ask = await served({ check }, { isReady: () => false });
    const answer = await ask('health');
    expect([answer.status, answer.text]).toEqual([200, '{"status":"ok"}']);
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  });
});

describe('/ready', () => {
  it('answers 200 while the store can be reached', async () => {
    const ask = await served(daemonWith());
    const answer = await ask('ready');
    expect([answer.status, answer.text, answer.headers['cache-control']]).toEqual([200, '{"status":"ready"}', 'no-store']);
    expect(answer.headers).not.toHaveProperty('retry-after');
  });

  it('answers 503 while the server shuts down, without checking the store', async () => {
    let checks = 0;
    let leaving = false;
    const ask = await served({ check: () => ((checks += 1), Promise.resolve()) }, { isReady: () => !leaving });
    expect((await ask('ready')).status).toBe(200);
    leaving = true;
    const answer = await ask('ready');
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toEqual({ status: 'draining', reason: 'The server is shutting down.' });
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      'retry-after': expect.stringMatching(/^\d+$/) as string,
    });
    expect(checks).toBe(1);
  });

  it('answers 503 while records wait, logs the reason once, and answers 200 again afterwards', async () => {
    const lines: string[] = [];
    const line = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
    const logger: Pick<Logger, 'info' | 'error'> = { info: line, error: line };
    let full = true;
    const daemon = daemonWith({
      write: () => {
        if (full) throw new Error('no space in /secret/path');
      },
    });
    const ask = await served(daemon, { rememberMs: 1, logger });
    await useEcho(daemon);
    const answer = await ask('ready');
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toEqual({ status: 'unavailable', reason: 'The store cannot be used.' });
    expect(answer.headers).toHaveProperty('retry-after');
    passTime(2);
    expect((await ask('ready')).status).toBe(503);
    expect(lines).toEqual([expect.stringMatching(/^not ready: .*1 call record waits/)]);
    full = false;
    await until(async () => (passTime(2), (await ask('ready')).status === 200));
    expect(lines[1]).toBe('ready again {}');
    expect(lines).toHaveLength(2);
  });

  it.each([
    [new DaemonError('store_busy', '/secret/file is locked'), 'unavailable', 'The store is busy.'],
    [new DaemonError('store_failed', '/secret/file is gone'), 'unavailable', 'The store cannot be used.'],
    [new Error('/secret/file'), 'unavailable', 'The store cannot be used.'],
    [new DaemonError('closed', 'The store is closed.'), 'draining', 'The server is shutting down.'],
  ])('gives a public reason without internal details (%s)', async (error, status, reason) => {
    const ask = await served({ check: () => Promise.reject(error) });
    const answer = await ask('ready');
    expect([answer.status, JSON.parse(answer.text)]).toEqual([503, { status, reason }]);
  });

  it('waits for the store no longer than configured', async () => {
    const ask = await served({ check: () => new Promise(() => undefined) }, { timeoutMs: 20 });
    expect(JSON.parse((await ask('ready')).text)).toEqual({ status: 'unavailable', reason: 'The store does not answer.' });
  });

  it('checks the store once for many probes, and again after a while', async () => {
    let checks = 0;
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const check = (): Promise<void> => ((checks += 1), ended);
    const ask = await served({ check }, { rememberMs: 60_000, timeoutMs: 1_000_000 });
    const answers = Array.from({ length: 20 }, () => ask('ready'));
    await until(() => checks > 0);
    end();
    await Promise.all(answers);
    await ask('ready');
    expect(checks).toBe(1);
    passTime(60_001);
    await ask('ready');
    expect(checks).toBe(2);
  });
});

describe('both probes', () => {
  it.each(['health', 'ready'] as const)('answer only GET and HEAD: %s', async (probe) => {
    const ask = await served(daemonWith());
    const head = await ask(probe, 'HEAD');
    expect([head.status, head.text]).toEqual([200, '']);
    for (const method of ['POST', 'DELETE', 'OPTIONS']) {
      const answer = await ask(probe, method);
      expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD']);
    }
  });

  it('refuse invalid options', () => {
    const usage = expect.objectContaining({ code: 'usage' }) as Error;
    expect(() => createProbes(daemonWith(), { timeoutMs: 0 })).toThrow(usage);
    expect(() => createProbes(daemonWith(), { rememberMs: Number.NaN })).toThrow(usage);
  });
});
