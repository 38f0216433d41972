/** The process of a mounted server: started in a process group of its own, and ended with it. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';

/** How a process is started. */
export interface ChildOptions {
  command: string;
  args: readonly string[];
  /** The whole environment. */
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** Milliseconds that it may take to end by itself when its input has ended, and again after SIGTERM. */
  graceMs: number;
}

/** A running process. */
export interface Child {
  readonly process: ChildProcess;
  /** Resolves when it has ended, with how: `exit code 1`, `signal SIGKILL`, or why it could not be started. */
  readonly ended: Promise<string>;
  /** Ends it: its input, then SIGTERM, then SIGKILL, to the whole group. A second call waits for the first. */
  end(): Promise<void>;
}

const IS_POSIX = process.platform !== 'win32';

/** Processes that must not outlive this one. */
const running = new Set<ChildProcess>();
let isWatching = false;

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  const { pid } = child;
  if (pid === undefined) return;
  try {
    if (IS_POSIX) process.kill(-pid, name);
    else child.kill(name);
  } catch {
    // The group has no process any more.
  }
}

/** Ends what is still there when this process exits without a shutdown. */
function watchExit(): void {
  if (isWatching) return;
  isWatching = true;
  process.once('exit', () => {
    for (const child of running) signal(child, 'SIGKILL');
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such program: check "command", and "cwd" if there is one',
  EACCES: 'it may not be run',
};

/** Starts a process. It never throws: if it cannot be started, `ended` says why. */
export function startChild({ command, args, env, cwd, graceMs }: ChildOptions): Child {
  watchExit();
  const child = spawn(command, [...args], { cwd, env: { ...env }, stdio: 'pipe', detached: IS_POSIX, windowsHide: true });
  running.add(child);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      running.delete(child);
      resolve(`cannot be started: ${REASONS[error.code ?? ''] ?? error.message}`);
    });
    child.once('exit', (code, name) => {
      // Its own children go with it; those of a group that has ended are not reached any more.
      signal(child, 'SIGTERM');
      running.delete(child);
      resolve(name === null ? `has ended with exit code ${code}` : `was ended by ${name}`);
    });
  });
  // Writes to a process that has ended: `ended` says so.
  child.stdin.on('error', () => undefined);

  /** @returns whether it ended in time */
  const endsWithin = async (ms: number): Promise<boolean> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
    const done = await Promise.race([ended.then(() => true), late]);
    clearTimeout(timer);
    return done;
  };

  let ending: Promise<void> | undefined;
  async function end(): Promise<void> {
    child.stdin.end();
    if (await endsWithin(graceMs)) return;
    signal(child, 'SIGTERM');
    if (await endsWithin(graceMs)) return;
    signal(child, 'SIGKILL');
    await ended;
  }
  return { process: child, ended, end: () => (ending ??= end()) };
}
