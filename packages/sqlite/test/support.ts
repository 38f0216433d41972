/** Folders, child processes and raw connections for the tests of the store. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import type { Store } from '@mcp-daemon/core';
import { buildSync } from 'esbuild';

import type { Connection } from '../src/engine/connection.js';
import { chooseEngine } from '../src/engine/engine.js';

const here = dirname(fileURLToPath(import.meta.url));

/** A folder that is gone after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-sqlite-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A connection beside the store's. */
export function connect(file: string): Connection {
  const connection = chooseEngine()(file, false);
  connection.exec('PRAGMA busy_timeout = 5000');
  return connection;
}

/** The first value of a query's first row. */
export function value(file: string, sql: string): unknown {
  const connection = connect(file);
  const [row = {}] = connection.prepare(sql).all([]);
  connection.close();
  return Object.values(row)[0];
}

/** Makes the tables of records what versions 2 and 3 made them: contexts without `client_id`. */
export const WITHOUT_CLIENT_IDS = `
  DROP VIEW function_calls; DROP VIEW mcp_function_calls;
  CREATE TABLE old_contexts AS
    SELECT id, partition, name, mcp_type, updated_by, revision, bundle_digest, owner, server, client, last_call FROM contexts;
  DROP TABLE contexts; ALTER TABLE old_contexts RENAME TO contexts;
  CREATE VIEW mcp_function_calls AS SELECT x.name, x.client FROM calls c JOIN contexts x ON x.id = c.context;
  CREATE VIEW function_calls AS SELECT name, client FROM mcp_function_calls`;

/** Resolves when all that was written is in the database: whoever reads waits for that. */
export async function imported(store: Store): Promise<void> {
  await store.calls.list('default', { limit: 1 });
}

export interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export interface Child {
  process: ChildProcess;
  /** Resolves when the text has come on stdout so many times. Default: once. */
  said(text: string, times?: number): Promise<void>;
  ended: Promise<Ended>;
}

const builtLibrary = (): string => {
  const at = (path: string): string => JSON.stringify(pathToFileURL(join(here, '../..', path)).href);
  return `export { openSqliteStore } from ${at('sqlite/dist/index.js')};
    export { exampleCommit, exampleModuleRow, exampleRecord } from ${at('core/dist/contract/index.js')};`;
};

/**
 * Runs programs of `fixtures/`: on the sources as they are now, so that no test depends on what was built before, or on the built
 * package, which alone has a thread.
 */
export function fixtures({ built = false } = {}): (name: string, ...args: string[]) => Child {
  // Inside the package, so that libsql is found from there.
  const cache = join(here, '../node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'fixtures-'));
  const library = join(folder, 'store.mjs');
  const children = new Set<ChildProcess>();
  if (built) writeFileSync(library, builtLibrary());
  else
    buildSync({
      stdin: {
        contents: `export * from './src/index.ts'; export { chooseEngine } from './src/engine/engine.ts'; export { exampleCommit, exampleModuleRow, exampleRecord } from '../core/src/contract/index.ts';`,
        resolveDir: join(here, '..'),
      },
      alias: { '@mcp-daemon/core': join(here, '../../core/src/index.ts') },
      ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error', external: ['libsql'] },
      outfile: library,
    });
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  return (name, ...args) => {
    const child = spawn(process.execPath, [join(here, 'fixtures', name), library, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    children.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        children.delete(child);
        resolve({ code, signal, stdout, stderr });
      });
    });
    return {
      process: child,
      ended,
      said: (text, times = 1) =>
        new Promise((resolve, reject) => {
          let found = 0;
          let from = 0;
          const look = (): void => {
            for (let at; found < times && (at = stdout.indexOf(text, from)) !== -1; from = at + text.length) found += 1;
            if (found >= times) resolve();
          };
          child.stdout.on('data', look);
          child.on('close', () => reject(new Error(`it ended before it said ${text}: ${stdout}${stderr}`)));
          look();
        }),
    };
  };
}
