/** Whether traces and metrics are sent, by the variables of OpenTelemetry. */
import type { Logger, Telemetry } from '@mcp-daemon/core';

import type { Env } from '../settings/settings.js';

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';

/** Whether a kind of data has a collector, and its exporter is not turned off. */
const isSent = (env: Env, kind: 'TRACES' | 'METRICS'): boolean =>
  Boolean(env[ENDPOINT] ?? env[`OTEL_EXPORTER_OTLP_${kind}_ENDPOINT`]) && env[`OTEL_${kind}_EXPORTER`] !== 'none';

/**
 * Opens the connection to the collector that the environment names.
 *
 * @returns undefined: it names none, or OTEL_SDK_DISABLED is true. Nothing is loaded then
 */
export async function openTelemetry(
  env: Env,
  options: { service: string | undefined; transport: Telemetry['transport'] | undefined; logger: Logger },
): Promise<Telemetry | undefined> {
  const [traces, metrics] = [isSent(env, 'TRACES'), isSent(env, 'METRICS')];
  if ((!traces && !metrics) || env['OTEL_SDK_DISABLED'] === 'true') return undefined;
  const { openOtlp } = await import('./otlp.js');
  const { service = 'mcp-daemon', transport, logger } = options;
  return openOtlp({ service, transport, traces, metrics, logger });
}
