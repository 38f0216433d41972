/**
 * Reserves stdout for the protocol. Output of user code goes to stderr instead, whichever API of Node it uses, because a single
 * stray line on stdout would break the connection to the host.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { Writable } from 'node:stream';

const STDOUT = 1;
const STDERR = 2;
/** Paths of the process's own stdout. */
const STDOUT_PATHS: ReadonlySet<unknown> = new Set(['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1']);
/** Methods of `fs` that write to their first argument, a file descriptor or a path. */
const WRITERS = ['write', 'writeSync', 'writev', 'writevSync', 'writeFile', 'writeFileSync', 'appendFile', 'appendFileSync'];
/** Methods of `fs` that open their first argument, a path. */
const OPENERS = ['open', 'openSync', 'createWriteStream'];

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** What {@link guardStdout} returns. */
export interface StdoutGuard {
  /** The process's real stdout. */
  readonly output: Writable;
  /** Guards child processes as well. A separate step, because it loads a part of Node that most functions never need. */
  guardChildren(): void;
}

/** Replaces a method. Properties of the old one, such as `promisify.custom`, are copied. */
function replace(owner: object, name: string, make: (original: AnyFunction) => AnyFunction): void {
  const methods = owner as Record<string, unknown>;
  const original = methods[name];
  if (typeof original !== 'function') return;
  const made = make(original as AnyFunction);
  for (const key of Reflect.ownKeys(original)) {
    if (key === 'prototype') continue;
    Object.defineProperty(made, key, Object.getOwnPropertyDescriptor(original, key) as PropertyDescriptor);
  }
  methods[name] = made;
}

const isStdoutPath = (target: unknown): boolean => typeof target === 'string' && STDOUT_PATHS.has(target);

const writeAside = (original: AnyFunction): AnyFunction =>
  function (target, ...rest) {
    return original.call(this, target === STDOUT || isStdoutPath(target) ? STDERR : target, ...rest);
  };

const openAside = (original: AnyFunction): AnyFunction =>
  function (target, ...rest) {
    return original.call(this, isStdoutPath(target) ? '/dev/stderr' : target, ...rest);
  };

function guardFiles(): void {
  for (const name of WRITERS) replace(fs, name, writeAside);
  for (const name of OPENERS) replace(fs, name, openAside);
  replace(fs.promises, 'open', openAside);
  // These take no file descriptor.
  for (const name of ['writeFile', 'appendFile']) {
    replace(fs.promises, name, (original) => async (target, data, ...rest) => {
      if (!isStdoutPath(target)) return original(target, data, ...rest);
      return fs.writeFileSync(STDERR, data as string);
    });
  }
  // A stream on descriptor 1 uses the methods above; its end must not close stdout for the protocol.
  replace(fs, 'closeSync', (original) => (fd) => (fd === STDOUT ? undefined : original(fd)));
  replace(fs, 'close', (original) => (fd, done) => {
    if (fd !== STDOUT) return original(fd, done);
    if (typeof done === 'function') process.nextTick(done, null);
    return undefined;
  });
}

/** Whether an entry of a child's `stdio` is the stdout of this process. */
function isStdout(entry: unknown, index: number, real: Writable): boolean {
  if (entry === 'inherit') return index === STDOUT;
  if (entry === STDOUT || entry === real) return true;
  return typeof entry === 'object' && entry !== null && (entry as { fd?: unknown }).fd === STDOUT;
}

/** The options of a child process, with stderr instead of stdout. */
function childOptions(options: unknown, real: Writable): unknown {
  if (typeof options !== 'object' || options === null || !('stdio' in options)) return options;
  const { stdio } = options;
  if (stdio === 'inherit') return { ...options, stdio: ['inherit', STDERR, 'inherit'] };
  if (!Array.isArray(stdio)) return options;
  return { ...options, stdio: stdio.map((entry: unknown, index) => (isStdout(entry, index, real) ? STDERR : entry)) };
}

function guardChildren(real: Writable): void {
  const childProcess = process.getBuiltinModule('node:child_process');
  // spawn, fork, exec and execFile all call this method.
  replace(
    childProcess.ChildProcess.prototype,
    'spawn',
    (original) =>
      function (options) {
        return original.call(this, childOptions(options, real));
      },
  );
  // The synchronous ones take (file, arguments?, options?) or (command, options?).
  for (const name of ['spawnSync', 'execFileSync', 'execSync']) {
    replace(
      childProcess,
      name,
      (original) =>
        (...args) =>
          original(...args.map((arg, index) => (index === 0 || Array.isArray(arg) ? arg : childOptions(arg, real)))),
    );
  }
}

/** Redirects all other output from stdout to stderr. Call it once, before any user code is loaded. */
export function guardStdout(): StdoutGuard {
  // Created before the methods of fs are replaced: where stdout is a file, Node writes with fs.writeSync.
  const output: Writable = process.stdout;
  // A getter, so that process.stderr is created only when something is printed.
  const stderr: PropertyDescriptor = { configurable: true, enumerable: true, get: () => process.stderr, set: () => undefined };
  Object.defineProperty(process, 'stdout', stderr);
  Object.defineProperty(console, '_stdout', { ...stderr, enumerable: false });
  guardFiles();
  syncBuiltinESMExports();
  let children = false;
  return {
    output,
    guardChildren() {
      if (children) return;
      children = true;
      guardChildren(output);
      syncBuiltinESMExports();
    },
  };
}
