/**
 * Sends traces and metrics to an OpenTelemetry collector, by OTLP over HTTP. A file of its own in the command's build, which is loaded
 * only if a variable names a collector. The packages of OpenTelemetry read their other variables themselves.
 */
import type { Logger, Telemetry } from '@mcp-daemon/core';
import * as api from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

import { VERSION } from '../version.js';

/** What {@link openOtlp} takes. */
export interface OtlpOptions {
  /** The name of the service, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES name it. */
  service: string;
  /** How clients are connected, where requests do not say it. */
  transport: NonNullable<Telemetry['transport']> | undefined;
  /** Whether traces and metrics are sent. */
  traces: boolean;
  metrics: boolean;
  logger: Logger;
}

/** The end of the daemon waits so long for the collector. */
const CLOSE_MS = 2_000;

/** Registers providers for this process, and gives what the daemon reports to. */
export function openOtlp({ service, transport, traces, metrics, logger }: OtlpOptions): Telemetry {
  // A collector that does not answer is reported, but not every few seconds.
  let failed = false;
  const diagnose = (message: string, ...details: unknown[]): void => {
    if (failed) return;
    failed = true;
    const error = [message, ...details].map(String).join(' ').slice(0, 500);
    logger.warn({ error }, 'traces and metrics cannot be sent to the OpenTelemetry collector');
  };
  const quiet = (): void => undefined;
  api.diag.setLogger(
    { error: diagnose, warn: quiet, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: api.DiagLogLevel.ERROR, suppressOverrideMessage: true },
  );
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': service, 'service.version': VERSION }))
    .merge(detectResources({ detectors: [envDetector] }));
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const closing: (() => Promise<void>)[] = [];
  if (traces) {
    const provider = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
    api.trace.setGlobalTracerProvider(provider);
    closing.push(() => provider.shutdown());
  }
  if (metrics) {
    const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() });
    const provider = new MeterProvider({ resource, readers: [reader] });
    api.metrics.setGlobalMeterProvider(provider);
    closing.push(() => provider.shutdown());
  }
  return {
    api,
    ...(transport === undefined ? {} : { transport }),
    ...(transport === 'tcp' ? { protocol: 'http' as const } : {}),
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const timeUp = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS)));
      await Promise.race([Promise.allSettled(closing.map((close) => close())), timeUp]);
      clearTimeout(timer);
    },
  };
}
