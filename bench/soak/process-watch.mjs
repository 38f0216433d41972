/** What processes of a server there are, and what they have open: from /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

import { tree } from '../lib/proc.mjs';

/** The variable that marks all children of a soak, and what they start. */
export const MARK = 'SOAK_MARK';

const attempt = (read, otherwise) => {
  try {
    return read();
  } catch {
    return otherwise; // the process has ended
  }
};

/** Whether a process runs. */
export const isAlive = (pid) => !/^State:\s+Z/m.test(attempt(() => readFileSync(`/proc/${pid}/status`, 'latin1'), 'State:\tZ'));

/** Number of descriptors that a process has open. */
export const openFiles = (pid) => attempt(() => readdirSync(`/proc/${pid}/fd`).length, 0);

/** The launcher of a daemon, and the children that it has started. */
export function family(daemon) {
  const all = tree(daemon).slice(1).filter(isAlive);
  const launcher = all.find((pid) => attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1'), '').includes('launcher.cjs'));
  if (launcher === undefined) return { launcher, children: [] };
  const parentOf = (pid) => Number(/^PPid:\s+(\d+)/m.exec(attempt(() => readFileSync(`/proc/${pid}/status`, 'latin1'), ''))?.[1]);
  return { launcher, children: all.filter((pid) => parentOf(pid) === launcher) };
}

/** The children that run a bundle: their current folder is its folder. */
export const childrenOf = (daemon, bundle) =>
  family(daemon).children.filter((pid) => attempt(() => readlinkSync(`/proc/${pid}/cwd`), '').includes(`/${bundle}/`));

/** All processes with the mark of this soak. */
export const marked = (mark) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(
      (pid) => isAlive(pid) && attempt(() => readFileSync(`/proc/${pid}/environ`, 'latin1'), '').includes(`${MARK}=${mark}`),
    );

/** Kills processes of this soak. */
export function killAll(pids) {
  for (const pid of pids) attempt(() => process.kill(pid, 'SIGKILL'));
}
