/** Metrics of the process. They exist once, however many daemons it has, because prom-client cannot stop collecting them. */
import { collectDefaultMetrics, Registry } from 'prom-client';

let registry: Registry | undefined;

/** Memory, CPU time, garbage collection and event loop lag. They are collected from the first call on. */
export function processMetrics(): Registry {
  if (registry === undefined) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
