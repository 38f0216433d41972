/**
 * The launcher: a small process that starts the children and ends them. The daemon does not fork itself, because that stops its event loop
 * for a time that grows with its memory. When the daemon ends, also by kill -9, the IPC channel ends, and the launcher kills all
 * children. When the launcher is killed, the kernel kills them (`setpriv --pdeathsig`, on Linux).
 *
 *     node launcher.cjs FOLDER       the folder of the daemon's socket, which is removed at the end
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { FromLauncher, ProcessLimits, ToLauncher } from '../protocol/launcher-messages.js';
import { limitOutput } from './output-limit.js';

/** Milliseconds between two looks at the memory of a child that has calls, and of an idle one. */
const BUSY_LOOK_MS = 50;
const IDLE_LOOK_MS = 2_000;
/** Milliseconds for the rest of the output after the end of a child: a process that it started may hold the pipe. */
const OUTPUT_MS = 100;

interface Child {
  process: ChildProcess;
  limits: ProcessLimits;
  busy: boolean;
  looked: number;
  killed: 'asked' | 'memory' | null;
}

const children = new Map<number, Child>();
let watching: NodeJS.Timeout | undefined;

const tell = (message: FromLauncher): void => {
  if (process.connected) process.send?.(message);
};

/** The path of a program; undefined if it is not installed. */
function find(program: string): string | undefined {
  for (const folder of ['/usr/bin', '/bin', '/usr/local/bin', '/sbin', '/usr/sbin']) {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return join(folder, program);
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

const setpriv = process.platform === 'linux' ? find('setpriv') : undefined;

/** The command with its limits: a shell sets them, then becomes the program. */
function limited(command: readonly string[], { cpuSeconds, openFiles }: ProcessLimits): string[] {
  const withDeath = setpriv === undefined ? [...command] : [setpriv, '--pdeathsig', 'KILL', '--', ...command];
  const limits = [
    ...(openFiles === undefined ? [] : [`ulimit -n ${openFiles}`]),
    // Soft, so that the signal is SIGXCPU and says why; hard a second later. In this order: soft may not be above hard.
    ...(cpuSeconds === undefined ? [] : [`ulimit -St ${cpuSeconds}`, `ulimit -Ht ${cpuSeconds + 1}`]),
  ];
  return limits.length === 0 ? withDeath : ['/bin/sh', '-c', `${limits.join(' && ')} && exec "$@"`, 'sh', ...withDeath];
}

/** Kills the process group of a child: what it started, too. */
function kill({ process: child }: Child): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL'); // it has no group, or is gone
  }
}

/** Bytes of memory of a process; 0 if they are not known. */
function memoryOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024;
  } catch {
    return 0; // it has ended, or this is not Linux
  }
}

function look(): void {
  const now = performance.now();
  for (const child of children.values()) {
    const { limits, process: running } = child;
    if (limits.memoryBytes === undefined || running.pid === undefined) continue;
    if (now - child.looked < (child.busy ? 0 : IDLE_LOOK_MS)) continue;
    child.looked = now;
    if (memoryOf(running.pid) <= limits.memoryBytes) continue;
    child.killed ??= 'memory';
    kill(child);
  }
}

function start({ id, command, env, cwd, limits }: ToLauncher & { type: 'start' }): void {
  const [program = '', ...args] = limited(command, limits);
  // A process group of its own, so that what it starts ends with it.
  const running = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  if (running.pid === undefined) {
    running.on('error', ({ message }) => tell({ type: 'failed', id, message }));
    return;
  }
  const child: Child = { process: running, limits, busy: true, looked: 0, killed: null };
  children.set(id, child);
  if (limits.memoryBytes !== undefined) watching ??= setInterval(look, BUSY_LOOK_MS);
  running.on('error', () => undefined); // a signal could not be sent: it has ended
  const stopOutput = limitOutput(running, (stream, text) => tell({ type: 'output', id, stream, text }));
  running.on('exit', (code, signal) => {
    kill(child); // what it started
    const exited = (): void => {
      clearTimeout(timer);
      running.removeListener('close', exited);
      stopOutput();
      children.delete(id);
      if (children.size === 0) {
        clearInterval(watching);
        watching = undefined;
      }
      tell({ type: 'exited', id, code, signal, killed: signal === 'SIGKILL' ? child.killed : null });
    };
    const timer = setTimeout(exited, OUTPUT_MS);
    running.on('close', exited);
  });
  tell({ type: 'started', id, pid: running.pid });
}

process.on('message', (message: ToLauncher) => {
  if (message.type === 'start') {
    try {
      start(message);
    } catch (error) {
      tell({ type: 'failed', id: message.id, message: error instanceof Error ? error.message : String(error) });
    }
    return;
  }
  const child = children.get(message.id);
  if (child === undefined) return;
  if (message.type === 'busy') {
    child.busy = message.busy;
    return;
  }
  child.killed ??= 'asked';
  kill(child);
});

/** Ends all children, and this process. */
function leave(): void {
  for (const child of children.values()) kill(child);
  const [, , folder] = process.argv;
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  process.exit(0);
}

process.on('disconnect', leave);
// The daemon decides when its children end: a Ctrl+C in a terminal reaches this process, too.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('SIGHUP', () => undefined);
