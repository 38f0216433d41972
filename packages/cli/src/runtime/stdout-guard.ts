/**
 * Reserves stdin and stdout for the protocol. Output of user code goes to stderr instead, and user code finds stdin at its end,
 * because a single stray line on stdout, or a single message that somebody else reads, would break the connection to the host.
 *
 * Where the system can do it, the protocol moves to other file descriptors (see `move-stdio.ts`). Where it cannot (sockets on
 * Linux, files, terminals, Windows), the functions of Node that reach descriptors 0 and 1 are redirected, in worker threads too;
 * only native code can still reach them then.
 */
import fs from 'node:fs';
import type { Readable, Writable } from 'node:stream';

import { guardChildren } from './guard-children.js';
import type { Guarded } from './guard-files.js';
import { guardFiles } from './guard-files.js';
import { moveStdio } from './move-stdio.js';

/** What {@link guardStdout} returns. */
export interface StdoutGuard {
  /** The process's real stdout. */
  readonly output: Writable;
  /** Guards child processes and worker threads. A separate step, because it loads parts of Node that most functions never need. */
  guardChildren(): void;
}

/** What {@link reserveStdio} returns. */
export interface ReservedStdio extends StdoutGuard {
  /** The process's real stdin. */
  readonly input: Readable;
}

/** A stream like process.stdin that is at its end. */
function emptyStdin(): Readable {
  const { Readable: Stream } = process.getBuiltinModule('node:stream');
  return Object.assign(Stream.from([]), { fd: 0 });
}

/** Replaces process.stdin by an empty stream that is made when it is first used. */
function hideStdin(): void {
  let stdin: Readable | undefined;
  Object.defineProperty(process, 'stdin', { configurable: true, enumerable: true, get: () => (stdin ??= emptyStdin()) });
}

/** Replaces process.stdout by process.stderr. A getter, so that it is created only when something is printed. */
function hideStdout(): void {
  const stderr: PropertyDescriptor = { configurable: true, enumerable: true, get: () => process.stderr, set: () => undefined };
  Object.defineProperty(process, 'stdout', stderr);
  Object.defineProperty(console, '_stdout', { ...stderr, enumerable: false });
}

/** Redirects the functions of Node. @param stdout the real stdout */
function redirect(which: Guarded, stdout?: Writable): () => void {
  if (!which.input && !which.output) return () => undefined;
  if (which.input) hideStdin();
  if (which.output) hideStdout();
  guardFiles(which);
  let done = false;
  return () => {
    if (done) return;
    done = true;
    guardChildren(which, stdout);
  };
}

/** The process's stdin, where it stays at descriptor 0. */
function inputInPlace(): Readable {
  // Node reads a file by functions that are redirected afterwards; this stream keeps the original ones.
  const { close, read } = fs;
  return fs.fstatSync(0, { bigint: true }).isFile()
    ? fs.createReadStream('', { fd: 0, autoClose: false, fs: { close, read } })
    : process.stdin;
}

/**
 * Redirects all other output from stdout to stderr; stdin stays as it is. Call it once, before any user code is loaded.
 */
export function guardStdout(): StdoutGuard {
  // Created before the methods of fs are replaced: where stdout is a file, Node writes with fs.writeSync.
  const output: Writable = process.stdout;
  return { output, guardChildren: redirect({ input: false, output: true }, output) };
}

/** Reserves stdin and stdout for the protocol. Call it once, before either is used and before any user code is loaded. */
export function reserveStdio(): ReservedStdio {
  const moved = moveStdio();
  const input = moved.input ?? inputInPlace();
  const output = moved.output ?? process.stdout;
  const which = { input: moved.input === undefined, output: !moved.copiesStderr };
  return { input, output, guardChildren: redirect(which, moved.output === undefined ? output : undefined) };
}
