/**
 * The files of the store under a day's load in a short time: of the built package, which has the thread that imports. `DAY_RECORDS`
 * makes it longer; 864,000 records are ten a second for a day.
 */
import { join } from 'node:path';

import { fixtures, temporaryFolder, value } from './support.js';

interface Outcome {
  written: number;
  left: number;
  lost: number;
  said: string[];
  /** Bytes. */
  largest: { wal: number; pending: number };
  database: number;
  after: number;
}

const RECORDS = Number(process.env['DAY_RECORDS'] ?? 40_000);
const MB = 1024 * 1024;
const folder = temporaryFolder();
const run = fixtures({ built: true });

it('keeps the -wal file and the journals bounded, whatever the number of records', async () => {
  const file = join(folder, 'day', 'calls.db');
  const { code, stdout, stderr } = await run('day.mjs', file, String(RECORDS)).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const outcome = JSON.parse(stdout) as Outcome;
  if (process.env['DAY_RECORDS'] !== undefined) process.stdout.write(stdout);
  expect(outcome).toMatchObject({ left: 20_000, lost: 0, said: [], after: 0 });
  expect(outcome.written).toBeGreaterThanOrEqual(RECORDS);
  expect(outcome.largest.wal).toBeLessThan(32 * MB);
  expect(outcome.largest.pending).toBeLessThan(300 * MB); // the store takes no more above 256 MB
  expect(value(file, 'PRAGMA integrity_check')).toBe('ok');
}, 600_000);
