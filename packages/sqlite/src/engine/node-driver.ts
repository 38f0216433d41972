/**
 * SQLite through Node's own `node:sqlite`.
 */
import { pathToFileURL } from 'node:url';

import type { Connection, Row, Value } from './connection.js';

/** What is used of a `StatementSync`. */
interface StatementSync {
  run(...values: Value[]): { changes: number | bigint };
  all(...values: Value[]): unknown[];
}

/** What is used of `node:sqlite`; the types of Node 20 do not know it. */
export interface NodeSqlite {
  DatabaseSync: new (
    file: string,
    options: { readOnly: boolean },
  ) => { exec(sql: string): void; prepare(sql: string): StatementSync; close(): void };
}

/**
 * The built-in module, or undefined where this Node has none.
 *
 * Loading it makes Node 22 print that it is experimental. Our users can do nothing about that, and a host may take the line on
 * stderr for a fault, so this one warning is left out; Node emits it before `getBuiltinModule` returns.
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
    numbered: false,
    exec: (sql) => database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        run: (values) => Number(statement.run(...values).changes),
        all: (values) => statement.all(...values) as Row[],
      };
    },
    close: () => database.close(),
  };
}
