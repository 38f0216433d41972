/**
 * Whether a process is alive, as far as can be told from here.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

import { systemCode } from '../engine/failure.js';

/** What identifies a process for others. */
export interface ProcessIdentity {
  pid: number;
  /** Where `pid` means this process: one boot of one kernel and one namespace of pids, or else the host's name. */
  host: string;
  /** When the process began, in the kernel's ticks; null where the system does not tell. */
  started: string | null;
}

let here: string | undefined;

/** Two containers may share a host's name, and a host that was started again counts its pids anew. */
function thisHost(): string {
  if (here !== undefined) return here;
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    here = `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    here = hostname();
  }
  return here;
}

/** The start of a process from /proc: `ended` where it is dead and only waits for its parent, undefined where it cannot be read. */
function startOf(pid: number): string | 'ended' | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in brackets, and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    return state === 'Z' || state === 'X' ? 'ended' : fields[19];
  } catch {
    return undefined;
  }
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, host: thisHost(), started: startOf(process.pid) ?? null };
}

/** Whether the process lives; undefined where that cannot be known from here. */
export function isAlive({ pid, host, started }: ProcessIdentity): boolean | undefined {
  if (host !== thisHost()) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Any other error says that the process is there, and another user's.
    if (systemCode(error) === 'ESRCH') return false;
  }
  const start = startOf(pid);
  if (start === 'ended') return false;
  // Without a start time another process may have got the pid.
  return start === undefined || started === null ? undefined : start === started;
}
