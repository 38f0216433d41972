import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { BIN } from '../support.js';

/** The files that a built file loads before it runs, without those that it imports later. */
function loadedWith(file: string, found = new Map<string, string>()): Map<string, string> {
  if (found.has(file)) return found;
  const text = readFileSync(file, 'utf8');
  found.set(file, text);
  for (const [, path = ''] of text.matchAll(/\b(?:from|import)"(\.[^"]+)"/g)) loadedWith(join(dirname(file), path), found);
  return found;
}

const dist = dirname(BIN);

describe('serving over HTTP', () => {
  it('does not load GraphQL', () => {
    const texts = [...loadedWith(join(dist, 'serve-http.js')).values()];
    expect(texts.some((text) => text.includes('X-Powered-By'))).toBe(true);
    expect(texts.filter((text) => text.includes('GraphQLSchema'))).toEqual([]);
  });
});

describe('serving over stdio', () => {
  it('has no GraphQL in its file', () => {
    expect(readFileSync(join(dist, 'main.cjs'), 'utf8')).not.toContain('GraphQLSchema');
  });
});

describe('bundles', () => {
  // Texts that occur only in the code of each.
  const [guard, bucket] = ['MCPB_SIG_V1', 'x-amz-'];

  it('are in a file of their own, which serving loads when the first bundle is needed', () => {
    const loaded = ['main.cjs', 'serve-http.js', 'cli.js'].flatMap((file) => [...loadedWith(join(dist, file)).values()]);
    expect(loaded.filter((text) => text.includes(guard))).toEqual([]);
    const texts = [...loadedWith(join(dist, 'bundle-store.js')).values()];
    expect(texts.some((text) => text.includes(guard))).toBe(true);
    expect(texts.filter((text) => text.includes(bucket))).toEqual([]);
  });
});

describe('functions in processes of their own', () => {
  // Texts that occur only in the code of each.
  const runner = 'MCP_RUNNER_TOKEN';

  it('are in a file that is loaded when one is called', () => {
    expect([...loadedWith(join(dist, 'process-runner.js')).values()].some((text) => text.includes(runner))).toBe(true);
    expect(readFileSync(join(dist, 'main.cjs'), 'utf8')).not.toContain(runner);
    expect([...loadedWith(join(dist, 'serve-http.js')).values()].filter((text) => text.includes(runner))).toEqual([]);
  });

  it('start nothing where no link needs them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mcpd-lazy-'));
    writeFileSync(join(folder, 'm.mjs'), 'export const pid = () => process.pid;');
    const tool = { name: 'pid', inputSchema: { type: 'object' } };
    const config = (isolation: string): string => {
      const file = join(folder, `${isolation}.json`);
      const link = { type: 'tool', name: 'pid', module_name: 'm', function_name: 'pid', isolation };
      writeFileSync(file, JSON.stringify({ tools: [tool], module_links: [link] }));
      return file;
    };
    const loaded = async (isolation: string): Promise<boolean> => {
      const { stderr } = await promisify(execFile)(
        process.execPath,
        [BIN, 'call', 'pid', '--store', 'memory', '-c', config(isolation)],
        {
          env: { ...process.env, NODE_DEBUG: 'child_process' },
        },
      );
      return stderr.includes('launcher.cjs');
    };
    expect([await loaded('none'), await loaded('process')]).toEqual([false, true]);
    rmSync(folder, { recursive: true });
  });
});

describe('the declarations of commands', () => {
  const texts = [...loadedWith(join(dist, 'cli.js')).values()];
  const all = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => readFileSync(join(dist, name), 'utf8'));

  it('are loaded together with yargs', () => {
    expect(texts.some((text) => text.includes('Not enough non-option arguments'))).toBe(true);
  });

  // A text that occurs only in the code of each.
  it.each([
    ['the engine', 'subscriptions/listen'],
    ['the SQLite store', 'journal_mode'],
    ['Express', 'X-Powered-By'],
    ['GraphQL', 'GraphQLSchema'],
    ['pino', 'formatters'],
    ['the JSON parser of host files', 'InvalidSymbol'],
  ])('do not load %s', (_, marker) => {
    expect(all.some((text) => text.includes(marker))).toBe(true);
    expect(texts.filter((text) => text.includes(marker))).toEqual([]);
  });
});
