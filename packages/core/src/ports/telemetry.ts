/**
 * The port for traces and metrics: the part of `@opentelemetry/api` that the daemon uses, so that core depends on no package.
 * `import * as api from '@opentelemetry/api'` fits it. Contexts and spans are the program's own and are only passed on.
 */
import type { Awaitable } from '../base/awaitable.js';

/** Values of attributes. */
export type TelemetryAttributes = Record<string, string | number | boolean>;

/** The identity of a span in another process. */
export interface TelemetrySpanContext {
  traceId: string;
  spanId: string;
  traceFlags: number;
  isRemote?: boolean;
}

/** A span that was begun. */
export interface TelemetrySpan {
  setAttributes(attributes: TelemetryAttributes): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

/** What begins a span. */
export interface TelemetrySpanOptions {
  kind: number;
  attributes: TelemetryAttributes;
  links: { context: TelemetrySpanContext }[];
}

/** Values by the buckets that they fall into. */
export interface TelemetryHistogram {
  record(value: number, attributes: TelemetryAttributes, context?: never): void;
}

/** The part of `@opentelemetry/api` that is used. */
export interface TelemetryApi {
  readonly ROOT_CONTEXT: object;
  readonly context: {
    active(): object;
    with<T>(context: never, work: () => T): T;
  };
  readonly propagation: {
    extract(context: never, carrier: unknown): object;
  };
  readonly trace: {
    getTracer(name: string, version?: string): { startSpan(name: string, options: never, context: never): TelemetrySpan };
    setSpan(context: never, span: never): object;
    setSpanContext(context: never, spanContext: TelemetrySpanContext): object;
    getSpanContext(context: never): TelemetrySpanContext | undefined;
  };
  readonly metrics: {
    getMeter(name: string, version?: string): { createHistogram(name: string, options?: never): TelemetryHistogram };
  };
}

/** Traces and metrics of a daemon. */
export interface Telemetry {
  /** The module `@opentelemetry/api` of the program. The providers are those that the program has registered. */
  api: TelemetryApi;
  /** How clients are connected, where requests do not say it: `pipe` for stdin and stdout. Default: it is not reported. */
  transport?: 'pipe' | 'tcp' | 'unix';
  /** What carries their messages, where requests do not say it: `http`. Default: it is not reported. */
  protocol?: 'http';
  /** Called when the daemon is closed, after its last record is written: the time to send what is left. Default: nothing. */
  close?(): Awaitable<void>;
}
