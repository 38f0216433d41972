/** `serve --fixtures`: serves recorded calls in place of running functions, and says at the end which calls were not recorded. */
import { readFileSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';

import type { FixtureReport, LoadedFixtures, UnknownCall } from '@mcp-daemon/core';
import { createFixtures } from '@mcp-daemon/core';

import { messageOf, UsageError } from '../errors.js';
import { readConfigFile } from '../runtime/config-file.js';
import { loadEnvFile } from '../runtime/env-file.js';
import { report } from '../runtime/report.js';
import type { Env, Settings } from '../settings/settings.js';
import { displayPath, plural } from '../terminal/text.js';
import type { OpenedConfig } from './serving.js';

/** The exit code if a call was not recorded. */
const NOT_RECORDED = 3;
/** Characters of the parameters of a call on its line. */
const MAX_PARAMS = 300;

/** Reads a file with fixtures. @throws UsageError if it cannot be read, ConfigError with all its mistakes */
function readFixtures(file: string, timing: boolean, onUnknown: (call: UnknownCall) => void): LoadedFixtures {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--fixtures: cannot read ${displayPath(file)}: ${messageOf(error)}`, { hint: false });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--fixtures: ${displayPath(file)} is not JSON: ${messageOf(error)}`, { hint: false });
  }
  return createFixtures(value, { file: displayPath(file), timing, onUnknown });
}

function callText({ method, params, times, recorded }: UnknownCall): string {
  const text = JSON.stringify(params);
  const shown = text.length > MAX_PARAMS ? `${text.slice(0, MAX_PARAMS)}…` : text;
  const why = recorded === 0 ? 'never recorded' : `recorded ${recorded === 1 ? 'once' : `${recorded} times`}, made more often`;
  return `  ${method} ${shown} (${times === 1 ? '' : `${times} times, `}${why})`;
}

/** What was answered, as lines. */
export function reportLines({ answered, unused, unknown }: FixtureReport): string[] {
  const rest = unused === 0 ? '' : `; ${plural(unused, 'call')} of the file ${unused === 1 ? 'was' : 'were'} not made`;
  const lines = [`mcp-daemon: ${plural(answered, 'call')} answered from fixtures${rest}`];
  if (unknown.length === 0) return lines;
  return [...lines, `mcp-daemon: ${plural(unknown.length, 'call')} without an answer:`, ...unknown.map(callText)];
}

/** Says at the end of the process what was answered, and sets the exit code if a call was not recorded. */
function reportAtExit(fixtures: LoadedFixtures): void {
  process.once('exit', (code) => {
    const found = fixtures.report();
    try {
      writeSync(2, `${reportLines(found).join('\n')}\n`);
    } catch {
      // stderr is closed: the exit code still says it
    }
    if (code === 0 && found.unknown.length > 0) process.exitCode = NOT_RECORDED;
  });
}

/**
 * Serves until shutdown, then exits the process: with code 3 if a call was made that is not recorded. Records of these calls are kept
 * in memory.
 */
export async function serveFixtures(given: Settings, env: Env): Promise<void> {
  const settings: Settings = { ...given, store: 'memory', watch: false };
  const file = resolve(String(settings.fixtures));
  let opened: OpenedConfig;
  try {
    const heard = new Set<string>();
    const fixtures = readFixtures(file, settings.fixtureTiming, (call) => {
      const line = callText({ ...call, times: 1 });
      if (heard.size >= 100 || heard.has(line)) return;
      heard.add(line);
      process.stderr.write(`mcp-daemon: a call is not in the fixtures:\n${line}\n`);
    });
    if (settings.config === undefined) {
      opened = { file, stamp: undefined, config: { definition: fixtures.catalog, server: fixtures.server, warnings: [] } };
    } else {
      const configFile = resolve(settings.config);
      loadEnvFile(settings, configFile);
      const config = readConfigFile(configFile);
      opened = { file: configFile, stamp: undefined, config: { ...config, definition: fixtures.play(config.definition) } };
    }
    reportAtExit(fixtures);
  } catch (error) {
    process.exitCode = report(error);
    return;
  }
  if (settings.transport === 'stdio') {
    const { serveOverStdio } = await import('./serve-stdio.js');
    return serveOverStdio(settings, env, () => undefined, opened);
  }
  const { serveOverHttp } = await import('./serve-http.js');
  return serveOverHttp(settings, env, opened);
}
