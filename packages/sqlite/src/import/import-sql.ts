/** The SQL statement that splits journal frames into rows. SQLite parses the bytes, so no values are bound per row. */
import { FIELDS, HEAD_BYTES, NO_TIME_SPENT, TEXTS } from '../journal/frames.js';

type Field = keyof typeof FIELDS;

/** The offset of a field, in bytes after the frame's letter. */
function offsetOf(field: Field): number {
  let offset = 1;
  for (const [name, width] of Object.entries(FIELDS)) {
    if (name === field) return offset;
    offset += width;
  }
  return offset;
}

/** The bytes of a field; `at` is the position of the frame's letter, counted from 1 as in SQL. */
const bytesOf = (field: Field): string => `substr(?1, at + ${offsetOf(field)}, ${FIELDS[field]})`;
const numberOf = (field: Field): string => `CAST(${bytesOf(field)} AS INTEGER)`;

/** A text. It starts after the fields and the texts before it. */
function textOf(index: number): string {
  const before = TEXTS.slice(0, index).map((name) => ` + l_${name}`);
  const name = TEXTS[index] ?? '';
  return `iif(absent & ${1 << index}, NULL, CAST(substr(?1, at + ${HEAD_BYTES}${before.join('')}, l_${name}) AS TEXT))`;
}

/** Columns of `calls` with the expression of each, over `record` and `journal_contexts j`. */
const COLUMNS: Readonly<Record<string, string>> = {
  partition: 'j.partition',
  uuid: `unhex(CAST(${bytesOf('uuid')} AS TEXT), '-')`,
  context: 'j.context',
  status: numberOf('status'),
  fault: numberOf('fault'),
  content_in_s3: numberOf('content_in_s3'),
  created_at: numberOf('created_at'),
  updated_at: numberOf('updated_at'),
  time_spent: `iif(absent & ${NO_TIME_SPENT}, NULL, CAST(CAST(${bytesOf('time_spent')} AS TEXT) AS REAL))`,
  ...Object.fromEntries(TEXTS.map((name, index) => [name, textOf(index)])),
};

const names = Object.keys(COLUMNS);
const changes = names.filter((name) => name !== 'partition' && name !== 'uuid').map((name) => `${name} = excluded.${name}`);

/**
 * Imports consecutive record frames. An ended call stays ended, because frames may be imported again after their journal or the
 * database was replaced.
 *
 * Values: 1 the frames' bytes; 2 the name of their journal, whose contexts are in `journal_contexts`.
 */
export const IMPORT_RECORDS = `
  INSERT INTO calls (${names.join(', ')})
  WITH RECURSIVE
    frame (at) AS (
      SELECT 1
      UNION ALL
      SELECT at + ${numberOf('size')} FROM frame WHERE at + ${numberOf('size')} <= length(?1)
    ),
    record AS (
      SELECT at, ${numberOf('context')} AS number, ${numberOf('absent')} AS absent,
        ${TEXTS.map((name) => `${numberOf(name)} AS l_${name}`).join(', ')}
      FROM frame
      LIMIT -1 OFFSET 0 -- a separate step, so that each expression is evaluated once
    )
  SELECT ${Object.values(COLUMNS).join(', ')}
  FROM record CROSS JOIN journal_contexts j ON j.journal = ?2 AND j.number = record.number
  WHERE true
  ON CONFLICT (partition, uuid) DO UPDATE SET ${changes.join(', ')}
    WHERE calls.status = 0 OR excluded.status <> 0`;
