/** Heads and history entries as rows, and the statements on them. */
import type { HistoryEntry, PartitionHead, RevisionAction } from '@mcp-daemon/core';

import type { Row, Value } from '../engine/connection.js';
import { keepable } from '../engine/text.js';

const textOrNull = (value: Value | undefined): string | null => (value === null || value === undefined ? null : String(value));

export const PUT_HEAD = `INSERT INTO catalog_heads (partition_key, entry, revision, version) VALUES (?, ?, ?, ?)
  ON CONFLICT (partition_key) DO UPDATE SET entry = excluded.entry, revision = excluded.revision, version = excluded.version`;

export const TOUCH_HEAD = `INSERT INTO catalog_heads (partition_key, version) VALUES (?, ?)
  ON CONFLICT (partition_key) DO UPDATE SET version = excluded.version`;

export const ADD_ENTRY = `INSERT INTO catalog_history
  (partition_key, id, parent, revision, action, author, note, source, created_at, functions) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Partitions that have a head or rows, by name. Values: three times the name that they begin after, and how many. */
export const PARTITIONS = `SELECT p.partition_key, h.version, h.entry, h.revision FROM (
    SELECT partition_key FROM catalog_heads WHERE partition_key > ?
    UNION SELECT partition_key FROM mcp_functions WHERE partition_key > ?
    UNION SELECT partition_key FROM mcp_modules WHERE partition_key > ?
    ORDER BY partition_key LIMIT ?
  ) p LEFT JOIN catalog_heads h USING (partition_key) ORDER BY p.partition_key`;

/** The head of a row; undefined where it has none. */
export const toHead = (row: Row | undefined): PartitionHead | undefined =>
  row === undefined || row['version'] === null
    ? undefined
    : { entry: textOrNull(row['entry']), revision: textOrNull(row['revision']), version: String(row['version']) };

/** The values of {@link ADD_ENTRY}. */
export const entryValues = (partition: string, entry: HistoryEntry): Value[] => [
  ...[partition, entry.id, entry.parent, entry.revision, entry.action, keepable(entry.author)],
  entry.note === null ? null : keepable(entry.note),
  entry.source === null ? null : keepable(entry.source),
  ...[entry.created_at, entry.functions],
];

/** An entry from a row of `catalog_history`. */
export const toEntry = (row: Row): HistoryEntry => ({
  id: String(row['id']),
  parent: textOrNull(row['parent']),
  revision: String(row['revision']),
  action: String(row['action']) as RevisionAction,
  author: String(row['author']),
  note: textOrNull(row['note']),
  source: textOrNull(row['source']),
  created_at: Number(row['created_at']),
  functions: Number(row['functions']),
});
