/**
 * Makes a span and a measurement of each request, by the names of OpenTelemetry's conventions for MCP.
 *
 * @see https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md
 */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { truncate } from '../base/truncate.js';
import type {
  Telemetry,
  TelemetryAttributes,
  TelemetrySpan,
  TelemetrySpanContext,
  TelemetrySpanOptions,
} from '../ports/telemetry.js';
import type { Exchange } from '../protocol/exchange.js';
import type { JsonRpcResponse, RequestId } from '../protocol/messages.js';
import { META } from '../protocol/messages.js';
import { traceparentOf } from '../protocol/trace-context.js';

/** A request, before it is checked. */
export interface ObservedRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
  readonly exchange: Exchange;
  /** Whether the server has this method: the names of others come from clients, and could be anything. */
  readonly known: boolean;
}

/** Observes requests. */
export interface RequestObserver {
  /** Serves a request within a span. Spans that its function begins are children of it. */
  observe(request: ObservedRequest, serve: () => Awaitable<JsonRpcResponse | undefined>): Awaitable<JsonRpcResponse | undefined>;
  /** A session of a client before 2026-07-28 has ended. @param seconds how long it lasted */
  sessionEnded(version: string, seconds: number): void;
}

const NAME = 'mcp-daemon';
/** `SpanKind.SERVER`. */
const SERVER = 1;
/** `SpanStatusCode.ERROR`. */
const ERROR = 2;
/** Characters of a text from a client in an attribute. */
const MAX_TEXT = 256;
/** Seconds. The conventions advise those from 0.01 on; functions in this process take microseconds. */
const BUCKETS = [
  ...[0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005],
  ...[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
];

/** Seconds. Sessions last longer than requests. */
const SESSION_BUCKETS = [...BUCKETS.filter((bound) => bound >= 0.01), 900, 3_600, 14_400, 86_400];

const NO_META: JsonObject = Object.freeze({});

/** The span that a `traceparent` names. */
function remoteSpan(traceparent: string | undefined): TelemetrySpanContext | undefined {
  if (traceparent === undefined) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

/** What the function is called, by method. */
function targetOf(method: string, params: JsonObject): TelemetryAttributes {
  const { name, uri } = params;
  if (method === 'tools/call')
    return {
      'gen_ai.operation.name': 'execute_tool',
      ...(typeof name === 'string' ? { 'gen_ai.tool.name': truncate(name, MAX_TEXT) } : {}),
    };
  if (method === 'prompts/get' && typeof name === 'string') return { 'gen_ai.prompt.name': truncate(name, MAX_TEXT) };
  if (method.startsWith('resources/') && typeof uri === 'string') return { 'mcp.resource.uri': truncate(uri, MAX_TEXT) };
  return {};
}

/** What went wrong; empty: nothing. */
function failureOf(answer: JsonRpcResponse | undefined): TelemetryAttributes {
  if (answer === undefined) return { 'error.type': 'cancelled' };
  if ('error' in answer) {
    const code = String(answer.error.code);
    return { 'error.type': code, 'rpc.response.status_code': code };
  }
  return (answer.result as JsonObject)['isError'] === true ? { 'error.type': 'tool_error' } : {};
}

/** Creates an observer. @param version of the server, as the version of what is measured */
export function createRequestObserver({ api, transport, protocol }: Telemetry, version: string): RequestObserver {
  const { trace, context, propagation, metrics, ROOT_CONTEXT } = api;
  const tracer = trace.getTracer(NAME, version);
  const meter = metrics.getMeter(NAME, version);
  const durations = meter.createHistogram('mcp.server.operation.duration', {
    ...{ unit: 's', description: 'The duration of an MCP request, as its receiver sees it.' },
    advice: { explicitBucketBoundaries: BUCKETS },
  } as never);
  const sessions = meter.createHistogram('mcp.server.session.duration', {
    ...{ unit: 's', description: 'The duration of an MCP session, as its server sees it.' },
    advice: { explicitBucketBoundaries: SESSION_BUCKETS },
  } as never);
  const carrier: TelemetryAttributes = {
    ...(transport === undefined ? {} : { 'network.transport': transport }),
    ...(protocol === undefined ? {} : { 'network.protocol.name': protocol }),
  };

  /** The context of the request's own `_meta`, else the one that is active in this program. */
  function parentOf(meta: JsonObject): object {
    const own = remoteSpan(traceparentOf(meta, {}));
    if (own === undefined) return context.active();
    const extracted = propagation.extract(ROOT_CONTEXT as never, meta);
    // The program may have no propagator for this header.
    return trace.getSpanContext(extracted as never)?.spanId === own.spanId
      ? extracted
      : trace.setSpanContext(extracted as never, own);
  }

  /** The span of the HTTP request, which is not the parent: it carries many requests, or only a part of one. */
  function linksOf({ traceparent }: Exchange, parent: object): TelemetrySpanOptions['links'] {
    const http = remoteSpan(traceparentOf(NO_META, { traceparent }));
    return http === undefined || trace.getSpanContext(parent as never)?.spanId === http.spanId ? [] : [{ context: http }];
  }

  function end(span: TelemetrySpan, startedAt: number, shared: TelemetryAttributes, answer: JsonRpcResponse | undefined): void {
    const failure = failureOf(answer);
    const type = failure['error.type'];
    if (type !== undefined) {
      span.setAttributes(failure);
      const isProtocol = answer !== undefined && 'error' in answer;
      span.setStatus(isProtocol ? { code: ERROR, message: answer.error.message } : { code: ERROR });
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    // The names of functions that do not exist come from clients, and would make series without end.
    const { 'mcp.resource.uri': _uri, 'gen_ai.tool.name': tool, 'gen_ai.prompt.name': prompt, ...measured } = shared;
    const named = failure['rpc.response.status_code'] === undefined;
    durations.record(seconds, {
      ...measured,
      ...(named && tool !== undefined ? { 'gen_ai.tool.name': tool } : {}),
      ...(named && prompt !== undefined ? { 'gen_ai.prompt.name': prompt } : {}),
      ...failure,
    });
    span.end();
  }

  function begin({ id, method, params, exchange, known }: ObservedRequest): {
    span: TelemetrySpan;
    within: object;
    shared: TelemetryAttributes;
  } {
    const given = params['_meta'];
    const meta = isObject(given) ? given : NO_META;
    const version = meta[META.protocolVersion] ?? exchange.connection?.legacy?.caller.version;
    const shown = known ? method : '_OTHER';
    const shared: TelemetryAttributes = {
      'mcp.method.name': shown,
      ...(known ? targetOf(method, params) : {}),
      ...(typeof version === 'string' ? { 'mcp.protocol.version': truncate(version, MAX_TEXT) } : {}),
      ...(exchange.header === undefined ? carrier : { 'network.transport': 'tcp', 'network.protocol.name': 'http' }),
    };
    const target = shared['gen_ai.tool.name'] ?? shared['gen_ai.prompt.name'];
    const parent = parentOf(meta);
    const options: TelemetrySpanOptions = {
      kind: SERVER,
      attributes: { ...shared, 'jsonrpc.request.id': String(id), 'mcp_daemon.partition': exchange.partition },
      links: linksOf(exchange, parent),
    };
    const span = tracer.startSpan(target === undefined ? shown : `${shown} ${target}`, options as never, parent as never);
    return { span, within: trace.setSpan(parent as never, span as never), shared };
  }

  return {
    sessionEnded: (protocolVersion, seconds) => sessions.record(seconds, { 'mcp.protocol.version': protocolVersion, ...carrier }),
    observe(request, serve) {
      const startedAt = performance.now();
      const { span, within, shared } = begin(request);
      const answer = context.with(within as never, serve);
      if (!(answer instanceof Promise)) {
        end(span, startedAt, shared, answer);
        return answer;
      }
      return answer.then((done) => {
        end(span, startedAt, shared, done);
        return done;
      });
    },
  };
}
