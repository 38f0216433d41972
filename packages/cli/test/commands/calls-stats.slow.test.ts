/** Statistics of calls, as the command line shows them. */
import { stripVTControlCharacters } from 'node:util';

import type { CallRecord, StatisticsQuery, Store } from '@mcp-daemon/core';
import { createMemoryStore, errorRateOf, errorsOf } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';
import { openSqliteStore } from '@mcp-daemon/sqlite';

import { statsJson, statsNotes, statsTable } from '../../src/commands/stats-text.js';
import { painter } from '../../src/terminal/terminal.js';
import { TempFolder } from '../support.js';

const HOUR = 3_600_000;
const NOW = Date.now();
const errors = { errorRateOf, errorsOf };

const ended = (more: Partial<CallRecord>): CallRecord =>
  exampleRecord({ fault: null, created_at: NOW - HOUR, updated_at: NOW - HOUR, ...more });

const RECORDS = [
  ...Array.from({ length: 1_200 }, (_, index) => ended({ name: 'search', updated_by: 'ada', time_spent: index + 1 })),
  ended({ name: 'search', updated_by: 'bob', status: 'failed', fault: 'tool', time_spent: 4_000 }),
  ended({ name: 'add', status: 'failed', fault: 'protocol', time_spent: 0.5 }),
  ended({ name: 'add', status: 'timed_out', fault: 'tool', time_spent: 60_000 }),
  ended({ name: 'add', status: 'cancelled', fault: 'transport', time_spent: 3 }),
  ended({ name: 'waiting\u001b[2J', status: 'in_process', time_spent: null }),
];

async function statistics(query: StatisticsQuery, records: readonly CallRecord[] = RECORDS) {
  const store: Store = createMemoryStore();
  await store.calls.write(records);
  return store.calls.statistics('default', query);
}

describe('the table', () => {
  it('has aligned numbers, a line for all, and no control characters', async () => {
    const lines = statsTable(await statistics({ by: 'name' }), errors, painter(false));
    expect(lines).toEqual([
      'NAME              CALLS  ERRORS   RATE       P50      P95      P99      MAX',
      'search            1,201       1   0.1%  595.7 ms   1.14 s   1.19 s   4.00 s',
      'add                   3       2  66.7%    3.0 ms  60.00 s  60.00 s  60.00 s',
      'waiting\\u001b[2J      1       0',
      'all               1,205       3   0.2%  595.7 ms   1.14 s   1.19 s  60.00 s',
    ]);
  });

  it('fits a terminal of 80 columns, whatever the names and the colours', async () => {
    const records = ['日本語'.repeat(20), 'n'.repeat(100)].map((name) => ended({ name, status: 'failed' }));
    for (const paint of [painter(true), painter(false)]) {
      const lines = statsTable(await statistics({ by: 'name' }, [...RECORDS, ...records]), errors, paint, 80);
      for (const line of lines) expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(80);
    }
  });

  it('of hours shows the local time, and of a single group no line for all', async () => {
    const noon = Date.parse('2026-01-31T12:30:00Z');
    const query = { by: 'hour', since: noon - HOUR, until: noon + HOUR, offset: 330 } as const;
    const lines = statsTable(await statistics(query, [ended({ updated_at: noon })]), errors, painter(false));
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^2026-01-31 18:00 {6}1 /);
  });
});

it('the notes say what kinds of errors there are, and what is left out', async () => {
  expect(statsNotes(await statistics({ by: 'name', limit: 1 }))).toEqual([
    'failed: 1 by the function, 1 by the protocol (bad arguments); timed out: 1',
    '1 call running, 1 cancelled',
    '1 of 3 functions; --limit shows more',
  ]);
  const cut = { ...(await statistics({ by: 'updated_by' }, [])), complete: false, readSince: 0 };
  expect(statsNotes(cut)).toEqual(['only calls since 1970-01-01T00:00:00.000Z are counted: reading more would cost too much']);
});

it('JSON has times as ISO 8601, and rates of errors', async () => {
  const since = Math.floor(NOW / HOUR) * HOUR - 2 * HOUR;
  const json = statsJson(await statistics({ by: 'hour', since, until: NOW }, [ended({ updated_at: since + 5 })]), errors);
  const start = new Date(since).toISOString();
  expect(json).toMatchObject({
    ...{ by: 'hour', since: start, until: new Date(NOW).toISOString(), complete: true, read_since: null, omitted: 0 },
    total: { calls: 1, completed: 1, error_rate: 0 },
    groups: [{ key: `${start.slice(0, 16)}Z`, start, calls: 1, time_spent: { count: 1 }, error_rate: 0 }],
  });
});

describe('calls stats', () => {
  const temp = new TempFolder();
  afterAll(() => temp.remove());
  const data = ['--data-dir', temp.at('data')];
  const run = (...args: string[]) => temp.run(['calls', 'stats', ...args, ...data]);

  it('counts the calls of a record, and says where it is empty', async () => {
    expect(await run()).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('no calls recorded yet') as string,
    });
    const store = await openSqliteStore({ file: temp.at('data', 'mcp-daemon.db') });
    await store.calls.write(RECORDS);
    await store.close();

    const shown = await run();
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(/^NAME +CALLS .*\nsearch +1,201 /) as string });
    expect(shown.stderr).toContain('failed: 1 by the function');
    const callers = JSON.parse((await run('--by', 'caller', '--status', 'failed', '--json')).stdout) as Record<string, unknown>;
    expect(callers).toMatchObject({
      by: 'caller',
      groups: [
        { key: 'ada', calls: 1 },
        { key: 'bob', calls: 1 },
      ],
    });
    expect((await run('--sort', 'errors', '--limit', '1')).stdout).toMatch(/\nadd +3 +2 /);
    expect((await run('--by', 'day', '--name', 'add')).stdout).toMatch(/\n\d{4}-\d\d-\d\d +3 /);
    expect(await run('--since', '1m', '--name', 'search')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('no call matches') as string,
    });
    expect((await run('--partition', 'other')).stdout).toBe('');
  });

  it.each<[string[], number, string]>([
    [['--by', 'function'], 2, 'by'],
    [['--sort', 'name'], 2, 'sort'],
    [['--limit', '0'], 2, 'limit'],
    [['--since', 'then'], 2, 'since'],
    [['--limit', '1001'], 1, 'limit must be a whole number from 1 to 1000'],
    [['--by', 'hour', '--since', '60d'], 1, 'at most 31 days'],
    [['--since', '1h', '--until', '2h'], 1, 'since must be earlier than until'],
  ])('%j is refused', async (args, code, message) => {
    expect(await run(...args)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) as string });
  });
});
