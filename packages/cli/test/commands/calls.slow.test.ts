/** The record of calls as the command line shows it, follows it and looks after it. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

import { exampleRecord } from '@mcp-daemon/core/contract';
import { openSqliteStore } from '@mcp-daemon/sqlite';

import { callLine, callTable, shortId } from '../../src/commands/calls-text.js';
import { painter } from '../../src/terminal/terminal.js';
import { TempFolder, toolsConfig, until, waitingFunction } from '../support.js';

const paint = painter(true);
const MODULE = `
export const hello = () => 'hello';
export const fails = () => { throw new Error('no luck'); };
${waitingFunction('slow', 'slow')}`;

const temp = new TempFolder();
const run = (...args: string[]) => temp.run(args);
let count = 0;
/** A new data folder, as flags. */
const newData = (): { flags: string[]; file: string } => {
  const folder = temp.at(`data-${(count += 1)}`);
  return { flags: ['--data-dir', folder], file: `${folder}/mcp-daemon.db` };
};

beforeAll(async () => {
  await temp.write('mcp.json', { ...toolsConfig('./code.mjs', 'hello', 'slow', 'fails'), name: 'shop' });
  await temp.write('code.mjs', MODULE);
});
afterAll(() => temp.remove());

type Row = Record<string, unknown>;
const rowsOf = async (...args: string[]): Promise<Row[]> =>
  JSON.parse((await run('calls', 'list', '--json', ...args)).stdout) as Row[];

describe('the table', () => {
  const now = new Date(2026, 10, 28, 12).getTime();
  const records = [
    exampleRecord({
      created_at: now,
      status: 'interrupted',
      time_spent: 123_456.7,
      name: 'a_rather_long_name_of_a_tool'.repeat(3),
    }),
    exampleRecord({
      created_at: now - 90 * 86_400_000,
      updated_by: 'somebody@example.com',
      client: 'a-client-with-a-name/10.20.30',
    }),
    exampleRecord({ created_at: now, client: null, notes: null, time_spent: null, status: 'in_process' }),
  ];

  it.each([80, 81, 100, 119, 120, 160])('has no line longer than %i columns', (width) => {
    for (const line of callTable(records, paint, width, now))
      expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(width);
  });

  it('shows who called, by which client, and a short id', () => {
    const [head, , second] = callTable(records, painter(false), undefined, now);
    expect(head).toMatch(/^ID +WHEN +STATUS +TIME +TYPE +CALLER +CLIENT +NAME$/);
    expect(second).toMatch(/^[0-9a-f]{8} .* somebody@example.com +a-client-with-a-name\/10.20.30 +weather/);
    expect(second).toContain(records[1]!.mcp_function_call_uuid.slice(-8));
  });

  it('has longer ids where short ones are the same', () => {
    const twins = ['0000', '1111'].map((group) =>
      exampleRecord({ mcp_function_call_uuid: `01a204d4-99a7-700f-84d4-${group}f07d3725` }),
    );
    const ids = callTable(twins, painter(false))
      .slice(1)
      .map((line) => line.split(' ')[0]);
    expect(ids).toEqual(['0000f07d3725', '1111f07d3725']);
    expect(shortId(twins[0]!)).toBe('f07d3725');
  });

  it('a line of tail is not longer than the terminal', () => {
    for (const width of [80, 130]) {
      for (const record of records) {
        if (width === 80) expect(stripVTControlCharacters(callLine(record, paint, width)).length).toBeLessThanOrEqual(width);
        expect(callLine(record, paint, width)).toContain(shortId(record));
      }
    }
  });
});

describe('calls list and show', () => {
  it('filter by caller, client, server and partition, and find by short id', async () => {
    const { flags, file } = newData();
    await run('call', 'hello', ...flags);
    const store = await openSqliteStore({ file });
    await store.calls.write([
      exampleRecord({ updated_by: 'ann', client: 'desk/1.0', server: 'other' }),
      exampleRecord({ updated_by: 'bob', client: 'desk/2.0', server: 'shop', partition_key: 'acme' }),
    ]);
    await store.close();
    const callers = async (...more: string[]) => (await rowsOf(...flags, ...more)).map((row) => row['updated_by']);
    expect(await callers()).toEqual(expect.arrayContaining(['ann', 'cli']));
    expect(await callers('--caller', 'ann')).toEqual(['ann']);
    expect(await callers('--client', 'desk')).toEqual(['ann']);
    expect(await callers('--client', 'desk/2.0')).toEqual([]);
    expect(await callers('--client', 'desk/2.0', '--partition', 'acme')).toEqual(['bob']);
    expect(await callers('--server', 'shop')).toEqual(['cli']);
    const [cli] = await rowsOf(...flags, '--caller', 'cli');
    expect(cli).toMatchObject({ server: 'shop', client: expect.stringMatching(/^mcp-daemon/) as string });

    const uuid = String(cli?.['mcp_function_call_uuid']);
    for (const id of [uuid, uuid.slice(-8), uuid.slice(-12), uuid.slice(0, 30)]) {
      const { code, stdout } = await run('calls', 'show', id, '--json', ...flags);
      expect({ code, found: (JSON.parse(stdout) as Row)['mcp_function_call_uuid'] }).toEqual({ code: 0, found: uuid });
    }
    const text = (await run('calls', 'show', uuid.slice(-8), ...flags)).stdout;
    expect(text).toMatch(/^client +mcp-daemon/m);
    expect(text).toMatch(/^server +shop$/m);
    expect(await run('calls', 'show', uuid, '--partition', 'acme', ...flags)).toMatchObject({ code: 1 });
  });

  it('"last" is the newest call, and the number of all calls is said', async () => {
    const { flags } = newData();
    expect(await run('calls', 'show', 'last', ...flags)).toMatchObject({ code: 1 });
    await run('call', 'hello', ...flags);
    await run('call', 'fails', ...flags);
    expect((await run('calls', 'show', 'last', ...flags)).stdout).toMatch(/^name +tool fails$/m);
    expect((await run('calls', 'list', '--limit', '1', ...flags)).stderr).toBe('1 of 2 calls; --limit shows more\n');
    expect((await run('calls', 'list', ...flags)).stderr).toBe('');
  });

  it('read a record that this user may not write', async () => {
    const { flags, file } = newData();
    await run('call', 'hello', ...flags);
    // For root, everything may be written: then this says nothing.
    chmodSync(file, 0o400);
    chmodSync(temp.at(`data-${count}`), 0o500);
    const { code, stdout, stderr } = await run('calls', 'list', ...flags);
    chmodSync(temp.at(`data-${count}`), 0o700);
    expect({ code, hello: stdout.includes('hello') }).toEqual({ code: 0, hello: true });
    expect(stderr === '' || stderr.includes('cannot be written by this user')).toBe(true);
  });
});

it('calls tail shows calls of other processes as they end, and ends well with Ctrl+C', async () => {
  const { flags } = newData();
  const tail = temp.start(['calls', 'tail', '--json', ...flags]);
  let [out, err] = ['', ''];
  tail.stdout.on('data', (data) => (out += String(data)));
  tail.stderr.on('data', (data) => (err += String(data)));
  const ended = new Promise<number | null>((resolve) => tail.once('close', resolve));
  const names = (): unknown[] =>
    out
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as Row)['name']);
  await until(() => err.includes('waiting'));
  await run('call', 'hello', ...flags);
  await until(() => names().length === 1);
  const sidecar = await temp.sidecar(['--config', 'mcp.json', ...flags]);
  const slow = sidecar.call('slow', { go: temp.at('go') });
  await until(() => existsSync(`${flags[1]}/mcp-daemon.db-pending`));
  await run('call', 'fails', ...flags);
  await until(() => names().length === 2);
  await temp.write('go', '');
  await slow;
  sidecar.child.stdin.end();
  await until(() => names().length === 3);
  expect(names()).toEqual(['hello', 'fails', 'slow']);
  for (const line of out.split('\n').slice(0, -1)) expect((JSON.parse(line) as Row)['status']).not.toBe('in_process');
  tail.kill('SIGINT');
  expect(await ended).toBe(0);

  const filtered = temp.start(['calls', 'tail', '--status', 'failed', '--lines', '5', ...flags]);
  let text = '';
  filtered.stdout.on('data', (data) => (text += String(data)));
  await until(() => text.includes('fails'));
  await run('call', 'hello', ...flags);
  await run('call', 'fails', ...flags);
  await until(() => text.split('\n').length === 3);
  expect(text).not.toContain('hello');
  filtered.kill('SIGTERM');
  await new Promise((resolve) => filtered.once('close', resolve));
});

describe('records', () => {
  it('backup, restore and verify', async () => {
    const { flags, file } = newData();
    const backup = temp.at('backup.db');
    expect(await run('records', 'backup', backup, ...flags)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nothing was recorded there yet') as string,
    });
    await run('call', 'hello', ...flags);
    const server = await temp.sidecar(['--config', 'mcp.json', ...flags]);
    await server.call('hello');
    expect(await run('records', 'backup', backup, ...flags)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/2 calls, /) as string,
    });
    expect((statSync(backup).mode & 0o777).toString(8)).toBe('600');
    expect(await run('records', 'backup', backup, ...flags)).toMatchObject({ code: 1 });
    await server.call('hello');
    expect(await run('records', 'restore', backup, ...flags)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is in use: stop all servers') as string,
    });
    server.child.stdin.end();
    await server.exited;
    expect(await rowsOf(...flags)).toHaveLength(3);
    const restored = await run('records', 'restore', backup, ...flags);
    expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining('2 calls') as string });
    expect(restored.stderr).toContain('mcp-daemon.db.before-');
    expect(await rowsOf(...flags)).toHaveLength(2);
    expect(readdirSync(temp.at(`data-${count}`)).filter((name) => name.includes('.before-'))).toHaveLength(1);

    expect(await run('records', 'verify', ...flags)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/2 calls, 0 without an end.*\n.*\nno damage found\n$/) as string,
    });
    const bytes = readFileSync(file);
    bytes.fill(0xee, 8_192 * 3, bytes.length);
    writeFileSync(file, bytes);
    const broken = await run('records', 'verify', '--json', ...flags);
    expect(broken.code).toBe(1);
    expect((JSON.parse(broken.stdout) as { problems: string[] }).problems.length).toBeGreaterThan(0);
  });

  it('export as JSON lines and as CSV that no spreadsheet takes for formulas', async () => {
    const { flags, file } = newData();
    mkdirSync(temp.at(`data-${count}`), { mode: 0o700 });
    const store = await openSqliteStore({ file });
    const rows = Array.from({ length: 250 }, () => exampleRecord());
    rows[0]!.client = '=HYPERLINK("http://evil.example")';
    await store.calls.write(rows);
    await store.close();
    const lines = (await run('records', 'export', ...flags)).stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(250);
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ name: 'weather', arguments: { city: 'Zürich' }, client: rows[0]!.client });

    const target = temp.at('calls.csv');
    const exported = await run('records', 'export', '--format', 'csv', '--output', target, '--name', 'weather', ...flags);
    expect(exported).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('250 calls') as string });
    const csv = readFileSync(target, 'utf8');
    expect(csv.split('\n')[0]).toMatch(/^mcp_function_call_uuid,partition_key,name,/);
    expect(csv).toContain(`"'=HYPERLINK(""http://evil.example"")"`);
    expect(csv).toContain('"a ""note"", with\nmore than one line"');
    expect(await run('records', 'export', '--output', target, ...flags)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('it exists already') as string,
    });
    expect(await run('records', 'export', '--format', 'xml', ...flags)).toMatchObject({ code: 2 });
  });

  it('are words that completion knows', async () => {
    const words = async (...typed: string[]) =>
      (await temp.run(['--get-yargs-completions', 'mcp-daemon', ...typed], { env: { SHELL: '/bin/bash' } })).stdout
        .trim()
        .split('\n');
    expect(await words('records', '')).toEqual(expect.arrayContaining(['backup', 'restore', 'export', 'verify']));
    expect(await words('calls', '')).toEqual(expect.arrayContaining(['list', 'show', 'tail']));
    expect(await words('calls', 'tail', '--cl')).toContain('--client');
    expect(await words('calls', 'list', '--status', '')).toEqual(expect.arrayContaining(['failed', 'completed']));
    expect(await words('records', 'export', '--format', '')).toEqual(['ndjson', 'csv']);
  });
});

it('a server whose record is removed while it runs says so, and records on', async () => {
  const { flags, file } = newData();
  const server = await temp.sidecar(['--config', 'mcp.json', ...flags]);
  await server.call('hello');
  expect(await rowsOf(...flags)).toHaveLength(1);
  for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
  for (let call = 0; call < 50; call += 1) await server.call('hello');
  await server.until(() => server.stderr.includes('removed or replaced while in use'), 'line in the log');
  server.child.kill('SIGKILL');
  await server.exited;
  expect(await rowsOf(...flags)).toHaveLength(51);
});

it('25 short-lived processes with a small bound leave about as many records as it says', async () => {
  const { flags, file } = newData();
  for (let process = 0; process < 25; process += 1) {
    const sidecar = await temp.sidecar(['--config', 'mcp.json', '--record-max-count', '50', ...flags]);
    await Promise.all(Array.from({ length: 40 }, () => sidecar.call('hello')));
    sidecar.child.stdin.end();
    await sidecar.exited;
  }
  const rows = await rowsOf(...flags, '--limit', '1000');
  expect(rows.length).toBeGreaterThanOrEqual(50);
  expect(rows.length).toBeLessThanOrEqual(60);
  expect(existsSync(file)).toBe(true);
});
