/** The journal and its import: any record comes back as it was, in whatever files and pieces it went. */
import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import type { CallRecord } from '@mcp-daemon/core';
import { CALL_STATUSES } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';
import fc from 'fast-check';

import { openSqliteStore } from '../../src/index.js';
import { folderOf, listJournals } from '../../src/journal/folder.js';
import { createJournal } from '../../src/journal/journal.js';
import type { RecordDatabase } from '../../src/record-database.js';
import { openRecordDatabase } from '../../src/record-database.js';
import { connect, temporaryFolder } from '../support.js';

const base = temporaryFolder();
let count = 0;
const newFile = (): string => join(base, `${(count += 1)}.db`);

async function open(file: string): Promise<RecordDatabase> {
  const store = await openSqliteStore({ file }); // makes the file
  await store.close();
  return openRecordDatabase({ file, folder: folderOf(file), readonly: false, busyTimeoutMs: 1_000 });
}

function importAll(database: RecordDatabase): void {
  while (!database.importSome().done);
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom('', '"', '\n', '\u2028', '0'.repeat(5_000)),
);
const record: fc.Arbitrary<CallRecord> = fc
  .record({
    partition_key: fc.constantFrom('default', 'alpha', 'alpha#one', 'ü'),
    name: fc.constantFrom('a', 'b', 'weather'),
    mcp_type: fc.constantFrom('tool' as const, 'resource' as const, 'prompt' as const),
    arguments: fc.option(text),
    content: fc.option(text),
    content_in_s3: fc.boolean(),
    status: fc.constantFrom(...CALL_STATUSES),
    notes: fc.option(text),
    time_spent: fc.option(fc.nat({ max: 1e12 }).map((thousandths) => thousandths / 1_000)),
    updated_by: fc.constantFrom('ann', 'bob'),
    created_at: fc.nat({ max: 4e12 }),
    updated_at: fc.nat({ max: 4e12 }),
    fault: fc.constantFrom(null, 'transport' as const, 'protocol' as const, 'tool' as const),
    revision: fc.constantFrom('r1', 'r2'),
    bundle_digest: fc.constantFrom(null, 'sha256:00'),
    traceparent: fc.option(fc.constant('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')),
  })
  .map((changes) => exampleRecord(changes));

/** Text without NUL, which SQLite cannot keep, and without halves of characters, which UTF-8 cannot. */
const wellFormed = (text: string | null): string | null => (text === null ? null : Buffer.from(text).toString());
const kept = (row: CallRecord): CallRecord => ({
  ...row,
  notes: wellFormed(row.notes?.replaceAll('\0', '\uFFFD') ?? null),
  arguments: wellFormed(row.arguments),
  content: wellFormed(row.content),
});

it('returns every record unchanged, in files of any length and batches of any size', async () => {
  const database = await open(newFile());
  const file = newFile();
  const target = await open(file);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(record, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 }),
      fc.nat({ max: 4_000 }),
      async (groups, fileBytes) => {
        const journal = createJournal({ folder: folderOf(file), owner: `owner-${(count += 1)}`, fileBytes });
        for (const rows of groups) {
          journal.append(rows);
          if (fileBytes % 2 === 0) importAll(target);
        }
        importAll(target);
        for (const row of groups.flat()) {
          // A bare NUL is no JSON: arguments and content never have one.
          if ((row.arguments ?? '').includes('\0') || (row.content ?? '').includes('\0')) continue;
          expect(target.get(row.partition_key, row.mcp_function_call_uuid)).toEqual(kept(row));
        }
        journal.close();
        await Promise.resolve();
      },
    ),
    { numRuns: 60 },
  );
  database.close();
  target.close();
});

it('ends a call in a newer file than it began in: the end counts', async () => {
  const file = newFile();
  const target = await open(file);
  const journal = createJournal({ folder: folderOf(file), owner: 'me', fileBytes: 1 });
  const rows = Array.from({ length: 20 }, () => exampleRecord({ status: 'in_process', owner: 'me' }));
  for (const row of rows) journal.append([row]);
  for (const row of rows) journal.append([{ ...row, status: 'completed' }]);
  expect(listJournals(folderOf(file))).toHaveLength(40);
  importAll(target);
  for (const row of rows) expect(target.get('default', row.mcp_function_call_uuid)?.status).toBe('completed');
  expect(listJournals(folderOf(file))).toHaveLength(1); // the last one is still written to
  journal.close();
  target.close();
});

it('imports each record once, even if several connections import it', async () => {
  const file = newFile();
  const [one, other] = [await open(file), await open(file)];
  const journal = createJournal({ folder: folderOf(file), owner: 'me' });
  const row = exampleRecord({ owner: 'me' });
  journal.append([row]);
  importAll(one);
  importAll(other);
  const connection = connect(file);
  connection.exec(`UPDATE calls SET notes = 'changed since'`);
  importAll(one);
  importAll(other);
  expect(one.get('default', row.mcp_function_call_uuid)?.notes).toBe('changed since');
  connection.close();
  journal.close();
  one.close();
  other.close();
});

it('stops before an incomplete frame, and continues when the rest is there', async () => {
  const file = newFile();
  const target = await open(file);
  const journal = createJournal({ folder: folderOf(file), owner: 'me' });
  const rows = [exampleRecord({ owner: 'me' }), exampleRecord({ owner: 'me' })];
  journal.append(rows);
  const [name = ''] = readdirSync(folderOf(file));
  const path = join(folderOf(file), name);
  const whole = readFileSync(path);
  truncateSync(path, whole.length - 10);
  importAll(target);
  expect(rows.map((row) => target.get('default', row.mcp_function_call_uuid) !== undefined)).toEqual([true, false]);
  appendFileSync(path, whole.subarray(whole.length - 10));
  importAll(target);
  expect(rows.every((row) => target.get('default', row.mcp_function_call_uuid) !== undefined)).toBe(true);
  journal.close();
  target.close();
});

it('ignores an incomplete frame at the end of a finished file: its call was never answered', async () => {
  const file = newFile();
  const target = await open(file);
  const journal = createJournal({ folder: folderOf(file), owner: 'me', fileBytes: 1 });
  const row = exampleRecord({ owner: 'me' });
  journal.append([row]);
  const [name = ''] = readdirSync(folderOf(file));
  appendFileSync(join(folderOf(file), name), 'R000000');
  journal.append([exampleRecord({ owner: 'me' })]);
  importAll(target);
  expect(target.get('default', row.mcp_function_call_uuid)).toEqual(row);
  expect(readdirSync(folderOf(file))).toHaveLength(1);
  journal.close();
  target.close();
});

it('refuses an invalid record with its whole group, and accepts the next group', () => {
  const folder = folderOf(newFile());
  const journal = createJournal({ folder, owner: 'me' });
  journal.append([exampleRecord()]);
  const [name = ''] = readdirSync(folder);
  const { size } = statSync(join(folder, name));
  const refused = [
    { ...exampleRecord(), mcp_function_call_uuid: 'x' },
    { ...exampleRecord(), name: {} as string },
  ];
  for (const row of refused)
    expect(() => journal.append([exampleRecord(), row])).toThrow(expect.objectContaining({ code: 'store_failed' }) as Error);
  expect(statSync(join(folder, name)).size).toBe(size);
  journal.append([exampleRecord()]);
  expect(readdirSync(folder).length).toBeGreaterThan(1);
  journal.close();
});
