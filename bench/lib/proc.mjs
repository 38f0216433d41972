/**
 * CPU and memory from /proc. Without /proc the values are NaN, and the tables show a dash.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

export const hasProc = existsSync('/proc/self/stat');

/** The text of a file; empty if its process or thread has ended in the meantime. */
function read(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function names(path) {
  try {
    return readdirSync(path).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** The fields of a stat file from the state on: the command's name before it may contain blanks and brackets. */
function statFields(pid) {
  const text = read(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** A process and all its descendants. */
export function tree(pid) {
  const children = new Map();
  for (const name of names('/proc')) {
    const parent = Number(statFields(name)[1]);
    if (children.has(parent)) children.get(parent).push(Number(name));
    else children.set(parent, [Number(name)]);
  }
  const found = [pid];
  for (const member of found) found.push(...(children.get(member) ?? []));
  return found;
}

/** CPU seconds of one process: from the scheduler's nanoseconds if the kernel has them, else from ticks. */
function cpuOf(pid) {
  const [user, system, reapedUser, reapedSystem] = statFields(pid).slice(11, 15).map(Number);
  const threads = names(`/proc/${pid}/task`).map((thread) => read(`/proc/${pid}/task/${thread}/schedstat`));
  const exact = threads.reduce((sum, text) => sum + Number(text.split(' ')[0] || 0), 0) / 1e9;
  const own = exact > 0 ? exact : (user + system) / TICKS_PER_SECOND;
  return own + (reapedUser + reapedSystem) / TICKS_PER_SECOND;
}

/** CPU seconds of a process and all its descendants. */
export function treeCpu(pid) {
  if (!hasProc) return NaN;
  return tree(pid)
    .map(cpuOf)
    .filter(Number.isFinite)
    .reduce((sum, seconds) => sum + seconds, 0);
}

/** Resident megabytes of a process and all its descendants: now (`VmRSS`), or the maximum so far (`VmHWM`). */
export function treeMegabytes(pid, key) {
  if (!hasProc) return NaN;
  const kilobytes = tree(pid).map((member) =>
    Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(read(`/proc/${member}/status`))?.[1] ?? 0),
  );
  return kilobytes.reduce((sum, size) => sum + size, 0) / 1024;
}

/** CPU seconds that the whole machine has been busy. */
export function busySeconds() {
  if (!hasProc) return NaN;
  const [user, nice, system, , , irq, softirq, steal] = read('/proc/stat')
    .split('\n', 1)[0]
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}
