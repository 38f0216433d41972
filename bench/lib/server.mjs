/**
 * Starts and stops a server under test.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { Client } from './client.mjs';
import { start, stop } from './processes.mjs';

/** Creates a contender's files, calls `work` with the arguments of node, and removes the files. */
export async function withFiles(contender, { temporary, tools }, work) {
  const folder = await mkdtemp(join(temporary, 'server-'));
  try {
    return await work(await contender.prepare(folder, tools));
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Starts a server, calls `work` with a client, and stops the server. */
export async function withServer(contender, args, work, options = {}) {
  const startedAt = performance.now();
  const child = start(args);
  try {
    return await work(new Client(child, { era: contender.era, ...options }), { pid: child.pid, startedAt });
  } finally {
    await stop(child);
  }
}
