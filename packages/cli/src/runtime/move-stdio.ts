/**
 * Moves the protocol away from file descriptors 0 and 1. Afterwards 0 is at end-of-file and 1 is a copy of 2, so that nothing in
 * this process can reach the protocol by number: no worker thread, native addon or child process that inherits its streams.
 *
 * Node cannot duplicate a descriptor, but opening its path does so: `/proc/self/fd/N` on Linux, for pipes, and `/dev/fd/N` on
 * macOS, for pipes and sockets. A closed number is free again, and the next file that is opened gets the lowest free number.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

const { O_APPEND, O_NOCTTY, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const [STDIN, STDOUT, STDERR] = [0, 1, 2];
const NULL_DEVICE = '/dev/null';

/**
 * Node 20: after `fstatSync` of a pipe or socket, `realpathSync` stops at the first folder that it knows, so `require` does not
 * find the dependencies of linked packages any more. With `bigint`, Node stores the values elsewhere.
 */
const BIGINT = { bigint: true } as const;

/** What could be moved. What is undefined here is still at its old number. */
export interface MovedStdio {
  input?: Readable;
  output?: Writable;
  /** Whether what is written to descriptor 1 now appears on stderr. If not, it is discarded. */
  copiesStderr: boolean;
}

type Platform = 'linux' | 'darwin';

const pathOf = (fd: number, platform: Platform): string => (platform === 'linux' ? `/proc/self/fd/${fd}` : `/dev/fd/${fd}`);

/** Opens the path of a descriptor. @returns another descriptor of the same pipe or socket; undefined where there is none */
function duplicate(fd: number, flags: number, platform: Platform): number | undefined {
  let opened: number | undefined;
  try {
    const stat = fstatSync(fd, BIGINT);
    if (!stat.isFIFO() && !(platform === 'darwin' && stat.isSocket())) return undefined;
    // Without O_NONBLOCK, opening a pipe whose other end is closed would wait forever.
    opened = openSync(pathOf(fd, platform), flags | O_NONBLOCK);
    const { dev, ino } = fstatSync(opened, BIGINT);
    if (dev === stat.dev && ino === stat.ino) return opened;
  } catch {
    // A socket on Linux, another user's pipe, or a pipe without a reader: the caller has another way.
  }
  if (opened !== undefined) closeSync(opened);
  return undefined;
}

/** Puts a file at a number. @returns whether it is there now */
function replaceDescriptor(fd: number, path: string, flags: number): boolean {
  closeSync(fd);
  let opened: number | undefined;
  try {
    opened = openSync(path, flags);
    if (opened === fd) return true;
  } catch {
    // It could be opened a moment ago; the null device takes its place.
  }
  // Without a file at its number, the next file of the process would get it, and with it what is written to stdout.
  const substitute = openSync(NULL_DEVICE, O_RDWR);
  for (const unused of [opened, substitute]) if (unused !== undefined && unused !== fd) closeSync(unused);
  return false;
}

/** Whether a regular file is opened for appending: then two descriptors do not overwrite each other's text. */
function appends(fd: number): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & O_APPEND) !== 0;
}

/** The flags to open stderr once more. @returns undefined where that is not possible */
function stderrFlags(platform: Platform): number | undefined {
  try {
    if (platform === 'darwin') return O_WRONLY;
    const stat = fstatSync(STDERR, BIGINT);
    if (stat.isFile()) return appends(STDERR) ? O_WRONLY | O_APPEND : undefined;
    if (stat.isSocket()) return undefined;
    // Fails where nobody reads the pipe: opening it would wait for a reader.
    if (stat.isFIFO()) closeSync(openSync(pathOf(STDERR, platform), O_WRONLY | O_NONBLOCK));
    return O_WRONLY | O_NOCTTY;
  } catch {
    return undefined;
  }
}

/**
 * Moves what can be moved: on Linux pipes, on macOS also sockets. Call it before anything uses stdin or stdout, and before another
 * thread is started.
 */
export function moveStdio(): MovedStdio {
  const { platform } = process;
  const moved: MovedStdio = { copiesStderr: false };
  if (platform !== 'linux' && platform !== 'darwin') return moved;

  const input = duplicate(STDIN, O_RDONLY, platform);
  if (input !== undefined) {
    replaceDescriptor(STDIN, NULL_DEVICE, O_RDONLY);
    moved.input = new Socket({ fd: input, readable: true, writable: false });
  }
  const output = duplicate(STDOUT, O_WRONLY, platform);
  if (output !== undefined) {
    const flags = stderrFlags(platform);
    if (flags === undefined) replaceDescriptor(STDOUT, NULL_DEVICE, O_RDWR);
    else moved.copiesStderr = replaceDescriptor(STDOUT, pathOf(STDERR, platform), flags);
    moved.output = new Socket({ fd: output, readable: false, writable: true });
  }
  return moved;
}
