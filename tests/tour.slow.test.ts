/** The commands that the guided tour prints work when they are pasted into a shell. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { root } from './walls.js';

const run = promisify(execFile);

/** Runs a line in a shell, with a home folder of its own and an empty stdin. */
function shell(line: string, home: string): Promise<{ code: number | null; output: string }> {
  const env = { PATH: process.env['PATH'], HOME: home };
  const child = spawn('bash', ['-c', line], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

test('every command that the tour prints works when pasted', async () => {
  const home = await mkdtemp(join(tmpdir(), 'mcp-daemon-tour-'));
  try {
    const { stdout } = await run(process.execPath, ['examples/tour.mjs'], { cwd: root, env: { ...process.env, HOME: home } });
    const lines = stdout.split('\n').flatMap((line) => /^ +(node .*)$/.exec(line)?.[1] ?? []);
    const [serve = '', call = '', install = '', init = ''] = lines;
    expect(lines).toHaveLength(4);
    // Without a client, the stdio server ends at once.
    expect(await shell(serve, home)).toMatchObject({ code: 0 });
    expect(await shell(call, home)).toEqual({ code: 0, output: 'Hello, Ada!\n' });
    expect(await shell(`${install} --yes`, home)).toMatchObject({ code: 0 });
    expect(await readFile(join(home, '.claude.json'), 'utf8')).toContain('mcpServers');
    expect(await shell(`cd ${home} && node ${root}/${init.slice('node '.length)}`, home)).toMatchObject({ code: 0 });
    expect(await readFile(join(home, 'my-tools/mcp.json'), 'utf8')).toContain('hello');
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  }
});
