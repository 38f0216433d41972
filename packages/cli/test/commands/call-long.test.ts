/** `call` of tools whose calls are long, or must be approved. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { until } from '../../../../tests/until.js';
import { BIN, TempFolder } from '../support.js';

describe('call', () => {
  const temp = new TempFolder();
  const link = (name: string, more: object) => ({ name, module_name: './code.mjs', function_name: name, ...more });
  beforeAll(async () => {
    await temp.write('mcp.json', {
      tools: ['must', 'late', 'asks', 'forever', 'fails', 'charge'].map((name) => ({ name, inputSchema: { type: 'object' } })),
      module_links: [
        link('must', { task: 'required' }),
        link('late', { is_async: true }),
        link('asks', { task: 'required' }),
        link('forever', { task: 'required' }),
        link('fails', { task: 'required' }),
        link('charge', { approve: 'always' }),
      ],
    });
    await temp.write(
      'code.mjs',
      `import { existsSync } from 'node:fs';
      import { setTimeout as sleep } from 'node:timers/promises';
      export async function must(_, context) {
        context.progress(1, 2, 'half way');
        while (!existsSync(${JSON.stringify(temp.at('go'))})) await sleep(5);
        return 'the result';
      }
      export async function late() { await sleep(200); return 'late, but whole'; }
      export const asks = (_, { inputs, elicit, inputRequired }) => inputs.name
        ? inputs.name.content.name
        : inputRequired({ name: elicit('Your name?', { type: 'object', properties: { name: { type: 'string' } } }) });
      export const forever = (_, { signal, progress }) => (progress(1, 9, 'begun'), new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => { console.error('stopped'); reject(signal.reason); })));
      export const fails = () => { throw new Error('it failed'); };
      export const charge = () => 'charged';`,
    );
  });
  afterAll(() => temp.remove());

  it('of a tool that must be a task shows its progress and its result', async () => {
    const child = temp.start(['call', 'must']);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => (stdout += String(text)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = once(child, 'close');
    await until(
      () => stderr.includes('… half way'),
      () => `the progress; stderr: ${stderr}`,
    );
    await temp.write('go', '');
    expect(await ended).toEqual([0, null]);
    expect(stdout).toBe('the result\n');
    expect(await temp.run(['call', 'fails'])).toMatchObject({ code: 1, stdout: expect.stringContaining('it failed') });
    const { stdout: records } = await temp.run(['calls', 'list', '--json', '--name', 'must']);
    expect(records).toMatch(/"client": "mcp-daemon call\//);
  });

  it('of a tool that must be a task answers its questions', async () => {
    expect(await temp.run(['call', 'asks', '--answer', '{"name":"Ada"}'])).toMatchObject({ code: 0, stdout: 'Ada\n' });
  });

  it('of a tool that must be a task is cancelled by Ctrl+C', async () => {
    const child = spawn(process.execPath, [BIN, 'call', 'forever', '--config', temp.at('mcp.json')], { env: temp.env() });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
      if (stderr.includes('begun') && !stderr.includes('stopped')) child.kill('SIGINT');
    });
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).toBe(130);
    expect(stderr).toContain('stopped');
  });

  it('of a tool with is_async waits for the result', async () => {
    expect(await temp.run(['call', 'late'], { env: { MCP_ASYNC_WAIT_MS: '10' } })).toMatchObject({
      code: 0,
      stdout: 'late, but whole\n',
    });
  });

  it('of a tool that must be approved says how to answer without a terminal, and takes the answer', async () => {
    const asked = await temp.run(['call', 'charge']);
    expect(asked).toMatchObject({ code: 1, stdout: expect.stringContaining('must be approved by its user') });
    expect(asked.stderr).toContain('give the answers with --answer');
    expect(await temp.run(['call', 'charge', '--answer', '{"action":"accept"}'])).toMatchObject({ stdout: 'charged\n' });
    const declined = await temp.run(['call', 'charge', '--answer', '{"action":"decline"}']);
    expect(declined).toMatchObject({ code: 1, stdout: expect.stringContaining('The user declined') });
  });
});
