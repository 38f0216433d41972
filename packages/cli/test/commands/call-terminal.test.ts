import { spawn } from 'node:child_process';

import { BIN, TempFolder, toolsConfig } from '../support.js';

describe('call on a terminal', () => {
  const temp = new TempFolder();
  afterAll(() => temp.remove());

  it('escape sequences of a tool are printed as text', async () => {
    await temp.write('mcp.json', toolsConfig('functions', 'title'));
    await temp.write('functions.mjs', `export const title = () => 'a\\u001b]0;owned\\u0007b';`);
    const words = [process.execPath, BIN, 'call', 'title', '--config', temp.at('mcp.json')].map((word) => `'${word}'`).join(' ');
    // script(1) runs a command on a terminal of its own.
    const child = spawn('script', ['-qec', words, '/dev/null'], { env: temp.env(), stdio: ['pipe', 'pipe', 'ignore'] });
    let text = '';
    for await (const chunk of child.stdout) text += String(chunk);
    expect(text).toContain('a\\u001b]0;owned\\u0007b');
    expect(text).not.toContain('\u001b]0;');
    child.stdin.end();
  });

  it('the log is text, not JSON', async () => {
    await temp.write('broken.json', toolsConfig('missing', 'title'));
    const words = [process.execPath, BIN, 'call', 'title', '--config', temp.at('broken.json')]
      .map((word) => `'${word}'`)
      .join(' ');
    const child = spawn('script', ['-qec', words, '/dev/null'], { env: temp.env(), stdio: ['pipe', 'pipe', 'ignore'] });
    let text = '';
    for await (const chunk of child.stdout) text += String(chunk);
    expect(text).toMatch(/ERROR.*"title" cannot be run: /);
    expect(text).not.toContain('"level":');
    child.stdin.end();
  });

  it('another program gets the text as it is', async () => {
    expect((await temp.run(['call', 'title'])).stdout).toBe('a\u001b]0;owned\u0007b\n');
  });
});
