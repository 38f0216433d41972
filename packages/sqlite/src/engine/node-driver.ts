/** The built-in engine: `node:sqlite`. */
import { pathToFileURL } from 'node:url';

import type { Connection, Row, Value } from './connection.js';

/** The part of `StatementSync` that is used. */
interface StatementSync {
  run(...values: (Value | Record<string, Value>)[]): { changes: number | bigint };
  all(...values: (Value | Record<string, Value>)[]): unknown[];
}

/** The part of `node:sqlite` that is used. The types of Node 20 do not have it. */
export interface NodeSqlite {
  DatabaseSync: new (
    file: string,
    options: { readOnly: boolean },
  ) => { exec(sql: string): void; prepare(sql: string): StatementSync; close(): void };
}

/**
 * The built-in module, or undefined if this Node has none.
 *
 * When it is loaded, Node 22 prints a warning that it is experimental. Users cannot avoid that, and a host may show the line on
 * stderr as an error. So this one warning is suppressed. Node emits it before `getBuiltinModule` returns.
 */
export function findNodeSqlite(): NodeSqlite | undefined {
  if (typeof process.getBuiltinModule !== 'function') return undefined;
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (rest[0] === 'ExperimentalWarning' && String(warning).includes('SQLite')) return;
    Reflect.apply(emitWarning, undefined, [warning, ...rest]);
  }) as NodeJS.Process['emitWarning'];
  try {
    return process.getBuiltinModule('node:sqlite') as NodeSqlite | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Opens a connection. Throws what `node:sqlite` throws. */
export function openNodeSqlite({ DatabaseSync }: NodeSqlite, file: string, readonly: boolean, immutable = false): Connection {
  const location = immutable ? `${pathToFileURL(file).href}?immutable=1` : file;
  const database = new DatabaseSync(location, { readOnly: readonly });
  return {
    exec: (sql) => database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        run: (values) => Number(statement.run(...values).changes),
        all: (values) => statement.all(...values) as Row[],
      };
    },
    prepareNumbered(sql) {
      // Node before 22.20, and 24 before 24.7, cannot bind `?1` by its place. By name, a value is bound once, however often it is used.
      const statement = database.prepare(sql.replace(/\?(\d+)/g, '$v$1'));
      const named = (values: readonly Value[]): Record<string, Value> =>
        Object.fromEntries(values.map((value, index) => [`v${index + 1}`, value]));
      return {
        run: (values) => Number(statement.run(named(values)).changes),
        all: (values) => statement.all(named(values)) as Row[],
      };
    },
    close: () => database.close(),
  };
}
