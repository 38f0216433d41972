/** Reads the config that a Python package carries in its code: the attribute `MCP_CONFIGURATION` of a module. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { DaemonError } from '@mcp-daemon/core';

import { pythonRuntime } from './python.js';

const BUILT_PROGRAMS = fileURLToPath(new URL('../programs', import.meta.url));
/** Bytes of the largest config. */
const MAX_BYTES = 10_000_000;

/** What {@link readPythonConfiguration} takes. */
export interface PythonConfigurationOptions {
  /** The name of the module. */
  module: string;
  /** The package that the module may be in. */
  package?: string;
  /** The absolute path of the folder with the code. */
  root: string;
  /** The folder with the child programs. Default: where the build of this package puts them. */
  programs?: string;
  /** The whole environment of the process that imports the module. */
  env: Readonly<Record<string, string>>;
  /** The path of Python. Default: python3. */
  python?: string | undefined;
  /** Milliseconds. Default 30,000. */
  timeoutMs?: number;
}

/**
 * Imports the module in a process of its own, and reads its `MCP_CONFIGURATION`.
 *
 * @returns its JSON text; undefined: the module has no such attribute
 * @throws DaemonError `module_not_found` or `module_failed`, with the reason
 */
export async function readPythonConfiguration(options: PythonConfigurationOptions): Promise<string | undefined> {
  const { module, root, programs = BUILT_PROGRAMS, env, python, timeoutMs = 30_000 } = options;
  const [program = '', ...args] = pythonRuntime.command({
    ...{ file: join(programs, pythonRuntime.file), root, program: python },
    ...{ heapMb: 0, readable: undefined },
  });
  const names = [`--configuration=${module}`, `--root=${root}`, `--package=${options.package ?? module}`];
  const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: MAX_BYTES } as const;
  const text = await new Promise<string>((resolve, reject) => {
    execFile(program, [...args, ...names], { ...limits, cwd: root, env: { ...env } }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      else reject(failureOf(error, stderr, options, timeoutMs));
    });
  });
  return text === 'null' ? undefined : text;
}

/** @param error how the process failed */
function failureOf(
  error: { code?: unknown; killed?: boolean },
  stderr: string,
  { module, python }: PythonConfigurationOptions,
  timeoutMs: number,
): DaemonError {
  if (error.code === 'ENOENT') return new DaemonError('module_failed', pythonRuntime.missing(python));
  const about = `the configuration of module "${module}" could not be read`;
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
    return new DaemonError('module_failed', `${about}: it has more than ${MAX_BYTES} bytes`);
  if (error.killed === true)
    return new DaemonError('module_failed', `${about}: the module was not loaded within ${timeoutMs} ms`);
  // The code may have printed before: the reason is the line that the program wrote itself.
  const lines = stderr.split('\n');
  const reason =
    lines.find((line) => /^module "|^MCP_CONFIGURATION of /.test(line)) ?? lines.filter(Boolean).at(-1) ?? 'no reason';
  return new DaemonError(/^module ".*" was not found/.test(reason) ? 'module_not_found' : 'module_failed', `${about}: ${reason}`);
}
