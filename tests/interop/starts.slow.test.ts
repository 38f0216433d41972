import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Exit, Json } from './raw.js';
import type { Home } from './sidecar.js';
import { callsOf, createHome } from './sidecar.js';
import type { Started } from './starts.js';
import { startAsCline, startTwice } from './starts.js';

/** What each process that has loaded the code has written: its process id. */
const LOADED = 'loaded.txt';

let home: Home;
let started: Started | undefined;

beforeEach(async () => {
  home = await createHome();
  const module = join(home.folder, 'everything.mjs');
  const text = await readFile(module, 'utf8');
  const note = `import { appendFileSync } from 'node:fs';\nappendFileSync(new URL('${LOADED}', import.meta.url), process.pid + '\\n');\n`;
  await writeFile(module, note + text);
});
afterEach(async () => {
  for (const client of [started?.first, started?.second]) {
    client?.process.kill('SIGKILL');
    await client?.exited;
  }
  started = undefined;
  await home.remove();
});

const loaders = (): Promise<string> => readFile(join(home.folder, LOADED), 'utf8').catch(() => '');
const textOf = (answer: Json): unknown => ((answer['result'] as { content?: Json[] }).content ?? [])[0]?.['text'];

/** Ended by itself: with a code of its own, or by the signal before it could handle signals. */
const isOrderly = ({ code, signal }: Exit): boolean => code === 0 || signal === 'SIGTERM';

describe.each<[string, (args: string[]) => Promise<Started>]>([
  ['gives up on the first process after 3 s, as Cline does', startAsCline],
  ['ends the first process after one answer, as the OpenAI Agents SDK does', (args) => startTwice(args, true)],
  ['ends the first process at once, as Mastra does', (args) => startTwice(args, false)],
])('a host that %s', (_how, start) => {
  it('is ended before it has loaded code or opened the record, and the second process works', async () => {
    started = await start(home.args());
    const { first, second } = started;
    await second.initialize('2024-11-05');
    await second.ask('tools/list');
    expect(isOrderly(await first.exited)).toBe(true);
    expect(first.stderr).not.toMatch(/"level":(?:50|60)/);
    expect(await loaders()).toBe('');
    expect(existsSync(home.dataDir)).toBe(false);

    const answer = await second.ask('tools/call', { name: 'test_simple_text', arguments: {} });
    expect(textOf(answer)).toBe('This is a simple text response for testing.');
    expect(await loaders()).toBe(`${second.process.pid}\n`);
    await second.leave();
    const calls = await callsOf(home);
    expect(calls.map(({ name, status }) => [name, status])).toEqual([['test_simple_text', 'completed']]);
  });
});
