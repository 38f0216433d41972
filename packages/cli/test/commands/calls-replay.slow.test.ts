/** Recorded calls, made again by the command line. */
import { mkdirSync } from 'node:fs';

import { TempFolder, toolsConfig } from '../support.js';

const temp = new TempFolder();
const data = ['--data-dir', temp.at('data')];
const run = (...args: string[]) => temp.run([...args, ...data]);
const calls = async (...args: string[]): Promise<Record<string, unknown>[]> =>
  JSON.parse((await run('calls', 'list', '--json', ...args)).stdout) as Record<string, unknown>[];

const code = (total: number, more = ''): string => `
export const sum = () => ({ total: ${total}, at: Date.now() });
export const write = () => 'written';
${more}`;

interface Made {
  tools: { name: string; annotations?: object }[];
  module_links: { name: string }[];
}

const config = () => {
  const made = toolsConfig('./code.mjs', 'sum', 'write', 'secret', 'gone') as Made;
  const [sum] = made.tools;
  if (sum !== undefined) sum.annotations = { readOnlyHint: true };
  return {
    ...made,
    module_links: made.module_links.map((link) => ({
      ...link,
      ...(link.name === 'sum' ? { return_type: 'json' } : {}),
      ...(link.name === 'secret' ? { record: { bodies: 'all', redact: ['$.pin'] } } : {}),
    })),
  };
};

beforeAll(async () => {
  mkdirSync(temp.at('data'), { recursive: true });
  await temp.write('mcp.json', config());
  await temp.write('code.mjs', code(3, 'export const secret = () => 1; export const gone = () => 1;'));
});
afterAll(() => temp.remove());

const CALL = {
  ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
  params: {
    name: 'sum',
    _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
  },
};

describe('calls replay', () => {
  it('makes a call again, and exits with 0 if nothing differs', async () => {
    await run('call', 'sum');
    const replayed = await run('calls', 'replay', 'last', '--ignore', 'at');
    expect(replayed).toMatchObject({ code: 0 });
    expect(replayed.stdout).toContain('the same result');
    const [replay, original] = await calls();
    expect(replay).toMatchObject({ name: 'sum', replay_of: original?.['mcp_function_call_uuid'] });
    expect(original).not.toHaveProperty('replay_of');
    const shown = await run('calls', 'show', 'last');
    expect(shown.stdout).toContain(`replay of   ${String(original?.['mcp_function_call_uuid'])}`);
    expect((await run('calls', 'list')).stdout).toMatch(/sum — replay of [0-9a-f]{8}/);
  });

  it('shows what differs on other code, and exits with 3', async () => {
    await run('call', 'sum');
    const [original] = await calls('--limit', '1');
    await temp.write('code.mjs', code(4, 'export const secret = () => 1; export const gone = () => 1;'));
    const id = String(original?.['mcp_function_call_uuid']);
    const replayed = await run('calls', 'replay', id, '--ignore', 'at', '--ignore', '$.content');
    expect(replayed.code).toBe(3);
    expect(replayed.stdout).toContain('- $.structuredContent.total  3\n+ $.structuredContent.total  4\n1 difference\n');
    const json = await run('calls', 'replay', id, '--json');
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({ same: false, before: { callId: id }, after: { status: 'completed' } });
    const coloured = await temp.run(['calls', 'replay', id, ...data], { env: { FORCE_COLOR: '1' } });
    expect(coloured.stdout).toContain('\u001b[31m- $.content[0].text.total  3');
  });

  it('refuses functions that may change something, unless it is forced', async () => {
    await run('call', 'write');
    const refused = await run('calls', 'replay', 'last');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('--force runs it all the same');
    expect(await run('calls', 'replay', 'last', '--force')).toMatchObject({ code: 0 });
  });

  it('says why a record cannot be replayed', async () => {
    await run('call', 'secret', '{"pin":1}');
    const redacted = await run('calls', 'replay', 'last', '--force');
    expect(redacted).toMatchObject({ code: 1, stdout: '' });
    expect(redacted.stderr).toContain('replaced by [redacted]');
    await run('call', 'gone');
    const without = config();
    await temp.write('less.json', {
      ...without,
      tools: without.tools.filter(({ name }) => name !== 'gone'),
      module_links: without.module_links.filter(({ name }) => name !== 'gone'),
    });
    const gone = await run('calls', 'replay', 'last', '--config', temp.at('less.json'));
    expect(gone).toMatchObject({ code: 1 });
    expect(gone.stderr).toContain('the catalog has no tool of this name');
    expect((await run('calls', 'replay', 'zzz')).stderr).toContain('no call with the id "zzz"');
  });

  it('runs a call on a revision of the store', async () => {
    await temp.write('code.mjs', code(5, 'export const secret = () => 1; export const gone = () => 1;'));
    const partition = ['--partition', 'acme'];
    const applied = await run('config', 'apply', 'mcp.json', ...partition, '--yes');
    expect(applied.code).toBe(0);
    await run('call', 'sum');
    const [record] = await calls('--limit', '1');
    const id = String(record?.['mcp_function_call_uuid']);
    const other = await run('calls', 'replay', id, ...partition);
    expect(other.stderr).toContain('no call with the id'); // it is a call of another partition
    const history = JSON.parse((await run('config', 'history', '--json', ...partition)).stdout) as { revision: string }[];
    await run('config', 'apply', 'mcp.json', '--yes');
    const replayed = await run('calls', 'replay', id, '--revision', String(history[0]?.revision).slice(0, 10), '--ignore', 'at');
    expect(replayed).toMatchObject({ code: 0 });
    const unknown = await run('calls', 'replay', id, '--revision', 'ffffffff');
    expect(unknown).toMatchObject({ code: 1 });
    expect(unknown.stderr).toContain('has no revision "ffffffff"');
  });

  it('tries a config on recorded calls before it is applied, if asked to', async () => {
    const partition = ['--partition', 'tried'];
    const serve = { input: `${JSON.stringify(CALL)}\n`, cwd: temp.at('data') };
    await temp.write('other.mjs', code(6, 'export const secret = () => 1; export const gone = () => 1;'));
    await temp.write('one.json', config());
    await temp.write('two.json', JSON.parse(JSON.stringify(config()).replaceAll('./code.mjs', './other.mjs')) as object);
    await run('config', 'apply', 'one.json', ...partition, '--yes');
    await temp.run(['--transport', 'stdio', ...partition, ...data], serve);
    const apply = (...more: string[]) =>
      run('config', 'apply', 'two.json', ...partition, '--yes', '--promote-after', '5', ...more);
    const refused = await apply('--ignore', 'at');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stdout).toContain('+ $.structuredContent.total  6');
    expect(refused.stderr).toContain('not applied: 1 calls differ, and at most 0 may');
    expect(await apply('--ignore', 'at', '--max-diff', '1', '--note', 'new totals')).toMatchObject({ code: 0 });
    const [entry] = JSON.parse((await run('config', 'history', '--json', ...partition)).stdout) as { note: string }[];
    expect(entry?.note).toMatch(/^new totals; tried on 1 call of 1 function: 1 differ, at most/);
    expect(await apply('--max-diff', '-1')).toMatchObject({ code: 2 });
    expect(await run('config', 'apply', 'two.json', ...partition, '--max-diff', '1')).toMatchObject({ code: 2 });
  });

  it('checks what it is given', async () => {
    expect(await run('calls', 'replay', 'last', '--ignore', '$.a[')).toMatchObject({ code: 2 });
    expect((await run('calls', 'replay', 'last', '--bundle', 'abc')).stderr).toContain('must be the SHA-256 of a bundle');
    const plain = await run('calls', 'replay', 'last', '--bundle', 'a'.repeat(64));
    expect(plain.stderr).toContain('does not come from a bundle');
  });
});
