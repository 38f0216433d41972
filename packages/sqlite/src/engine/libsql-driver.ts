/**
 * SQLite through `libsql`, whose binary comes inside its npm package: for a Node without `node:sqlite`.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

import type { Connect, Row, Value } from './connection.js';
import { loadLibsqlQuickly } from './libsql-quick.js';

/** What is used of the package; its own types promise options that it ignores. */
type Libsql = new (file: string) => {
  exec(sql: string): void;
  prepare(sql: string): { run(values: readonly Value[]): { changes: number }; all(values: readonly Value[]): unknown[] };
  close(): void;
};

/**
 * Loads the package, which takes about 10 ms (`import()` would take 15), and returns how to open a connection.
 * Throws what loading it throws.
 *
 * At `close()` libsql leaves the `-wal` file to the next who opens the database, and the file itself open until its statements
 * are collected.
 */
export function openLibsql(): Connect {
  loadLibsqlQuickly();
  const nodeRequire = createRequire(import.meta.url);
  const Database = nodeRequire('libsql') as Libsql;
  return (file, readonly, immutable = false) => {
    // Its `readonly` option does nothing; SQLite's own way to say it does.
    const database = new Database(readonly ? `${pathToFileURL(file).href}?mode=ro${immutable ? '&immutable=1' : ''}` : file);
    return {
      numbered: true,
      exec: (sql) => void database.exec(sql),
      prepare(sql) {
        const statement = database.prepare(sql);
        return {
          run: (values) => statement.run(values).changes,
          all: (values) => statement.all(values) as Row[],
        };
      },
      close: () => void database.close(),
    };
  };
}
