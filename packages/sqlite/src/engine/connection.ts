/**
 * What the store asks of an SQLite engine: five methods.
 */

/** What a column holds, as far as this store goes. Booleans are no such value: one engine ends the process at the sight of one. */
export type Value = string | number | null | Uint8Array;

/** A row by column name. */
export type Row = Readonly<Record<string, Value>>;

/** A prepared statement; it ends with its connection. */
export interface Statement {
  /** Runs a statement without rows; returns how many rows it changed. */
  run(values: readonly Value[]): number;
  /** All rows. There is no way to read some: a statement that is not read to its end keeps a lock. */
  all(values: readonly Value[]): Row[];
}

/** One connection to one file. All methods throw what the engine throws: see `failure.ts`. */
export interface Connection {
  /** Whether a statement may use a value again by its number (`?1`): Node 22's `node:sqlite` takes that for a name. */
  readonly numbered: boolean;
  /** Runs one statement or more, without values and without rows. */
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/**
 * Opens a connection; `readonly` never creates a file nor changes one. `immutable` also needs no file beside it: for a database on a
 * disk that cannot be written, which no process has open.
 */
export type Connect = (file: string, readonly: boolean, immutable?: boolean) => Connection;

/**
 * Prepares a statement whose values are named by number (`?1`) and may be used several times. For an engine that takes `?1` for
 * a name, each use becomes a value of its own.
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
