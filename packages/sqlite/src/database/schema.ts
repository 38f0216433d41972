/**
 * The tables, and how a file of an older version gets them.
 */
import type { Connection } from '../engine/connection.js';
import { inTransaction } from '../engine/transaction.js';
import { createIndexesIfQuick } from './indexes.js';
import { APPLICATION_ID, checkMark, SCHEMA_VERSION } from './mark.js';

const UUID = (column: string): string => {
  const part = (from: number, length: number): string => `substr(hex(${column}), ${from}, ${length})`;
  return `lower(${[part(1, 8), part(9, 4), part(13, 4), part(17, 4), part(21, 12)].join(` || '-' || `)})`;
};

/** Status and fault are numbers in the table: the index in `CALL_STATUSES`, and the index in `FAULTS`. */
const STATUS = `CASE c.status WHEN 0 THEN 'in_process' WHEN 1 THEN 'completed' WHEN 2 THEN 'failed' WHEN 3 THEN 'cancelled'
    WHEN 4 THEN 'timed_out' ELSE 'interrupted' END`;
const FAULT = `CASE c.fault WHEN 1 THEN 'transport' WHEN 2 THEN 'protocol' WHEN 3 THEN 'tool' END`;

/** The columns of contexts in version 3. */
const CONTEXTS_3 = `id, partition, name, mcp_type, updated_by, revision, bundle_digest, owner, server, client, last_call`;

/** The views. @param inner a column more of contexts @param outer its name */
const views = (inner: string, outer: string): string => `
  CREATE VIEW mcp_function_calls AS SELECT
    p.partition_key,
    ${UUID('c.uuid')} AS mcp_function_call_uuid,
    x.name,
    x.mcp_type,
    c.arguments,
    c.content,
    c.content_in_s3,
    ${STATUS} AS status,
    c.notes,
    c.time_spent,
    x.updated_by,
    c.created_at,
    c.updated_at,
    ${FAULT} AS fault,
    x.revision,
    nullif(x.bundle_digest, '') AS bundle_digest,
    x.owner,
    c.traceparent,
    nullif(x.server, '') AS server,
    nullif(x.client, '') AS client${inner}
  FROM calls c JOIN contexts x ON x.id = c.context JOIN partitions p ON p.id = c.partition;

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
    traceparent,
    server,
    client${outer}
  FROM mcp_function_calls;`;

/**
 * One entry per schema version, oldest first. Published entries never change.
 *
 * Version 1 had one wide table. Version 2 stores the fields that many calls share only once, in `contexts`. This halves the size
 * of the file and the cost of a row. `calls` has one full index, because each index makes every call slower. It lists a partition
 * newest first, because uuids sort by time of creation. The bodies are the last columns, so that filters need not read them. The
 * partial index has only open records, which are always few. `last_call` of a context is set when no process adds calls to it any
 * more: it is the greatest rowid that its calls can have. If all remaining calls have greater rowids, the context is unused.
 * `upkeep` has the time of the last prune. The views use the names of the Python engine's table.
 *
 * Version 3 adds the catalogs of partitions. `mcp_functions`, `mcp_modules` and `mcp_settings` have the columns of the Python
 * engine's tables. Objects and lists are JSON text, times are milliseconds since 1970. The indexes of `calls` that this version
 * uses are in `indexes.ts`, because building them takes seconds in a large file.
 *
 * Version 4 adds the OAuth client of the caller to contexts. A process that opened the file before goes on without it.
 */
export const MIGRATIONS: readonly string[] = [
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
  `,
  `
  CREATE TABLE partitions (id INTEGER PRIMARY KEY, partition_key TEXT NOT NULL UNIQUE);

  CREATE TABLE contexts (
    id INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    name TEXT NOT NULL,
    mcp_type TEXT NOT NULL,
    updated_by TEXT NOT NULL,
    revision TEXT NOT NULL,
    bundle_digest TEXT NOT NULL,
    owner TEXT NOT NULL,
    server TEXT NOT NULL,
    client TEXT NOT NULL,
    last_call INTEGER,
    UNIQUE (owner, partition, name, mcp_type, updated_by, revision, bundle_digest, server, client)
  );

  CREATE TABLE calls (
    partition INTEGER NOT NULL,
    uuid BLOB NOT NULL,
    context INTEGER NOT NULL,
    status INTEGER NOT NULL,
    fault INTEGER NOT NULL,
    content_in_s3 INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    time_spent REAL,
    traceparent TEXT,
    notes TEXT,
    arguments TEXT,
    content TEXT,
    UNIQUE (partition, uuid)
  );
  CREATE INDEX calls_open ON calls (context) WHERE status = 0;

  CREATE TABLE journals (name TEXT NOT NULL PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE journal_contexts (
    journal TEXT NOT NULL,
    number INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    context INTEGER NOT NULL,
    PRIMARY KEY (journal, number)
  ) WITHOUT ROWID;

  CREATE TABLE upkeep (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

  INSERT INTO partitions (partition_key) SELECT DISTINCT partition_key FROM mcp_function_calls;
  INSERT INTO contexts (partition, name, mcp_type, updated_by, revision, bundle_digest, owner, server, client, last_call)
    SELECT DISTINCT p.id, coalesce(name, ''), coalesce(mcp_type, 'tool'), coalesce(updated_by, ''), coalesce(revision, ''),
      coalesce(bundle_digest, ''), coalesce(owner, ''), '', '', (SELECT count(*) FROM mcp_function_calls)
    FROM mcp_function_calls m JOIN partitions p USING (partition_key);
  INSERT INTO calls
    SELECT p.id, unhex(m.mcp_function_call_uuid, '-'), x.id,
      CASE m.status WHEN 'in_process' THEN 0 WHEN 'completed' THEN 1 WHEN 'failed' THEN 2 WHEN 'cancelled' THEN 3
        WHEN 'timed_out' THEN 4 ELSE 5 END,
      CASE m.fault WHEN 'transport' THEN 1 WHEN 'protocol' THEN 2 WHEN 'tool' THEN 3 ELSE 0 END,
      coalesce(m.content_in_s3, 0), coalesce(m.created_at, 0), coalesce(m.updated_at, 0), m.time_spent, m.traceparent, m.notes,
      m.arguments, m.content
    FROM mcp_function_calls m JOIN partitions p USING (partition_key)
    JOIN contexts x ON x.partition = p.id AND x.owner = coalesce(m.owner, '') AND x.name = coalesce(m.name, '')
      AND x.mcp_type = coalesce(m.mcp_type, 'tool') AND x.updated_by = coalesce(m.updated_by, '')
      AND x.revision = coalesce(m.revision, '') AND x.bundle_digest = coalesce(m.bundle_digest, '')
    WHERE unhex(m.mcp_function_call_uuid, '-') IS NOT NULL
    ORDER BY p.id, m.mcp_function_call_uuid;

  DROP VIEW IF EXISTS function_calls;
  DROP TABLE mcp_function_calls;
  DROP TABLE IF EXISTS owners;

${views('', '')}
  `,
  `
  CREATE TABLE mcp_functions (
    partition_key TEXT NOT NULL,
    name TEXT NOT NULL,
    mcp_type TEXT NOT NULL,
    description TEXT,
    data TEXT,
    annotations TEXT,
    module_name TEXT,
    class_name TEXT,
    function_name TEXT,
    return_type TEXT,
    is_async INTEGER,
    updated_by TEXT,
    created_at INTEGER,
    updated_at INTEGER,
    PRIMARY KEY (partition_key, name)
  );
  CREATE TABLE mcp_modules (
    partition_key TEXT NOT NULL,
    module_name TEXT NOT NULL,
    package_name TEXT,
    classes TEXT,
    source TEXT,
    sha256 TEXT,
    isolation TEXT,
    updated_by TEXT,
    created_at INTEGER,
    updated_at INTEGER,
    PRIMARY KEY (partition_key, module_name)
  );
  CREATE TABLE mcp_settings (
    partition_key TEXT NOT NULL,
    setting_id TEXT NOT NULL,
    setting TEXT,
    updated_by TEXT,
    created_at INTEGER,
    updated_at INTEGER,
    PRIMARY KEY (partition_key, setting_id)
  );

  CREATE TABLE catalog_heads (
    partition_key TEXT NOT NULL PRIMARY KEY,
    entry TEXT,
    revision TEXT,
    version TEXT NOT NULL
  );
  CREATE TABLE catalog_history (
    partition_key TEXT NOT NULL,
    id TEXT NOT NULL,
    parent TEXT,
    revision TEXT NOT NULL,
    action TEXT NOT NULL,
    author TEXT NOT NULL,
    note TEXT,
    source TEXT,
    created_at INTEGER NOT NULL,
    functions INTEGER NOT NULL,
    PRIMARY KEY (partition_key, id)
  );
  CREATE TABLE catalog_revisions (
    partition_key TEXT NOT NULL,
    revision TEXT NOT NULL,
    encoding TEXT NOT NULL,
    text BLOB NOT NULL,
    PRIMARY KEY (partition_key, revision)
  );
  `,
  `
  DROP VIEW IF EXISTS function_calls;
  DROP VIEW IF EXISTS mcp_function_calls;
  CREATE TABLE new_contexts (
    id INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    name TEXT NOT NULL,
    mcp_type TEXT NOT NULL,
    updated_by TEXT NOT NULL,
    revision TEXT NOT NULL,
    bundle_digest TEXT NOT NULL,
    owner TEXT NOT NULL,
    server TEXT NOT NULL,
    client TEXT NOT NULL,
    client_id TEXT NOT NULL DEFAULT '',
    last_call INTEGER,
    UNIQUE (owner, partition, name, mcp_type, updated_by, revision, bundle_digest, server, client, client_id)
  );
  INSERT INTO new_contexts (${CONTEXTS_3}) SELECT ${CONTEXTS_3} FROM contexts;
  DROP TABLE contexts;
  ALTER TABLE new_contexts RENAME TO contexts;
${views(",\n    nullif(x.client_id, '') AS client_id", ',\n    client_id')}
  `,
];

/** The file's version, as {@link checkMark} gives it. @throws DaemonError `store_failed`, and whatever the engine throws */
export function readVersion(connection: Connection, file: string): number {
  const sql = `SELECT user_version AS version, application_id AS application, (SELECT count(*) FROM sqlite_schema) AS tables
    FROM pragma_user_version, pragma_application_id`;
  const [{ version = 0, application = 0, tables = 0 } = {}] = connection.prepare(sql).all([]);
  return checkMark({ version: Number(version), application: Number(application), empty: Number(tables) === 0 }, file);
}

/**
 * Migrates the file to {@link SCHEMA_VERSION} in one transaction. If several processes try, only one does it.
 *
 * @returns the version that the file had before; {@link SCHEMA_VERSION} where nothing had to be done
 * @throws DaemonError `store_failed`, as {@link readVersion} does, and whatever the engine throws.
 */
export function migrate(connection: Connection, file: string): number {
  return inTransaction(connection, () => {
    const version = readVersion(connection, file);
    if (version === SCHEMA_VERSION) return version;
    for (const sql of MIGRATIONS.slice(version)) connection.exec(sql);
    createIndexesIfQuick(connection);
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
    return version;
  });
}
