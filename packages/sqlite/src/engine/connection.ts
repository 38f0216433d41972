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
  /** Runs one or more statements, without values and without rows. */
  exec(sql: string): void;
  prepare(sql: string): Statement;
  /** Prepares a statement that has its values by number (`?1`), each of them as often as it likes: a large value is bound only once. */
  prepareNumbered(sql: string): Statement;
  close(): void;
}

/**
 * Opens a connection. `readonly` neither creates nor changes files. `immutable` also needs no -wal file: for a database on a
 * read-only disk that no process has open.
 */
export type Connect = (file: string, readonly: boolean, immutable?: boolean) => Connection;
