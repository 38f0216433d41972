/** The mark in a file's SQLite header: the program that it belongs to, and the version of its schema. */
import { DaemonError } from '@mcp-daemon/core';

/** The application id in SQLite's header that marks our files: "mcpd". */
export const APPLICATION_ID = 0x6d637064;

/** The schema version that this code reads and writes: the number of migrations. */
export const SCHEMA_VERSION = 4;

/** The oldest version that can be read as it is. Version 3 added tables and indexes; version 4 added a column, which readers look for. */
export const READABLE_VERSION = 2;

/** The mark of a file. */
export interface Mark {
  version: number;
  application: number;
  /** Whether it has no tables yet. */
  empty: boolean;
}

/**
 * The schema version of a file with this mark; 0 if the file is empty.
 *
 * @throws DaemonError `store_failed` if the file is of another program or of a newer version.
 */
export function checkMark({ version, application, empty }: Mark, file: string): number {
  if (application !== APPLICATION_ID && !(application === 0 && version === 0 && empty)) {
    const what = `The record file ${file} is a database of another program: choose another file.`;
    throw new DaemonError('store_failed', what);
  }
  if (version > SCHEMA_VERSION) {
    const what = `The record file ${file} was written by a newer version of mcp-daemon (schema ${version}, this version knows ${SCHEMA_VERSION})`;
    throw new DaemonError('store_failed', `${what}: update mcp-daemon, or choose another file.`);
  }
  return version;
}
