/** Traces and metrics: in a program that has OpenTelemetry, and sent by the command to a collector. */
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';

import type { Daemon, JsonObject } from '@mcp-daemon/core';
import { createDaemon, defineCatalog, definePrompt, defineResource, defineTool } from '@mcp-daemon/core';
import * as api from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

import { BIN, TempFolder, toolsConfig } from '../support.js';

const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const HTTP = '00-11111111111111111111111111111111-2222222222222222-01';

describe('the spans and metrics of a daemon', () => {
  const spans = new InMemorySpanExporter();
  const measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: measured, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  let daemon: Daemon;

  beforeAll(() => {
    api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
    api.metrics.setGlobalMeterProvider(meters);
    const schema = { type: 'object' } as const;
    const functions = [
      defineTool({
        ...{ name: 'add', inputSchema: schema },
        run: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          api.trace.getTracer('mine').startSpan('inner').end();
          return 'sum';
        },
      }),
      defineTool({ name: 'fails', inputSchema: schema, run: () => Promise.reject(new Error('no')) }),
      definePrompt({ name: 'greet', run: () => 'Hello' }),
      defineResource({ name: 'status', uri: 'app://status', run: () => 'up' }),
    ];
    daemon = createDaemon({ catalog: defineCatalog({ functions }), telemetry: { api, transport: 'pipe' } });
  });
  beforeEach(() => spans.reset());
  afterAll(async () => {
    await daemon.close();
    await meters.shutdown();
    api.trace.disable();
    api.metrics.disable();
    api.context.disable();
  });

  async function send(method: string, params: JsonObject = {}, meta: JsonObject = META, more: object = {}) {
    const exchange = {
      partition: 'default',
      subject: 'ann',
      signal: new AbortController().signal,
      notify: () => undefined,
      ...more,
    };
    await daemon.handle({ jsonrpc: '2.0', id: 7, method, params: { ...params, _meta: meta } }, exchange);
    return spans.getFinishedSpans();
  }

  it('have the names and attributes of the conventions', async () => {
    const [inner, span] = await send('tools/call', { name: 'add' });
    expect(span).toMatchObject({ name: 'tools/call add', kind: api.SpanKind.SERVER, links: [] });
    expect(span?.attributes).toEqual({
      'mcp.method.name': 'tools/call',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'add',
      'mcp.protocol.version': '2026-07-28',
      'network.transport': 'pipe',
      'jsonrpc.request.id': '7',
      'mcp_daemon.partition': 'default',
    });
    // What a function measures is a part of its call.
    expect(inner).toMatchObject({ name: 'inner', parentSpanContext: { spanId: span?.spanContext().spanId } });
    spans.reset();
    expect((await send('prompts/get', { name: 'greet' }))[0]).toMatchObject({ name: 'prompts/get greet' });
    spans.reset();
    const [read] = await send('resources/read', { uri: 'app://status' });
    expect(read).toMatchObject({ name: 'resources/read', attributes: { 'mcp.resource.uri': 'app://status' } });
    spans.reset();
    expect((await send('tools/list'))[0]).toMatchObject({ name: 'tools/list', status: { code: api.SpanStatusCode.UNSET } });
  });

  it('say what failed: the tool, or the request', async () => {
    const [tool] = await send('tools/call', { name: 'fails' });
    expect(tool).toMatchObject({ attributes: { 'error.type': 'tool_error' }, status: { code: api.SpanStatusCode.ERROR } });
    expect(tool?.attributes).not.toHaveProperty('rpc.response.status_code');
    spans.reset();
    const [request] = await send('tools/call', { name: 'none' });
    expect(request).toMatchObject({
      attributes: { 'error.type': '-32602', 'rpc.response.status_code': '-32602' },
      status: { code: api.SpanStatusCode.ERROR, message: 'Unknown tool: none' },
    });
    spans.reset();
    expect((await send('made/up'))[0]).toMatchObject({ name: '_OTHER', attributes: { 'error.type': '-32601' } });
  });

  it('are children of the trace in _meta; that of the HTTP request is a link', async () => {
    const more = { header: () => undefined, traceparent: HTTP };
    const [, span] = await send('tools/call', { name: 'add' }, { ...META, traceparent: PARENT }, { traceparent: HTTP });
    expect(span?.spanContext().traceId).toBe(TRACE);
    expect(span?.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true });
    expect(span?.links).toMatchObject([{ context: { spanId: '2222222222222222' } }]);
    spans.reset();
    const [alone] = await send('tools/list', {}, { ...META, traceparent: 'nonsense' }, more);
    expect(alone?.parentSpanContext).toBeUndefined();
    expect(alone?.links).toHaveLength(1);
    expect(alone?.attributes).toMatchObject({ 'network.transport': 'tcp', 'network.protocol.name': 'http' });
  });

  it('are children of the span that the program has active', async () => {
    const outer = api.trace.getTracer('mine').startSpan('outer');
    await api.context.with(api.trace.setSpan(api.context.active(), outer), () => send('tools/list'));
    expect(spans.getFinishedSpans()[0]?.parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
  });

  it('measure the sessions of clients before 2026-07-28, from the handshake to the end', async () => {
    const session = daemon.open({ send: () => undefined });
    const initialize = async (id: number, protocolVersion: string): Promise<void> => {
      const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'old', version: '1' } };
      await session.receive({ jsonrpc: '2.0', id, method: 'initialize', params });
    };
    await initialize(1, '2025-06-18');
    await initialize(2, '2025-11-25'); // ends the first
    session.close();
    daemon.open({ send: () => undefined }).close(); // had no handshake
    await reader.forceFlush();
    const metric = measured
      .getMetrics()
      .at(-1)
      ?.scopeMetrics[0]?.metrics.find(({ descriptor }) => descriptor.name === 'mcp.server.session.duration');
    expect(metric?.descriptor).toMatchObject({ unit: 's' });
    const points = (metric?.dataPoints ?? []) as { attributes: JsonObject; value: { count: number; sum: number } }[];
    expect(points.map(({ attributes, value }) => [attributes, value.count])).toEqual([
      [{ 'mcp.protocol.version': '2025-06-18', 'network.transport': 'pipe' }, 1],
      [{ 'mcp.protocol.version': '2025-11-25', 'network.transport': 'pipe' }, 1],
    ]);
    expect(points[0]?.value.sum).toBeGreaterThan(0);
  });

  it('have buckets below a millisecond, and no name that only a client knows', async () => {
    await reader.forceFlush();
    const metric = measured.getMetrics().at(-1)?.scopeMetrics[0]?.metrics[0];
    expect(metric?.descriptor).toMatchObject({ name: 'mcp.server.operation.duration', unit: 's' });
    const points = (metric?.dataPoints ?? []) as { attributes: JsonObject; value: { buckets: { boundaries: number[] } } }[];
    expect(points[0]?.value.buckets.boundaries.slice(0, 7)).toEqual([0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01]);
    const attributes = points.map((point) => point.attributes);
    expect(attributes).toContainEqual({
      'mcp.method.name': 'tools/call',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'fails',
      'mcp.protocol.version': '2026-07-28',
      'network.transport': 'pipe',
      'error.type': 'tool_error',
    });
    expect(JSON.stringify(attributes)).not.toMatch(/"none"|app:\/\/|made\/up|jsonrpc/);
  });
});

describe('the command', () => {
  const TOKEN = 'a-static-token-of-some-length';
  const temp = new TempFolder();
  let server: Server;
  let received: { path: string; body: JsonObject }[] = [];
  let url = '';

  beforeAll(async () => {
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        received.push({ path: String(request.url), body: JSON.parse(text) as JsonObject });
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await temp.write('mcp.json', { ...toolsConfig('./code.mjs', 'hello'), name: 'shop' });
    await temp.write('code.mjs', `export const hello = () => 'hello';`);
  });
  beforeEach(() => (received = []));
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    temp.remove();
  });

  const input = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hello', _meta: { ...META, traceparent: PARENT } } })}\n`;
  const serve = (env: Record<string, string>) => temp.run(['--transport', 'stdio', '--store', 'memory'], { input, env });

  it('sends both to the collector that the environment names, before it ends', async () => {
    const served = await serve({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_RESOURCE_ATTRIBUTES: 'team=blue' });
    expect(served).toMatchObject({ code: 0 });
    expect(served.stdout).toContain('hello');
    const text = (path: string): string => JSON.stringify(received.find((one) => one.path === path)?.body);
    expect(text('/v1/traces')).toContain('"name":"tools/call hello"');
    expect(text('/v1/traces')).toContain(TRACE);
    expect(text('/v1/traces')).toContain('{"key":"service.name","value":{"stringValue":"shop"}}');
    expect(text('/v1/traces')).toContain('{"key":"team","value":{"stringValue":"blue"}}');
    expect(text('/v1/traces')).not.toContain('mcp.session.id');
    expect(text('/v1/metrics')).toContain('mcp.server.operation.duration');
  });

  it('sends how long a session lasted, over stdio and over HTTP', async () => {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'old', version: '1' } };
    const initialize = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_TRACES_EXPORTER: 'none' };
    await temp.run(['--transport', 'stdio', '--store', 'memory'], { input: `${initialize}\n`, env });
    const sent = (): string => JSON.stringify(received.find(({ path }) => path === '/v1/metrics')?.body);
    expect(sent()).toContain('mcp.server.session.duration');
    expect(sent()).toContain('{"key":"mcp.protocol.version","value":{"stringValue":"2025-11-25"}}');
    expect(sent()).toContain('{"key":"network.transport","value":{"stringValue":"pipe"}}');

    received = [];
    const child = temp.start(['serve', '--transport', 'http', '--port', '0', '--store', 'memory'], {
      env: { ...env, MCP_TRANSPORT: undefined, ADMIN_STATIC_TOKEN: TOKEN },
    });
    let stderr = '';
    const at = await new Promise<string>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(stderr);
        if (found !== null) resolve(found[0]);
      });
      child.once('close', () => reject(new Error(stderr)));
    });
    const bearer = { authorization: `Bearer ${TOKEN}` };
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...bearer };
    const opened = await fetch(`${at}/mcp`, { method: 'POST', headers, body: initialize });
    const id = opened.headers.get('mcp-session-id') ?? '';
    await opened.text();
    expect((await fetch(`${at}/mcp`, { method: 'DELETE', headers: { ...bearer, 'mcp-session-id': id } })).status).toBeLessThan(
      300,
    );
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await closed;
    expect(sent()).toContain('mcp.server.session.duration');
    expect(sent()).toContain('{"key":"network.protocol.name","value":{"stringValue":"http"}}');
  });

  it('sends nothing without a collector, and loads nothing for it', async () => {
    expect(await serve({})).toMatchObject({ code: 0 });
    expect(await serve({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_SDK_DISABLED: 'true' })).toMatchObject({ code: 0 });
    expect(received).toEqual([]);
    const built = (file: string): string => readFileSync(join(dirname(BIN), file), 'utf8');
    const sends = (file: string): boolean => built(file).includes('v1/metrics');
    expect(['otlp.js', 'main.cjs', 'serve-http.js'].filter(sends)).toEqual(['otlp.js']);
    await serve({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_METRICS_EXPORTER: 'none' });
    expect(received.map(({ path }) => path)).toEqual(['/v1/traces']);
  });

  it('serves, and ends, if the collector cannot be reached', async () => {
    const served = await serve({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    expect(served).toMatchObject({ code: 0 });
    expect(served.stdout).toContain('hello');
  });
});
