/**
 * The tables, and how a file of an older version gets them.
 */
import { DaemonError } from '@mcp-daemon/core';

import type { Connection } from './connection.js';
import { inTransaction } from './transaction.js';

/** Marks a file as ours in SQLite's header: "mcpd". */
const APPLICATION_ID = 0x6d637064;

/**
 * One entry for each version of the schema, the oldest first. Published ones never change.
 *
 * One index, because each costs on every call: the primary key, which lists a partition newest first, since uuids sort by the
 * time of their making. Filters read along it. The bodies are the last columns, so that a filter need not read over them. The
 * partial index holds open records only, few at any time.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE mcp_function_calls (
    partition_key TEXT NOT NULL,
    mcp_function_call_uuid TEXT NOT NULL,
    created_at INTEGER,
    updated_at INTEGER,
    name TEXT,
    mcp_type TEXT,
    status TEXT,
    time_spent REAL,
    fault TEXT,
    content_in_s3 INTEGER,
    updated_by TEXT,
    revision TEXT,
    bundle_digest TEXT,
    owner TEXT,
    traceparent TEXT,
    notes TEXT,
    arguments TEXT,
    content TEXT,
    PRIMARY KEY (partition_key, mcp_function_call_uuid)
  );
  CREATE INDEX mcp_function_calls_open ON mcp_function_calls (owner) WHERE status = 'in_process';

  CREATE TABLE owners (
    owner TEXT NOT NULL PRIMARY KEY,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    started TEXT,
    heartbeat INTEGER NOT NULL
  ) WITHOUT ROWID;

  CREATE VIEW function_calls AS SELECT
    partition_key,
    mcp_function_call_uuid,
    name,
    mcp_type,
    arguments,
    content,
    content_in_s3,
    status,
    notes,
    time_spent,
    updated_by,
    strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS created_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1000.0, 'unixepoch') AS updated_at,
    fault,
    revision,
    bundle_digest,
    owner,
    traceparent
  FROM mcp_function_calls;
  `,
];

/** The version of the schema that this code reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * The file's version; 0 where it is still empty.
 *
 * @throws DaemonError `store_failed` where the file is another program's, or was written by a newer version of this one.
 */
export function readVersion(connection: Connection, file: string): number {
  const sql = `SELECT user_version AS version, application_id AS application, (SELECT count(*) FROM sqlite_schema) AS tables
    FROM pragma_user_version, pragma_application_id`;
  const [{ version = 0, application = 0, tables = 0 } = {}] = connection.prepare(sql).all([]);
  if (application !== APPLICATION_ID && !(application === 0 && version === 0 && tables === 0)) {
    const what = `The record file ${file} is a database of another program: choose another file.`;
    throw new DaemonError('store_failed', what);
  }
  if (Number(version) > SCHEMA_VERSION) {
    const what = `The record file ${file} was written by a newer version of mcp-daemon (schema ${version}, this one knows ${SCHEMA_VERSION})`;
    throw new DaemonError('store_failed', `${what}: update this one, or choose another file.`);
  }
  return Number(version);
}

/**
 * Brings the file to {@link SCHEMA_VERSION} in one transaction; of several processes one does it.
 *
 * @throws DaemonError `store_failed`, as {@link readVersion} does, and whatever the engine throws.
 */
export function migrate(connection: Connection, file: string): void {
  inTransaction(connection, () => {
    const version = readVersion(connection, file);
    if (version === SCHEMA_VERSION) return;
    for (const sql of MIGRATIONS.slice(version)) connection.exec(sql);
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}
