/** The interface of an SQLite engine: the five methods that the store needs. */

/** The values of columns in this store. Booleans are not allowed: one of the engines crashes the process if it gets one. */
export type Value = string | number | null | Uint8Array;

/** A row by column name. */
export type Row = Readonly<Record<string, Value>>;

/** A prepared statement; it ends with its connection. */
export interface Statement {
  /** Runs a statement that returns no rows; returns how many rows it changed. */
  run(values: readonly Value[]): number;
  /** Returns all rows. There is no way to read only some: a statement that is not read completely keeps a lock. */
  all(values: readonly Value[]): Row[];
}

/** One connection to one file. All methods throw what the engine throws: see `failure.ts`. */
export interface Connection {
  /**
   * Whether a statement may use the same value several times by its number (`?1`). Node 22's `node:sqlite` treats `?1` as a name.
   */
  readonly numbered: boolean;
  /** Runs one or more statements, without values and without rows. */
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/**
 * Opens a connection. `readonly` neither creates nor changes files. `immutable` also needs no -wal file: for a database on a
 * read-only disk that no process has open.
 */
export type Connect = (file: string, readonly: boolean, immutable?: boolean) => Connection;

/**
 * Prepares a statement that uses its values by number (`?1`), some of them several times. If the engine treats `?1` as a name,
 * each use becomes a separate value.
 */
export function numbered(connection: Connection, sql: string): Statement {
  if (connection.numbered) return connection.prepare(sql);
  const uses: number[] = [];
  const statement = connection.prepare(
    sql.replace(/\?(\d+)/g, (_, number: string) => {
      uses.push(Number(number) - 1);
      return '?';
    }),
  );
  const spread = (values: readonly Value[]): Value[] => uses.map((index) => values[index] ?? null);
  return { run: (values) => statement.run(spread(values)), all: (values) => statement.all(spread(values)) };
}
