/** The metrics of a daemon. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { FunctionDefinition, Store } from '@mcp-daemon/core';
import { createDaemon, createMemoryStore, defineCatalog, definePrompt, defineResource } from '@mcp-daemon/core';
import type { Metrics, MetricsOptions } from '@mcp-daemon/express';
import { createMetrics } from '@mcp-daemon/express';

import type { Served } from '../support.js';
import { atEnd, call, echo, gate, modern, openSession, send, serve, tool, until } from '../support.js';
import type { Family } from './exposition.js';
import { readExposition, valueOf } from './exposition.js';

const CALLS = 'mcp_daemon_calls_total';
const CALL_SECONDS = 'mcp_daemon_call_duration_seconds';
const REQUESTS = 'mcp_daemon_http_requests_total';
const REQUEST_SECONDS = 'mcp_daemon_http_request_duration_seconds';

/** A daemon, its metrics, and a function that reads them. */
async function measured(
  functions: readonly FunctionDefinition[],
  options: MetricsOptions = {},
  store?: Store,
): Promise<{ served: Served; metrics: Metrics; read: () => Promise<Map<string, Family>> }> {
  const served = await serve(functions, {}, store === undefined ? {} : { store });
  const metrics = createMetrics(served.daemon, { sessions: { streamable_http: () => served.mcp.sessions }, ...options });
  atEnd(() => metrics.close());
  return { served, metrics, read: async () => readExposition((await metrics.render()).text) };
}

const use = (to: { port: number }, name: string, args = {}): Promise<unknown> =>
  send(to, modern('tools/call', { name, arguments: args }));

describe('the metrics of calls', () => {
  it('count by partition, type, name and outcome, and distinguish kinds of failure', async () => {
    const fails = tool('fails', () => {
      throw new Error('no');
    });
    const strict = { ...echo, name: 'strict', inputSchema: { type: 'object', required: ['text'] } } as FunctionDefinition;
    const functions = [
      echo,
      fails,
      strict,
      { ...tool('slow', () => new Promise(() => undefined)), timeout_ms: 20 },
      defineResource({ name: 'page', uri: 'file:///page', run: () => 'text' }),
      definePrompt({ name: 'ask', run: () => 'text' }),
    ];
    const { served, read } = await measured(functions);
    for (const name of ['echo', 'echo', 'fails', 'strict', 'slow', 'nobody']) await use(served, name);
    await send(served, modern('resources/read', { uri: 'file:///page' }));
    await send(served, modern('prompts/get', { name: 'ask' }));
    const families = await read();
    const counted = families.get(CALLS)?.samples.filter(({ value }) => value > 0);
    expect(counted?.map(({ labels, value }) => [labels['type'], labels['name'], labels['outcome'], value])).toEqual([
      ['tool', 'echo', 'completed', 2],
      ['tool', 'fails', 'tool_error', 1],
      ['tool', 'strict', 'protocol_error', 1],
      ['tool', 'slow', 'timed_out', 1],
      ['resource', 'page', 'completed', 1],
      ['prompt', 'ask', 'completed', 1],
    ]);
    expect(counted?.every(({ labels }) => labels['partition'] === 'default')).toBe(true);
    expect(valueOf(families, `${CALL_SECONDS}_count`, { name: 'echo' })).toBe(2);
    expect(valueOf(families, `${CALL_SECONDS}_sum`, { name: 'slow' })).toBeGreaterThan(0.01);
    expect(valueOf(families, `${CALL_SECONDS}_bucket`, { name: 'slow', le: '0.01' })).toBe(0);
    expect(valueOf(families, CALLS, { name: 'fails', outcome: 'completed' })).toBe(0);
  });

  it('count a call without a record, and one that was cancelled', async () => {
    const { tool: waiting } = gate();
    const { served, metrics, read } = await measured([{ ...echo, record: { bodies: 'none', redact: [] } }, waiting]);
    await use(served, 'echo');
    const headers = await openSession(served);
    void send(served, { body: call('gate', {}, 7), headers });
    await until(() => served.daemon.stats().inFlight === 1);
    expect(valueOf(await read(), 'mcp_daemon_calls_in_flight')).toBe(1);
    await send(served, { body: { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } }, headers });
    await until(() => served.daemon.stats().inFlight === 0);
    const families = await read();
    expect(valueOf(families, CALLS, { name: 'gate', outcome: 'cancelled' })).toBe(1);
    expect(valueOf(families, CALLS, { name: 'echo', outcome: 'completed' })).toBe(1);
    metrics.close();
    await use(served, 'echo');
    expect(valueOf(await read(), CALLS, { name: 'echo', outcome: 'completed' })).toBe(1);
  });

  it('have series for a limited number of functions, and count the calls of all others together', async () => {
    const functions = Array.from({ length: 10 }, (_none, index) => tool(`f${index}`, () => 'x'));
    const { served, read } = await measured(functions, { maxSeries: 3 });
    for (const { name } of functions) await use(served, name);
    await use(served, 'f0');
    const families = await read();
    const { samples } = families.get(CALLS)!;
    expect(samples.map(({ labels, value }) => [labels['partition'], labels['name'], value])).toEqual([
      ['default', 'f0', 2],
      ['default', 'f1', 1],
      ['default', 'f2', 1],
      ['other', 'other', 7],
    ]);
    expect(valueOf(families, `${CALL_SECONDS}_count`, { name: 'other' })).toBe(7);
  });

  it('escape special characters in names', async () => {
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
    atEnd(() => daemon.close());
    const metrics = createMetrics(daemon);
    const name = 'a "quoted\\name"\nof, {two} lines=ü';
    daemon.events.settled({ partition: 'p#1', mcp_type: 'resource', name, status: 'completed', fault: null, time_spent: 1 });
    const families = readExposition((await metrics.render()).text);
    expect(families.get(CALLS)?.samples[0]?.labels).toEqual({ partition: 'p#1', type: 'resource', name, outcome: 'completed' });
    metrics.close();
  });

  it('count durations in buckets that include their upper bound', async () => {
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
    atEnd(() => daemon.close());
    const metrics = createMetrics(daemon);
    for (const time_spent of [0.5, 0.6, 5_000, 1e9, Number.NaN])
      daemon.events.settled({ partition: 'p', mcp_type: 'tool', name: 'f', status: 'completed', fault: null, time_spent });
    const families = readExposition((await metrics.render()).text);
    const under = (le: string): unknown => valueOf(families, `${CALL_SECONDS}_bucket`, { le });
    expect(['0.0005', '0.001', '2.5', '5', '300', '+Inf'].map(under)).toEqual([2, 3, 3, 4, 4, 5]);
    expect(valueOf(families, `${CALL_SECONDS}_sum`)).toBeCloseTo(1_000_005.0011, 6);
    metrics.close();
  });
});

describe('the other metrics', () => {
  it('show open sessions and streams, and what happens to records', async () => {
    const memory = createMemoryStore();
    let full = false;
    const write: Store['calls']['write'] = (rows) => {
      if (full) throw new Error('disk full');
      return memory.calls.write(rows);
    };
    let streams = 3;
    const { served, read } = await measured(
      [echo],
      { streams: { events: () => streams, listen: () => 1 }, version: '1.2.3' },
      { ...memory, calls: { ...memory.calls, write } },
    );
    await use(served, 'echo');
    await openSession(served);
    full = true;
    await use(served, 'echo');
    const families = await read();
    expect(valueOf(families, 'mcp_daemon_sessions', { transport: 'streamable_http' })).toBe(1);
    expect(valueOf(families, 'mcp_daemon_streams', { kind: 'events' })).toBe(3);
    expect(valueOf(families, 'mcp_daemon_streams', { kind: 'listen' })).toBe(1);
    expect(valueOf(families, 'mcp_daemon_records_written_total')).toBe(served.daemon.stats().written);
    expect(served.daemon.stats().written).toBeGreaterThan(0);
    expect(valueOf(families, 'mcp_daemon_records_waiting')).toBe(1);
    expect(valueOf(families, 'mcp_daemon_records_lost_total')).toBe(0);
    expect(valueOf(families, 'mcp_daemon_build_info', { version: '1.2.3' })).toBe(1);
    expect(valueOf(families, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
    expect(families.get('nodejs_eventloop_lag_seconds')?.type).toBe('gauge');
    full = false;
    streams = 0;
    await until(() => served.daemon.stats().waiting === 0);
    const later = await read();
    expect(valueOf(later, 'mcp_daemon_records_waiting')).toBe(0);
    expect(valueOf(later, 'mcp_daemon_streams', { kind: 'events' })).toBe(0);
  });

  it('count tasks that are open, and by how they have ended', async () => {
    const { tool: waiting, open } = gate();
    const { served, read } = await measured([{ ...waiting, task: 'optional' } as FunctionDefinition]);
    const ends = async (): Promise<unknown> =>
      (await read()).get('mcp_daemon_tasks_ended_total')?.samples.map(({ labels, value }) => [labels['end'], value]);
    const none = [0, 0, 0].map((count, index) => [['failed', 'cancelled', 'expired'][index], count]);
    expect(valueOf(await read(), 'mcp_daemon_tasks_open')).toBe(0);
    expect(await ends()).toEqual([['completed', 0], ...none]);
    const { body } = modern('tools/call', { name: 'gate', arguments: {} });
    const { params } = body as { params: { _meta: object } };
    Object.assign(params._meta, {
      'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
    });
    expect((await send(served, { ...modern('tools/call', { name: 'gate' }), body })).json).toMatchObject({
      result: { resultType: 'task' },
    });
    expect(valueOf(await read(), 'mcp_daemon_tasks_open')).toBe(1);
    open();
    await until(() => served.daemon.stats().tasks?.open === 0);
    expect(valueOf(await read(), 'mcp_daemon_tasks_open')).toBe(0);
    expect(await ends()).toEqual([['completed', 1], ...none]);
  });

  it('count requests by route, method and status, whatever their values', async () => {
    const { metrics, read } = await measured([echo]);
    metrics.observeRequest({ route: 'mcp', method: 'POST', status: 200, seconds: 0.002 });
    metrics.observeRequest({ route: 'mcp', method: 'POST', status: 200, seconds: 0.002 });
    metrics.observeRequest({ route: 'mcp', method: 'GET', status: 405, seconds: 0.001 });
    for (const method of ['BREW', 'WHEN']) metrics.observeRequest({ route: 'login', method, status: 405, seconds: 0.001 });
    for (let index = 0; index < 1_000; index += 1)
      metrics.observeRequest({ route: `/made/up/${index}`, method: 'GET', status: 404, seconds: 0.001 });
    const families = await read();
    expect(valueOf(families, REQUESTS, { route: 'mcp', method: 'POST', status: '200' })).toBe(2);
    expect(valueOf(families, REQUESTS, { route: 'mcp', method: 'GET', status: '405' })).toBe(1);
    expect(valueOf(families, REQUESTS, { route: 'login', method: 'other', status: '405' })).toBe(2);
    expect(valueOf(families, `${REQUEST_SECONDS}_count`, { route: 'mcp' })).toBe(3);
    const { samples } = families.get(REQUESTS)!;
    expect(samples.length).toBeLessThan(80);
    expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(1_005);
  });

  it('of two daemons in one process are separate', async () => {
    const one = await measured([echo], { version: '1' });
    const two = await measured([echo], { version: '2' });
    await use(one.served, 'echo');
    expect(valueOf(await one.read(), CALLS, { name: 'echo' })).toBe(1);
    const families = await two.read();
    expect(valueOf(families, CALLS, { name: 'echo' })).toBeUndefined();
    expect(families.get('mcp_daemon_build_info')?.samples).toEqual([
      { name: 'mcp_daemon_build_info', labels: { version: '2' }, value: 1 },
    ]);
  });

  it('are served over HTTP in the format of Prometheus', async () => {
    const { served, metrics } = await measured([echo]);
    await use(served, 'echo');
    const server = createServer((_req, res) => {
      void metrics.render().then(({ contentType, text }) => res.setHeader('content-type', contentType).end(text));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(() => server.close());
    const answer = await send({ port: (server.address() as AddressInfo).port }, { method: 'GET' });
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const families = readExposition(answer.text);
    for (const [name, { type }] of families) {
      expect(name).toMatch(/^(mcp_daemon|process|nodejs)_[a-z0-9_]+$/);
      if (name.startsWith('mcp_daemon_')) expect(name.endsWith('_total')).toBe(type === 'counter');
    }
  });

  it('refuse invalid options, and report a source that fails', async () => {
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
    atEnd(() => daemon.close());
    for (const maxSeries of [0, -1, 1.5, Number.NaN])
      expect(() => createMetrics(daemon, { maxSeries })).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
    expect(daemon.events.observed).toBe(false);
    const broken = (): number => {
      throw new Error('broken');
    };
    const metrics = createMetrics(daemon, { sessions: { http_sse: broken } });
    await expect(metrics.render()).rejects.toThrow('broken');
    metrics.close();
    expect(daemon.events.observed).toBe(false);
  });
});

describe('the parser of metrics in these tests', () => {
  it.each([
    ['a label that does not end', '# HELP a b\n# TYPE a gauge\na{b="c} 1\n'],
    ['a sample before its type', 'a 1\n'],
    ['a sample twice', '# HELP a b\n# TYPE a gauge\na{b="c"} 1\na{b="c"} 2\n'],
    ['a metric twice', '# HELP a b\n# TYPE a gauge\na 1\n# HELP a b\n# TYPE a gauge\na 1\n'],
    ['a word as a value', '# HELP a b\n# TYPE a gauge\na one\n'],
    ['an end without a line break', '# HELP a b\n# TYPE a gauge\na 1'],
    ['buckets that shrink', '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n'],
    ['a count that is not the last bucket', '# HELP a b\n# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\na_count 2\n'],
  ])('refuses %s', (_what, text) => {
    expect(() => readExposition(text)).toThrow();
  });
});
