/**
 * How busy the rest of the machine is, and how to wait until it is quiet.
 */
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { busySeconds, hasProc, treeCpu } from './proc.mjs';

/** Cores used by other work: a measurement begins below the first value, and is repeated above the second. */
const QUIET_CORES = 0.3;
const DISTURBED_CORES = 0.35;
const LOOK_MS = 300;
const WAIT_MS = 5_000;
/** Limits for a machine that is never quiet: total time for waiting, and for repeating. */
const PATIENCE_MS = 120_000;

let patience = PATIENCE_MS;

function driverCpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/**
 * Starts a measurement of a server's processes.
 *
 * @param pid the server's; undefined if there is none
 * @returns a function that ends the measurement: CPU seconds of the server and of this process, and cores used by others
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

/** Runs something and subtracts its time from the remaining time limit. */
async function patiently(work) {
  const started = performance.now();
  try {
    return await work();
  } finally {
    patience -= performance.now() - started;
  }
}

/** Waits until the rest of the machine is quiet, up to a limit. */
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

/** Measures when the machine is quiet, and once more if it did not stay quiet. The less disturbed of the two counts. */
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
