/**
 * A machine that is shared: how much else it is doing, and waiting until that is little.
 */
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { busySeconds, hasProc, treeCpu } from './proc.mjs';

/** Cores of other work under which a measurement begins, and over which it is repeated. */
const QUIET_CORES = 0.3;
const DISTURBED_CORES = 0.35;
const LOOK_MS = 300;
const WAIT_MS = 5_000;
/** On a machine that never is quiet: what all waiting may take, and all repeating. */
const PATIENCE_MS = 120_000;

let patience = PATIENCE_MS;

function driverCpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/**
 * Starts a measurement of a server's processes.
 *
 * @param pid the server; undefined: there is none
 * @returns a function that ends it: CPU seconds of the server and of this process, and cores that others used
 */
export function watch(pid) {
  const now = () => ({
    ms: performance.now(),
    busy: busySeconds(),
    server: pid === undefined ? 0 : treeCpu(pid),
    driver: driverCpu(),
  });
  const before = now();
  return () => {
    const after = now();
    const seconds = (after.ms - before.ms) / 1000;
    const server = after.server - before.server;
    const driver = after.driver - before.driver;
    return { seconds, server, driver, otherCores: Math.max(0, (after.busy - before.busy - server - driver) / seconds) };
  };
}

/** Does something that patience pays for. */
async function patiently(work) {
  const started = performance.now();
  try {
    return await work();
  } finally {
    patience -= performance.now() - started;
  }
}

/** Waits until the rest of the machine is quiet, but not for long. */
export async function quiet() {
  if (!hasProc) return;
  await patiently(async () => {
    const until = performance.now() + Math.min(WAIT_MS, patience);
    while (performance.now() < until) {
      const end = watch();
      await sleep(LOOK_MS);
      if (end().otherCores < QUIET_CORES) return;
    }
  });
}

/** Measures when it is quiet; once more if it did not stay so. The quieter of the two counts. */
export async function undisturbed(measure) {
  await quiet();
  const first = await measure();
  if (!(first.otherCores > DISTURBED_CORES) || patience <= 0) return first;
  await quiet();
  const second = await patiently(measure);
  return second.otherCores < first.otherCores ? second : first;
}

/** The machine in one line. */
export function machine() {
  const [cpu] = os.cpus();
  const memory = `${Math.round(os.totalmem() / 2 ** 30)} GiB`;
  return `${os.availableParallelism()} cores (${cpu?.model.trim() ?? 'unknown'}), ${memory}, ${os.type()} ${os.release()}`;
}
