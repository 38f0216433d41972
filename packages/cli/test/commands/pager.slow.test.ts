/** Long output of "calls list" and "calls show" on a terminal, with pagers that are scripts. */
import { spawn } from 'node:child_process';
import { chmod } from 'node:fs/promises';

import { BIN, TempFolder, toolsConfig } from '../support.js';

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('the pager', () => {
  const temp = new TempFolder();
  const env = { MCP_DATA_DIR: temp.at('data') };

  beforeAll(async () => {
    await temp.write('mcp.json', toolsConfig('functions', 'lines'));
    // More than a pipe holds, so that a pager that ends early closes it in the middle of a write.
    await temp.write('functions.mjs', `export const lines = () => Array.from({ length: 20_000 }, (_, at) => 'line ' + at);`);
    expect(await temp.run(['call', 'lines'], { env })).toMatchObject({ code: 0 });
    // It shows that it was used, and with what: how much it got, and its first line.
    await temp.write(
      'pager',
      '#!/bin/sh\nread -r first\nprintf "pager %s: %s, LESS=%s\\n" "$1" "$first" "$LESS"\nexit ${END:-0}\n',
    );
    await chmod(temp.at('pager'), 0o755);
  });
  afterAll(() => temp.remove());

  /** Runs a command on a terminal of 10 rows. @returns what it shows, with its exit code at the end */
  async function onTerminal(args: readonly string[], more: Record<string, string | undefined> = {}): Promise<string> {
    const words = [process.execPath, BIN, 'calls', ...args].map((word) => `'${word}'`).join(' ');
    const command = `stty rows 10 cols 80; ${words}; echo "code $?"`;
    // script(1) runs a command on a terminal of its own.
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: temp.path,
      env: temp.env({ ...env, NO_COLOR: '1', ...more }),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let text = '';
    for await (const chunk of child.stdout) text += String(chunk);
    child.stdin.end();
    return text.replaceAll('\r\n', '\n');
  }
  const PAGER = temp.at('pager');

  it('is the one of the user, which may end before it has read everything', async () => {
    expect(await onTerminal(['show', 'last'], { PAGER: `${PAGER} a` })).toMatch(/^pager a: id +\w{8}, LESS=FRX\ncode 0\n$/);
    expect(await onTerminal(['show', 'last'], { PAGER: 'no-such-one', MCP_PAGER: `${PAGER} b`, LESS: 'R' })).toMatch(
      /^pager b: id +\w{8}, LESS=R\ncode 0\n$/,
    );
    expect(await onTerminal(['list', '--json'], { PAGER: `${PAGER} c` })).toBe('pager c: [, LESS=FRX\ncode 0\n');
  });

  it('does not change the exit code', async () => {
    expect(await onTerminal(['show', 'last'], { PAGER: `${PAGER} a`, END: '3' })).toMatch(/^pager a: .*\ncode 0\n$/);
  });

  it('is not used for what fits on the terminal', async () => {
    const text = await onTerminal(['list'], { PAGER: `${PAGER} a` });
    expect(text).toMatch(/^ID +WHEN.*\n\w{8} .*lines\ncode 0\n$/);
  });

  it.each<[string, string[], Record<string, string | undefined>]>([
    ['with --no-pager', ['--no-pager'], { PAGER: './pager a' }],
    ['with an empty MCP_PAGER', [], { PAGER: './pager a', MCP_PAGER: '' }],
    ['with PAGER=cat', [], { PAGER: 'cat' }],
    ['if there is no such program', [], { PAGER: 'no-such-pager-anywhere' }],
    ['if it cannot be run', [], { PAGER: './mcp.json' }],
  ])('is not used %s', async (_what, args, more) => {
    const text = await onTerminal(['show', 'last', ...args], more);
    expect(text).not.toContain('pager a');
    expect(text).toContain('line 19999');
    expect(text).toMatch(/\ncode 0\n$/);
  });

  it('is never used where stdout is no terminal', async () => {
    const result = await temp.run(['calls', 'show', 'last'], { env: { ...env, PAGER: `${PAGER} a` } });
    expect(result).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('line 19999') as string });
  });
});
