import { readdirSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { delimiter, dirname } from 'node:path';

import type { Result } from '../support.js';
import { TempFolder, toolsConfig } from '../support.js';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isNewEnough = major > 22 || (major === 22 && minor >= 19);

/** In place of npx: prints its arguments and the file that --config names, and fails as the Inspector may. */
const NPX = `#!${process.execPath}
const { readFileSync, statSync } = require('node:fs');
const args = process.argv.slice(2);
const file = args[args.indexOf('--config') + 1];
console.log(JSON.stringify({ args, file, config: JSON.parse(readFileSync(file, 'utf8')), mode: statSync(file).mode & 0o777 }));
process.exit(args.includes('fail') ? 7 : 0);
`;

interface Seen {
  args: string[];
  file: string;
  mode: number;
  config: { mcpServers: Record<string, Record<string, unknown>> };
}

describe('inspect', () => {
  let temp: TempFolder;
  beforeEach(async () => {
    temp = new TempFolder();
    await temp.write('app/mcp.json', { name: 'shop', ...toolsConfig('functions', 'one') });
    await chmod(await temp.write('bin/npx', NPX), 0o755);
    await temp.write('tmp/keep', '');
  });
  afterEach(() => temp.remove());

  const run = (...args: string[]): Promise<Result> =>
    temp.run(['inspect', ...args], {
      cwd: temp.at('app'),
      env: { PATH: [temp.at('bin'), dirname(process.execPath)].join(delimiter), TMPDIR: temp.at('tmp') },
    });

  if (isNewEnough) {
    it('starts the Inspector with the server of the config file, and removes its file', async () => {
      const { code, stdout } = await run('--cli', '--', '--method', 'tools/list');
      const { args, file, mode, config } = JSON.parse(stdout) as Seen;
      expect(code).toBe(0);
      expect(args.slice(0, 3)).toEqual(['-y', expect.stringMatching(/^@modelcontextprotocol\/inspector@\d/), '--cli']);
      expect(args.slice(3)).toEqual(['--config', file, '--server', 'shop', '--method', 'tools/list']);
      expect(config.mcpServers['shop']).toMatchObject({
        type: 'stdio',
        args: expect.arrayContaining([temp.at('app/mcp.json')]) as [],
      });
      expect(mode).toBe(0o600);
      expect(readdirSync(temp.at('tmp'))).toEqual(['keep']);
    });

    it('opens the page for a URL, with its headers, and passes on the exit code', async () => {
      const { code, stdout } = await run(
        '--url',
        'http://localhost:8000/mcp',
        '--header',
        'Authorization: Bearer x',
        '--',
        'fail',
      );
      const { args, config } = JSON.parse(stdout) as Seen;
      expect([code, args[2]]).toEqual([7, '--web']);
      expect(args).not.toContain('--server');
      expect(Object.values(config.mcpServers)).toEqual([
        { type: 'http', url: 'http://localhost:8000/mcp', headers: { Authorization: 'Bearer x' } },
      ]);
    });

    it('says so where there is no npx', async () => {
      const env = { PATH: temp.at('none') };
      expect(await temp.run(['inspect'], { cwd: temp.at('app'), env })).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('cannot start npx, which comes with npm') as string,
      });
    });
  } else {
    it('says which Node the Inspector needs', async () => {
      const { code, stdout, stderr } = await run();
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(`the MCP Inspector needs Node 22.19 or newer; this is Node ${process.versions.node}`);
    });
  }

  it('refuses a wrong URL, and a config file with mistakes', async () => {
    expect(await run('--url', 'nowhere')).toMatchObject({ code: 2, stderr: expect.stringContaining('--url: must be') as string });
    await temp.write('app/mcp.json', '{ "wrong": 1 }');
    expect(await run()).toMatchObject({ code: 2, stderr: expect.stringContaining('$.wrong') as string });
  });
});
