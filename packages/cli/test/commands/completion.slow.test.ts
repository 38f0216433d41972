import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, symlink } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { promisify } from 'node:util';

import { BIN, TempFolder } from '../support.js';

const execute = promisify(execFile);

describe('completion in a shell', () => {
  const temp = new TempFolder();
  beforeAll(async () => {
    const names = [`x$(touch ${temp.at('run')})`, '`touch run`', 'Server Status'];
    await temp.write('mcp.json', {
      resources: names.map((name, index) => ({ name, uri: `r:${index}` })),
      module_links: names.map((name) => ({ type: 'resource', name, module_name: 'm', function_name: 'f' })),
    });
    await chmod(BIN, 0o755);
    await temp.write('bin/keep', '');
    await symlink(BIN, temp.at('bin', 'mcp-daemon'));
  });
  afterAll(() => temp.remove());

  /** The words that bash offers. */
  async function offered(...typed: string[]): Promise<string[]> {
    const script = `eval "$(mcp-daemon completion bash)"
      COMP_WORDS=(mcp-daemon "$@"); COMP_CWORD=$#; _mcp_daemon; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = temp.env({ PATH: `${temp.at('bin')}${delimiter}${process.env['PATH'] ?? ''}` });
    const { stdout } = await execute('bash', ['--norc', '-c', script, 'bash', ...typed], { cwd: temp.path, env });
    return stdout.trim().split('\n');
  }

  it('a name in the config file is never executed', async () => {
    expect(await offered('call', '')).toHaveLength(3);
    expect(existsSync(temp.at('run'))).toBe(false);
  });

  it('a name with a space is completed as one word', async () => {
    expect(await offered('call', 'Ser')).toEqual(['Server\\ Status']);
    expect(await offered('call', 'Server\\ St')).toEqual(['Server\\ Status']);
  });

  it('commands and flags are completed', async () => {
    expect(await offered('calls', 's')).toEqual(['show', 'stats']);
    expect(await offered('calls', 'stats', '--by', 'c')).toEqual(['caller']);
    expect(await offered('calls', 'stats', '--sort', 'e')).toEqual(['errors']);
    expect(await offered('users', 'pa')).toEqual(['passwd']);
    expect(await offered('users', 'add', '--pas')).toEqual(['--password-stdin']);
    expect(await offered('install', '--sc')).toEqual(['--scope']);
  });

  it('the choices of a setting are completed after its flag', async () => {
    expect(await offered('--auth-provider', '')).toEqual(['local', 'cognito', 'none']);
    expect(await offered('--transport', 'st')).toEqual(['stdio']);
    expect(await offered('--config', 'mcp.json', 'call', '--store', 'm')).toEqual(['memory']);
    expect(await offered('--store', 'memory', 'call', 'Ser')).toEqual(['Server\\ Status']);
  });
});
