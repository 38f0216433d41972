/** The engine for Node versions without `node:sqlite`: `libsql`, whose npm package contains its binary. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

import type { Connect, Row, Statement, Value } from './connection.js';
import { loadLibsqlQuickly } from './libsql-quick.js';

/** The part of the package that is used. Its own types have options that it ignores. */
type Libsql = new (file: string) => {
  exec(sql: string): void;
  prepare(sql: string): { run(values: readonly Value[]): { changes: number }; all(values: readonly Value[]): unknown[] };
  close(): void;
};

/**
 * Loads the package, and returns a function that opens a connection. Loading takes about 10 ms (`import()` would take 15). Throws
 * what loading the package throws.
 *
 * libsql's `close()` does not remove the `-wal` file, and keeps the database file open until its statements are
 * garbage-collected.
 */
export function openLibsql(): Connect {
  loadLibsqlQuickly();
  const nodeRequire = createRequire(import.meta.url);
  const Database = nodeRequire('libsql') as Libsql;
  return (file, readonly, immutable = false) => {
    // libsql ignores its `readonly` option, but SQLite's URI parameter works.
    const database = new Database(readonly ? `${pathToFileURL(file).href}?mode=ro${immutable ? '&immutable=1' : ''}` : file);
    const prepare = (sql: string): Statement => {
      const statement = database.prepare(sql);
      return {
        run: (values) => statement.run(values).changes,
        all: (values) => statement.all(values) as Row[],
      };
    };
    return {
      exec: (sql) => void database.exec(sql),
      prepare,
      prepareNumbered: prepare,
      close: () => void database.close(),
    };
  };
}
