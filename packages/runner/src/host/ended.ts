/** Why a child has ended, in words for callers and records. */
import { DaemonError } from '@mcp-daemon/core';

/** How a process has ended, as the launcher says. */
export interface Exit {
  code: number | null;
  signal: string | null;
  killed: 'asked' | 'memory' | null;
}

/** What is known of the end of a child. */
export interface EndCause {
  /** Absent: the process has not ended, or it is not known how. */
  exit?: Exit | undefined;
  /** Why the daemon killed it. */
  reason?: string | undefined;
  /** The last output of the process itself. */
  output: string;
  memoryBytes?: number | undefined;
  heapMb: number;
  cpuSeconds?: number | undefined;
}

/** The exit code of a child whose connection has ended. */
const DISCONNECTED = 75;
const MB = 1024 * 1024;
/** What V8 prints before it ends the process. */
const OUT_OF_HEAP = /heap out of memory|invalid table size|Array buffer allocation failed/;

/** The end of a child, to continue the sentence "the process". */
export function describeEnd({ exit, reason, output, memoryBytes, heapMb, cpuSeconds }: EndCause): string {
  if (exit?.killed === 'memory') return `was ended because it used more than ${Math.round((memoryBytes ?? 0) / MB)} MB of memory`;
  if (
    exit?.signal === 'SIGXCPU' ||
    (exit?.signal === 'SIGKILL' && exit.killed === null && cpuSeconds !== undefined && reason === undefined)
  )
    return `was ended because it used more than ${cpuSeconds ?? 0} s of CPU time`;
  if (reason !== undefined) return `was ended because ${reason}`;
  if (exit === undefined || exit.code === DISCONNECTED) return 'closed its connection to the server';
  if (exit.signal !== null && OUT_OF_HEAP.test(output)) return `ran out of memory: its heap may have ${heapMb} MB`;
  if (exit.signal !== null)
    return exit.killed === 'asked' ? 'closed its connection to the server' : `was ended by ${exit.signal}`;
  return `ended with exit code ${exit.code ?? 0}`;
}

/** A call failed because its process has ended. */
export class ProcessEndedError extends Error {
  override readonly name = 'ProcessEndedError';
  readonly code = 'process_ended';
}

/** A process was killed from outside before its code was loaded, such as by the kernel when memory is short. Another may do better. */
export class KilledError extends DaemonError {
  constructor(message: string) {
    super('module_failed', message);
  }
}

/** The code was rewritten where it is, so that a process that starts now has newer code than its version stands for. */
export class RewrittenError extends DaemonError {
  constructor() {
    super('module_failed', 'its code was rewritten before a process had loaded it');
  }
}

/** Whether a process was killed from outside. @param reason why the daemon wanted it to end */
export const wasKilled = (exit: Exit | undefined, reason: string | undefined): boolean =>
  exit?.signal === 'SIGKILL' && exit.killed === null && reason === undefined;

/** Starts something, and once more if its process was killed from outside. */
export async function twiceIfKilled<Value>(start: () => Promise<Value>): Promise<Value> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof KilledError)) throw error;
    return start();
  }
}
