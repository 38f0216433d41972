/**
 * Redirects the file functions of Node in one thread: what they write to stdout goes to stderr, and what they read from stdin is at
 * its end.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { devNull } from 'node:os';

import type { AnyFunction } from './replace-method.js';
import { replaceMethod } from './replace-method.js';

const [STDIN, STDOUT, STDERR] = [0, 1, 2];

/** Which of the two is guarded. */
export interface Guarded {
  input: boolean;
  output: boolean;
}

/** The paths of a descriptor of this process. */
const pathsOf = (name: string, fd: number): ReadonlySet<unknown> =>
  new Set([`/dev/${name}`, `/dev/fd/${fd}`, `/proc/self/fd/${fd}`]);
const STDIN_PATHS = pathsOf('stdin', STDIN);
const STDOUT_PATHS = pathsOf('stdout', STDOUT);

/** Methods of `fs` that write to their first argument, a file descriptor or a path. */
const WRITERS = ['write', 'writeSync', 'writev', 'writevSync', 'writeFile', 'writeFileSync', 'appendFile', 'appendFileSync'];
/** Methods of `fs` that read from their first argument, a file descriptor or a path. */
const READERS = ['read', 'readSync', 'readv', 'readvSync', 'readFile', 'readFileSync'];
/** Methods of `fs` that open their first argument, a path. */
const OPENERS = ['open', 'openSync', 'createReadStream', 'createWriteStream'];

/** Calls a method with another first argument. */
const withTarget =
  (change: (target: unknown) => unknown) =>
  (original: AnyFunction): AnyFunction =>
    function (target, ...rest) {
      return original.call(this, change(target), ...rest);
    };

/** Guards this thread. @param which what is guarded */
export function guardFiles({ input, output }: Guarded): void {
  const { openSync } = fs;
  let empty: number | undefined;
  /** A file that is always at its end. Opened when it is first needed. */
  const emptyFile = (): number => (empty ??= openSync(devNull, 'r'));

  const isStdin = (target: unknown): boolean => input && (target === STDIN || STDIN_PATHS.has(target));
  const isStdoutPath = (target: unknown): boolean => output && STDOUT_PATHS.has(target);
  const isStdout = (target: unknown): boolean => (output && target === STDOUT) || isStdoutPath(target);

  const elsewhere = (path: unknown): unknown =>
    isStdoutPath(path) ? '/dev/stderr' : input && STDIN_PATHS.has(path) ? devNull : path;
  for (const name of WRITERS)
    replaceMethod(
      fs,
      name,
      withTarget((target) => (isStdout(target) ? STDERR : target)),
    );
  for (const name of READERS)
    replaceMethod(
      fs,
      name,
      withTarget((target) => (isStdin(target) ? emptyFile() : target)),
    );
  for (const name of OPENERS) replaceMethod(fs, name, withTarget(elsewhere));
  replaceMethod(fs.promises, 'open', withTarget(elsewhere));
  replaceMethod(fs.promises, 'readFile', withTarget(elsewhere));
  // These take no file descriptor.
  for (const name of ['writeFile', 'appendFile']) {
    replaceMethod(fs.promises, name, (original) => async (target, data, ...rest) => {
      if (!isStdoutPath(target)) return original(target, data, ...rest);
      return fs.writeFileSync(STDERR, data as string);
    });
  }
  // A stream on one of these descriptors uses the methods above; its end must not close the protocol's stream.
  const isKept = (fd: unknown): boolean => (input && fd === STDIN) || (output && fd === STDOUT);
  replaceMethod(fs, 'closeSync', (original) => (fd) => (isKept(fd) ? undefined : original(fd)));
  replaceMethod(fs, 'close', (original) => (fd, done) => {
    if (!isKept(fd)) return original(fd, done);
    if (typeof done === 'function') process.nextTick(done, null);
    return undefined;
  });
  syncBuiltinESMExports();
}
