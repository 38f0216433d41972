/**
 * Redirects what is started from one thread: child processes get stderr instead of stdout and nothing instead of stdin, and worker
 * threads load the same guard before their own code.
 */
import { existsSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';

import type { Guarded } from './guard-files.js';
import { replaceMethod } from './replace-method.js';

const [STDIN, STDOUT, STDERR] = [0, 1, 2];
/** Where the build puts the guard of worker threads, seen from this code: main.cjs is beside it, chunks are a folder below. */
const WORKER_GUARD = ['./worker-guard.cjs', '../worker-guard.cjs'];

/** Whether an entry of a child's `stdio` is this descriptor of this process. */
function isDescriptor(fd: number, entry: unknown, index: number, stream: unknown): boolean {
  if (entry === 'inherit') return index === fd;
  if (entry === fd || (stream !== undefined && entry === stream)) return true;
  return typeof entry === 'object' && entry !== null && (entry as { fd?: unknown }).fd === fd;
}

function guardProcesses({ input, output }: Guarded, stdout: unknown): void {
  const childProcess = process.getBuiltinModule('node:child_process');
  const entryOf = (entry: unknown, index: number): unknown => {
    if (input && isDescriptor(STDIN, entry, index, undefined)) return 'ignore';
    return output && isDescriptor(STDOUT, entry, index, stdout) ? STDERR : entry;
  };
  /** The options of a child process, without stdin and stdout of this process. */
  const guarded = (options: unknown): unknown => {
    if (typeof options !== 'object' || options === null || !('stdio' in options)) return options;
    const stdio = options.stdio === 'inherit' ? ['inherit', 'inherit', 'inherit'] : options.stdio;
    return Array.isArray(stdio) ? { ...options, stdio: stdio.map(entryOf) } : options;
  };
  // spawn, fork, exec and execFile all call this method.
  replaceMethod(
    childProcess.ChildProcess.prototype,
    'spawn',
    (original) =>
      function (options) {
        return original.call(this, guarded(options));
      },
  );
  // The synchronous ones take (file, arguments?, options?) or (command, options?).
  for (const name of ['spawnSync', 'execFileSync', 'execSync']) {
    replaceMethod(
      childProcess,
      name,
      (original) =>
        (...args) =>
          original(...args.map((arg, index) => (index === 0 || Array.isArray(arg) ? arg : guarded(arg)))),
    );
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** Makes new worker threads load the guard first. Each thread has its own copy of Node's modules. */
function guardWorkers(): void {
  const guard = WORKER_GUARD.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((path) => existsSync(path));
  if (guard === undefined) return; // run from the sources
  const preload = ['--require', guard];
  const threads = process.getBuiltinModule('node:worker_threads');
  threads.Worker = new Proxy(threads.Worker, {
    construct(target, [file, options = {}]: [unknown, { execArgv?: readonly string[] }?], newTarget): Worker {
      const start = (execArgv: readonly string[]): Worker =>
        Reflect.construct(target, [file, { ...options, execArgv: [...execArgv, ...preload] }], newTarget) as Worker;
      if (options.execArgv !== undefined) return start(options.execArgv);
      try {
        return start(process.execArgv);
      } catch (error) {
        // Flags of the process, such as a heap size, that Node lets a thread inherit but not be given.
        if (codeOf(error) === 'ERR_WORKER_INVALID_EXEC_ARGV') return start([]);
        throw error;
      }
    },
  });
}

/**
 * Guards what this thread starts.
 *
 * @param which what is guarded
 * @param stdout the stream of the real stdout, if this thread has it
 */
export function guardChildren(which: Guarded, stdout?: unknown): void {
  guardProcesses(which, stdout);
  guardWorkers();
  syncBuiltinESMExports();
}
