/** What SQLite's header says of a file: whose it is, and which version of our tables it has. */
import { DaemonError } from '@mcp-daemon/core';

/** Marks a file as ours in SQLite's header: "mcpd". */
export const APPLICATION_ID = 0x6d637064;

/** The version of the schema that this code reads and writes: how many migrations there are. */
export const SCHEMA_VERSION = 2;

/** What a file's header says of it. */
export interface Mark {
  version: number;
  application: number;
  /** Whether it has no tables yet. */
  empty: boolean;
}

/**
 * The schema's version of a file with this mark; 0 where it is still empty.
 *
 * @throws DaemonError `store_failed` where the file is another program's, or was written by a newer version of this one.
 */
export function checkMark({ version, application, empty }: Mark, file: string): number {
  if (application !== APPLICATION_ID && !(application === 0 && version === 0 && empty)) {
    const what = `The record file ${file} is a database of another program: choose another file.`;
    throw new DaemonError('store_failed', what);
  }
  if (version > SCHEMA_VERSION) {
    const what = `The record file ${file} was written by a newer version of mcp-daemon (schema ${version}, this one knows ${SCHEMA_VERSION})`;
    throw new DaemonError('store_failed', `${what}: update this one, or choose another file.`);
  }
  return version;
}
