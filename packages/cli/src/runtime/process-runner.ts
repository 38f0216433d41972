/**
 * Opens the runner of functions in processes of their own. A file of its own in the command's build, so that a server without such
 * functions loads none of it.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { CodeLocator, LinkBinding, Logger } from '@mcp-daemon/core';
import type { CoreParts, ProcessRunner } from '@mcp-daemon/runner';
import { createProcessRunner, readPythonConfiguration } from '@mcp-daemon/runner';

import type { Env, Settings } from '../settings/settings.js';
import { parseList } from '../settings/settings.js';

/** What {@link openProcessRunner} takes. */
export interface ProcessRunnerSources {
  settings: Settings;
  env: Env;
  /** Find the code, in order. */
  locators: readonly CodeLocator[];
  logger: Logger;
  /** Parts of the daemon's copy of core: it may be in another file of the build. */
  core: CoreParts;
  accepts(link: LinkBinding): boolean;
}

/** Variables that every process gets: without them, programs and texts do not work as users expect. */
const ALWAYS = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ'];
/** Where the build puts the programs, seen from this code: it may be in a chunk, a folder below. */
const PROGRAMS = ['./programs', '../programs'];

/** The environment of the processes: these variables, and nothing else. */
function environment({ processEnv }: Settings, env: Env): Record<string, string> {
  const names = [...ALWAYS, ...(parseList(processEnv) ?? [])];
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** Paths that JavaScript may read; undefined: there is no restriction. */
const readableOf = ({ processRead }: Settings): string[] | undefined =>
  processRead?.toLowerCase() === 'none' ? [] : parseList(processRead);

/** The folder with the programs; undefined: this code is not bundled. */
const programsFolder = (): string | undefined =>
  PROGRAMS.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((path) => existsSync(path));

/**
 * Reads the `MCP_CONFIGURATION` of a Python module, in a process with the environment of functions.
 *
 * @returns undefined: it has none
 * @throws DaemonError `module_not_found`, `module_failed`
 */
export function readConfigurationOf(module: string, root: string, settings: Settings, env: Env): Promise<string | undefined> {
  const programs = programsFolder();
  return readPythonConfiguration({
    ...{ module, root, env: environment(settings, env), python: settings.python },
    ...(programs === undefined ? {} : { programs }),
  });
}

/** Creates the runner. Nothing is started yet. */
export function openProcessRunner({ settings, env, locators, logger, core, accepts }: ProcessRunnerSources): ProcessRunner {
  const programs = programsFolder();
  return createProcessRunner({
    locators,
    accepts,
    core,
    ...(programs === undefined ? {} : { programs }),
    env: environment(settings, env),
    logger,
    settings: {
      maxChildren: settings.processMax,
      maxChildrenPerModule: settings.processMaxPerModule,
      idleMs: settings.processIdleMs,
      heapMb: settings.processHeapMb,
      memoryMb: settings.processMemoryMb,
      cpuSeconds: settings.processCpuSeconds,
      openFiles: settings.processOpenFiles,
      startMs: settings.processStartMs,
      graceMs: settings.processGraceMs,
      maxMessageBytes: settings.processMessageBytes,
      spare: settings.processSpare,
      readable: readableOf(settings),
      paths: settings.python === undefined ? {} : { python: settings.python },
    },
  });
}
