/**
 * Node 20: hooks for modules run in a thread, and where it cannot start for lack of file descriptors, Node waits for it forever.
 */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

import { DaemonError } from '@mcp-daemon/core';

/** A thread needs about a dozen file descriptors to start. */
const SPARE_DESCRIPTORS = 32;

/**
 * Tries whether there are file descriptors for a thread. Must be called before hooks are registered.
 *
 * @throws DaemonError `module_failed` that says what to raise; its cause has the code EMFILE or ENFILE
 */
export function checkDescriptors(): void {
  const spare: number[] = [];
  try {
    for (let count = 0; count < SPARE_DESCRIPTORS; count += 1) spare.push(openSync(devNull, 'r'));
  } catch (cause) {
    const why = `fewer than ${SPARE_DESCRIPTORS} file descriptors are left; raise their limit ("ulimit -n")`;
    throw new DaemonError('module_failed', why, { cause });
  } finally {
    for (const descriptor of spare) closeSync(descriptor);
  }
}
