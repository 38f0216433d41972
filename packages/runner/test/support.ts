/** Runners over files in new folders, with the child programs built from the sources. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { CodeLocator, LinkBinding, Logger, ResolvedFunction } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { tempFolder } from '../../../tests/temp-folder.js';
import { arrival, until } from '../../../tests/until.js';
import { writePrograms } from '../build.mjs';
import type { ProcessRunner, ProcessRunnerOptions } from '../src/runner.js';
import { createProcessRunner } from '../src/runner.js';

const runners: ProcessRunner[] = [];

afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.close?.();
});

let programs: Promise<string> | undefined;

/** The folder with the child programs. */
export async function programsFolder(): Promise<string> {
  return (programs ??= (async () => {
    const folder = tempFolder();
    await writePrograms(folder);
    return folder;
  })());
}

/** Whether a process exists, and is no zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Waits until processes have ended. They are not children of this process, so there is no event. */
export async function allGone(pids: readonly number[]): Promise<void> {
  await until(
    () => !pids.some(isAlive),
    () => `the end of the processes ${pids.filter(isAlive).join(', ')}`,
  );
}

/** A line of the log. */
export interface LogLine {
  level: string;
  fields: Record<string, unknown>;
  message: string;
}

/** What {@link openRunner} returns. */
export interface TestRunner {
  runner: ProcessRunner;
  base: string;
  /** All lines of the log so far. */
  log: LogLine[];
  /** Waits for a line of the log. */
  logged(pattern: RegExp): Promise<LogLine>;
  link(function_name: string, more?: Partial<LinkBinding>): LinkBinding;
  /** Writes the module `m`, or another one. */
  write(code: string, module?: string): void;
  resolve(function_name: string, more?: Partial<LinkBinding>, partition?: string): Promise<ResolvedFunction>;
  /** Resolves a function and calls it. */
  call(function_name: string, input?: unknown, context?: object): Promise<unknown>;
}

/** Finds modules as files of a folder. The digest is that of the file. */
export function filesLocator(base: string): CodeLocator {
  return {
    accepts: () => true,
    async locate({ module_name: name }) {
      const file = join(base, `${name}.mjs`);
      try {
        return { runtime: 'node', root: base, file, digest: createHash('sha256').update(readFileSync(file)).digest('hex') };
      } catch {
        throw new DaemonError('module_not_found', `module "${name}" not found`);
      }
    },
  };
}

/** The context of a call, as far as runners need it. */
export const contextOf = (more: object = {}): object => ({
  partition: 'a',
  callId: 'call-1',
  subject: 'ada',
  inputs: {},
  state: undefined,
  signal: new AbortController().signal,
  progress() {},
  log() {},
  ...more,
});

/**
 * Opens a runner. It is closed at the end of the test. A module has one process unless the settings say otherwise: more are started for
 * calls that wait 50 ms, which depends on the machine.
 */
export async function openRunner(
  code = '',
  settings: ProcessRunnerOptions['settings'] = {},
  more: Partial<ProcessRunnerOptions> = {},
): Promise<TestRunner> {
  const base = tempFolder();
  const log: LogLine[] = [];
  const waiting: { pattern: RegExp; found: (line: LogLine) => void }[] = [];
  const logger = Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((level) => [
      level,
      (fields: Record<string, unknown>, message: string) => {
        const line = { level, fields, message };
        log.push(line);
        for (const { pattern, found } of waiting) if (pattern.test(message)) found(line);
      },
    ]),
  ) as unknown as Logger;
  const write = (text: string, module = 'm'): void => {
    const file = join(base, `${module}.mjs`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  write(code);
  const runner = createProcessRunner({
    locators: [filesLocator(base)],
    programs: await programsFolder(),
    env: { PATH: process.env['PATH'] ?? '' },
    logger,
    settings: { maxChildrenPerModule: 1, ...settings },
    ...more,
  });
  runners.push(runner);
  const link = (function_name: string, given: Partial<LinkBinding> = {}): LinkBinding => ({
    kind: 'link',
    package_name: 'm',
    module_name: 'm',
    function_name,
    setting: {},
    ...given,
  });
  const resolve: TestRunner['resolve'] = async (name, given = {}, partition = 'a') =>
    runner.resolve(link(name, given), partition);
  return {
    runner,
    base,
    log,
    logged: (pattern) => {
      const line = new Promise<LogLine>((found) => {
        const before = log.find(({ message }) => pattern.test(message));
        if (before === undefined) waiting.push({ pattern, found });
        else found(before);
      });
      return arrival(line, () => `the log line ${String(pattern)}, in\n${log.map(({ message }) => message).join('\n')}`);
    },
    link,
    write,
    resolve,
    call: async (name, input = {}, context = {}) => (await resolve(name)).call(input, contextOf(context)),
  };
}
