/**
 * Very many recorded calls, served as fixtures. FIXTURE_CALLS sets how many:
 *
 *     FIXTURE_CALLS=100000 npm run jest -- packages/cli/test/serve/fixtures.slow
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { jest } from '@jest/globals';

import { TempFolder, toolsConfig } from '../support.js';

jest.setTimeout(600_000);

const CALLS = Number(process.env['FIXTURE_CALLS'] ?? 5_000);
/** Calls that run at the same time. */
const WINDOW = 64;

const temp = new TempFolder();
afterAll(() => temp.remove());

/** Two calls in three are of arguments of their own; the others repeat, and get another answer each time. */
const argumentsOf = (n: number): Record<string, unknown> => (n % 3 === 0 ? { n: n % 10, again: true } : { n, text: `call ${n}` });

/** Serves, and makes all calls. @returns their results in order, and what the server said at its end */
async function callAll(args: readonly string[]): Promise<{ results: string[]; code: number | null; stderr: string }> {
  const child = temp.start(args);
  const results: string[] = [];
  let stderr = '';
  let sent = 0;
  let answered = 0;
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const send = (message: object): void => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const clientInfo = { name: 'many', version: '1' };
  send({ id: 'first', method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } });
  send({ method: 'notifications/initialized' });
  const more = (): void => {
    for (; sent < CALLS && sent - answered < WINDOW; sent += 1)
      send({ id: sent, method: 'tools/call', params: { name: 'count', arguments: argumentsOf(sent) } });
    if (answered === CALLS) child.stdin.end();
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, result } = JSON.parse(line) as { id: number | string; result?: { isError?: boolean } };
    if (typeof id === 'number') {
      results[id] = result === undefined || result.isError === true ? `failed: ${line}` : JSON.stringify(result);
      answered += 1;
    }
    more();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { results, code, stderr };
}

describe('very many recorded calls', () => {
  it('are all answered as the functions answered, without an error', async () => {
    await temp.write('mcp.json', toolsConfig('./code.mjs', 'count'));
    await temp.write('code.mjs', 'let calls = 0; export const count = ({ n }) => ({ n, calls: (calls += 1) });');
    const data = ['--data-dir', temp.at('data')];
    const original = await callAll(['--config', 'mcp.json', ...data]);
    expect(original.code).toBe(0);
    expect(original.results).toHaveLength(CALLS);
    expect(original.results.filter((text) => text.startsWith('failed'))).toEqual([]);
    expect((await temp.run(['calls', 'export', '--fixture', 'calls.json', ...data])).stderr).toContain(`${CALLS} calls`);

    const played = await callAll(['--fixtures', 'calls.json']);
    expect(played.stderr).toContain(`${CALLS} calls answered from fixtures\n`);
    expect(played.code).toBe(0);
    const wrong = played.results.flatMap((text, n) => (text === original.results[n] ? [] : [{ n, text }]));
    expect(wrong).toEqual([]);
    expect(played.results).toHaveLength(CALLS);
  });
});
