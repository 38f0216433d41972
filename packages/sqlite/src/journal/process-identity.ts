/** Checks whether another process is alive. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

import { systemCode } from '../engine/failure.js';

/** The identity of a process, for other processes. */
export interface ProcessIdentity {
  pid: number;
  /** The scope of `pid`: one boot of one kernel and one pid namespace, or else the host's name. */
  host: string;
  /** Start time of the process, in the kernel's ticks; null if the system does not provide it. */
  started: string | null;
}

let here: string | undefined;

/** The host's name is not enough: two containers may have the same name, and pids start over after a reboot. */
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

/** The start time of a process from /proc: `ended` if it is a zombie, undefined if it cannot be read. */
function startOf(pid: number): string | 'ended' | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses, and may contain any character.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    return state === 'Z' || state === 'X' ? 'ended' : fields[19];
  } catch {
    return undefined;
  }
}

/** The identity of this process. */
export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, host: thisHost(), started: startOf(process.pid) ?? null };
}

/** Whether the process is alive; undefined if this process cannot check it. */
export function isAlive({ pid, host, started }: ProcessIdentity): boolean | undefined {
  if (host !== thisHost()) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Any other error means that the process exists, but belongs to another user.
    if (systemCode(error) === 'ESRCH') return false;
  }
  const start = startOf(pid);
  if (start === 'ended') return false;
  // Without a start time it may be another process with the same pid.
  return start === undefined || started === null ? undefined : start === started;
}
