import { QUOTA_MAXIMA } from '@mcp-daemon/core';

import { dataDir } from '../../src/settings/paths.js';
import { parseServeFlags } from '../../src/settings/serve-flags.js';
import type { Setting } from '../../src/settings/setting.js';
import type { SettingName } from '../../src/settings/settings.js';
import { readSettings, SETTING_NAMES, SETTINGS } from '../../src/settings/settings.js';
import { TempFolder, toolsConfig } from '../support.js';

/** A valid value that is not the default, as typed and as parsed. */
function sample(setting: Setting, which: 0 | 1): [text: string, value: unknown] {
  switch (setting.type) {
    case 'number':
      return [String(setting.min + 5 + which), setting.min + 5 + which];
    case 'choice': {
      const value = setting.choices[setting.choices.length - 1 - which] ?? setting.choices[0] ?? '';
      return [value, value];
    }
    case 'switch':
      return [which === 0 ? 'false' : 'true', which !== 0];
    case 'text':
      return [`text-${which}`, `text-${which}`];
  }
}

describe('settings', () => {
  it('flags and variables are unique', () => {
    const all = SETTING_NAMES.map((name): Setting => SETTINGS[name]);
    expect(new Set(all.map(({ flag }) => flag)).size).toBe(all.length);
    expect(new Set(all.map(({ env }) => env)).size).toBe(all.length);
  });

  it.each(SETTING_NAMES)('%s: the flag takes precedence over the variable, and the variable over the default', (name) => {
    const setting: Setting = SETTINGS[name];
    const [flagText, flagValue] = sample(setting, 0);
    const [envText, envValue] = sample(setting, 1);
    const flags =
      setting.type === 'switch' ? parseServeFlags([`--no-${setting.flag}`]) : parseServeFlags([`--${setting.flag}`, flagText]);
    const env = { [setting.env]: envText };
    const standard = setting.type === 'text' ? undefined : setting.default;
    expect(readSettings(flags ?? {}, env)[name]).toBe(flagValue);
    expect(readSettings({}, env)[name]).toBe(envValue);
    expect(readSettings({}, { [setting.env]: '  ' })[name]).toBe(standard);
    expect(readSettings({}, {})[name]).toBe(standard);
  });

  it.each([
    [{ 'timeout-ms': 'soon' }, {}, /^--timeout-ms: must be a whole number from 1 to 2147483647, not "soon"$/],
    [{ 'timeout-ms': '0' }, {}, /--timeout-ms: must be a whole number from 1/],
    [{ 'page-size': '1.5' }, {}, /--page-size: must be a whole number/],
    [{}, { MCP_PAGE_SIZE: '-1' }, /^MCP_PAGE_SIZE=-1: must be a whole number from 1/],
    [{ store: 'redis' }, {}, /^--store: must be sqlite, memory or dynamodb, not "redis"$/],
    [{ store: 'postgres' }, {}, /^--store: must be sqlite, memory or dynamodb, not "postgres"$/],
    [{}, { MCP_TRANSPORT: 'websocket' }, /^MCP_TRANSPORT=websocket: must be sse, http or stdio, not "websocket"$/],
    [{}, { PORT: 'http' }, /^PORT in the environment says "http": must be a whole number from 0 to 65535/],
    [{}, { MCP_PORT: 'http', PORT: '80' }, /^MCP_PORT=http: must be a whole number from 0 to 65535/],
    [{}, { LOG_LEVEL: 'loud' }, /^LOG_LEVEL in the environment says "loud": must be trace, /],
    [{}, { LOG_FORMAT: 'xml' }, /^LOG_FORMAT in the environment says "xml": must be auto, text or json, not "xml"$/],
    [{}, { MCP_LOG_FORMAT: 'xml', LOG_FORMAT: 'text' }, /^MCP_LOG_FORMAT=xml: must be auto, text or json/],
    [{ 'log-format': 'xml' }, {}, /^--log-format: must be auto, text or json, not "xml"$/],
    [{ 'data-dir': '~ann/rec' }, {}, /^--data-dir: "~ann" in "~ann\/rec" is not replaced here: write the path in full/],
    [{ config: '/a/$HOME/b' }, {}, /^--config: "\$HOME" in /],
    [{}, { MCP_DATA_DIR: '/a/~/b' }, /^MCP_DATA_DIR=\/a\/~\/b: "~" in /],
    [{}, { MCP_WATCH: 'perhaps' }, /^MCP_WATCH=perhaps: must be true or false/],
    [{ config: '' }, {}, /^missing value for --config$/],
  ] as const)('flags %j with variables %j are refused', (flags, env, message) => {
    expect(() => readSettings(flags, env)).toThrow(message);
  });

  it.each(['sse', 'SSE', 'http', 'jsonrpc/sse', 'streamable-http'])('--transport %s is HTTP', (word) => {
    expect(readSettings({ transport: word }, {}).transport).toBe('sse');
  });

  it('a sidecar ignores wrong variables of HTTP settings, but not wrong flags', () => {
    const env = { PORT: 'tcp://10.0.0.1:80', AUTH_PROVIDER: 'somebody', ACCESS_LOG: 'yes please' };
    expect(readSettings({ transport: 'stdio' }, env).port).toBe(8_000);
    expect(() => readSettings({ transport: 'stdio', port: 'x' }, env)).toThrow('--port');
  });

  it.each([
    ['~', '/h'],
    ['~/rec', '/h/rec'],
    ['$HOME/rec', '/h/rec'],
    ['${HOME}/rec', '/h/rec'],
    ['/a/b~', '/a/b~'],
    ['a/~b', 'a/~b'],
  ])('the path %s is %s', (path, expected) => {
    const env = { HOME: '/h', LOCAL_USER_FILE: path };
    const { dataDir: data, config, localUserFile } = readSettings({ 'data-dir': path, config: path }, env);
    expect([data, config, localUserFile]).toEqual([expected, expected, expected]);
  });

  it('the prefixed names of general variables take precedence', () => {
    const env = {
      HOST: 'x86_64-conda-linux-gnu',
      MCP_HOST: '::1',
      PORT: '1',
      MCP_PORT: '2',
      LOG_LEVEL: 'info',
      MCP_LOG_LEVEL: 'warn',
      LOG_FORMAT: '%(message)s',
      MCP_LOG_FORMAT: 'text',
    };
    expect(readSettings({}, env)).toMatchObject({ host: '::1', port: 2, logLevel: 'warn', logFormat: 'text' });
    expect(readSettings({ port: '3' }, env).port).toBe(3);
  });

  it('log levels of Python are accepted', () => {
    expect(readSettings({}, { LOG_LEVEL: 'WARNING' }).logLevel).toBe('warn');
    expect(readSettings({}, { LOG_LEVEL: 'INFO' }).logLevel).toBe('info');
  });

  it('parseServeFlags accepts plain serving and nothing else', () => {
    expect(parseServeFlags([])).toEqual({});
    expect(parseServeFlags(['mcp.json'])).toEqual({ config: 'mcp.json' });
    expect(parseServeFlags(['-c', 'x', '--store=memory', '--no-watch'])).toEqual({ config: 'x', store: 'memory', watch: false });
    for (const other of [['list'], ['--help'], ['--nonsense'], ['--config'], ['a.json', 'b.json'], ['a.json', '-c', 'b.json']]) {
      expect(parseServeFlags(other)).toBeUndefined();
    }
  });

  it('the data folder follows the platform', () => {
    const none = { dataDir: undefined };
    expect(dataDir({ dataDir: '/x' }, {}, 'linux')).toBe('/x');
    expect(dataDir(none, { HOME: '/h' }, 'linux')).toBe('/h/.local/state/mcp-daemon');
    expect(dataDir(none, { HOME: '/h', XDG_STATE_HOME: '/s' }, 'linux')).toBe('/s/mcp-daemon');
    expect(dataDir(none, { HOME: '/h', XDG_STATE_HOME: 'relative' }, 'linux')).toBe('/h/.local/state/mcp-daemon');
    expect(dataDir(none, { HOME: '/h' }, 'darwin')).toBe('/h/Library/Application Support/mcp-daemon');
    expect(dataDir(none, { HOME: '/h', LOCALAPPDATA: '/l' }, 'win32')).toContain('mcp-daemon');
  });
});

describe('settings of a running sidecar', () => {
  const temp = new TempFolder();
  beforeAll(async () => {
    await temp.write('mcp.json', toolsConfig('functions', 'one', 'two', 'three'));
    await temp.write('other.json', toolsConfig('functions', 'other'));
    await temp.write('closed.json', {
      tools: [{ name: 'three', inputSchema: { type: 'object', additionalProperties: false } }],
      module_links: [{ type: 'tool', name: 'three', module_name: './functions.mjs', function_name: 'three' }],
    });
    await temp.write(
      'functions.mjs',
      `
      export const one = ({ text }) => 'one' + (text ?? '').length;
      export const two = () => new Promise(() => {});
      export const three = () => 'three';
      export const other = () => 'other';`,
    );
  });
  afterAll(() => temp.remove());

  const tools = async (args: string[], env: Record<string, string> = {}): Promise<string[]> => {
    const sidecar = await temp.sidecar(args, { env });
    const { result } = await sidecar.request('tools/list');
    sidecar.child.stdin.end();
    await sidecar.exited;
    return (result?.tools ?? []).map(({ name }) => name);
  };

  it('a sidecar finds the config file', async () => {
    expect(await tools([])).toEqual(['one', 'two', 'three']);
    expect(await tools(['other.json'])).toEqual(['other']);
    expect(await tools(['--config', 'other.json'])).toEqual(['other']);
    expect(await tools([], { MCP_CONFIG_FILE: 'other.json' })).toEqual(['other']);
    expect(await tools(['-c', 'mcp.json'], { MCP_CONFIG_FILE: 'other.json' })).toHaveLength(3);
  });

  it('a sidecar ignores variables of the Python engine that do not apply', async () => {
    const env = {
      AUTH_PROVIDER: 'cognito',
      PORT: '8000',
      ADMIN_PASSWORD: 'x',
      JWT_SECRET_KEY: 'CHANGEME',
      REGION_NAME: 'us-east-1',
    };
    expect(await tools(['--transport', 'stdio'], { ...env, MCP_TRANSPORT: 'stdio' })).toHaveLength(3);
  });

  it('a HOST that is not an address is refused, and the message names the variable', async () => {
    const env = { MCP_TRANSPORT: 'http', HOST: 'x86_64-conda-linux-gnu', PORT: '0' };
    const { code, stderr } = await temp.run([], { env });
    expect(stderr).toMatch(/^mcp-daemon: HOST in the environment says "x86_64-conda-linux-gnu", which is not an address/);
    expect(code).toBe(2);
  });

  it('a data folder that cannot be made does not hang the sidecar', async () => {
    const sidecar = await temp.sidecar(['--data-dir', process.platform === 'linux' ? '/proc/x' : '/dev/null/x']);
    expect(await sidecar.call('three')).toBe('three');
    await sidecar.until(() => sidecar.stderr.includes('cannot be written'), 'a log line about the lost record');
    sidecar.child.stdin.end();
    expect((await sidecar.exited).code).toBe(0);
  });

  it('--page-size limits the entries of a list', async () => {
    const sidecar = await temp.sidecar(['--page-size', '2']);
    const { result } = await sidecar.request('tools/list');
    expect(result?.tools).toHaveLength(2);
    expect(result?.['nextCursor']).toEqual(expect.any(String));
  });

  it('MCP_DROP_HOST_ARGUMENTS=false leaves arguments that hosts add in the call', async () => {
    const dropping = await temp.sidecar(['closed.json']);
    expect(await dropping.call('three', { wait_for_previous: true })).toBe('three');
    const keeping = await temp.sidecar(['closed.json'], { env: { MCP_DROP_HOST_ARGUMENTS: 'false' } });
    expect(await keeping.call('three', { wait_for_previous: true })).toContain('unknown argument "wait_for_previous"');
  });

  it('MCP_TIMEOUT_MS limits the time of a call', async () => {
    const sidecar = await temp.sidecar([], { env: { MCP_TIMEOUT_MS: '50' } });
    expect(await sidecar.call('two')).toContain('did not finish within 50 ms');
  });

  it('--max-message-bytes refuses a message, and the connection stays open', async () => {
    const sidecar = await temp.sidecar(['--max-message-bytes', '2000']);
    sidecar.ask('tools/call', { name: 'one', arguments: { text: 'x'.repeat(3_000) } });
    await sidecar.until(() => sidecar.messages.find(({ error }) => error?.message.includes('2000')), 'refusal');
    expect(await sidecar.call('three')).toBe('three');
  });

  it('--store memory writes no file', async () => {
    const data = temp.at('unused');
    const sidecar = await temp.sidecar(['--store', 'memory', '--data-dir', data]);
    expect(await sidecar.call('three')).toBe('three');
    sidecar.child.stdin.end();
    await sidecar.exited;
    expect((await temp.run(['calls', 'list', '--json', '--data-dir', data])).stdout.trim()).toBe('[]');
  });

  it('--data-dir takes precedence over MCP_DATA_DIR', async () => {
    const [flag, env] = [temp.at('by-flag'), temp.at('by-env')];
    await temp.run(['call', 'three', '--data-dir', flag], { env: { MCP_DATA_DIR: env } });
    await temp.run(['call', 'one'], { env: { MCP_DATA_DIR: env } });
    const names = async (folder: string): Promise<string[]> => {
      const { stdout } = await temp.run(['calls', 'list', '--json', '--data-dir', folder]);
      return (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
    };
    expect(await names(flag)).toEqual(['three']);
    expect(await names(env)).toEqual(['one']);
  });

  it.each([
    [['--transport', 'pigeon'], {}, /^mcp-daemon: --transport: must be sse, http or stdio, not "pigeon"\n/],
    [['--config', 'none.json'], {}, /cannot read config file .*none\.json: no such file\. Create one with "mcp-daemon init"/],
    [['--config', 'home'], {}, /cannot read config file .*home: it is a folder/],
    [['a.json', '--config', 'b.json'], {}, /two config files: a\.json and --config b\.json/],
    [['--confg', 'x'], {}, /unknown flag --confg; did you mean "--config"\?/],
    [['lits'], {}, /unknown command "lits"; did you mean "list"\?/],
    [['--timeout-ms'], {}, /missing value for --timeout-ms/],
  ] as const)('%j %j exits with one clear message and 2', async (args, env, message) => {
    const { code, stdout, stderr } = await temp.run(args, { env });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('a missing config file is reported, with what to do', async () => {
    const { code, stderr } = await temp.run([], { cwd: temp.at() + '/..' });
    expect(stderr).toMatch(
      /no config file: .*mcp-daemon init.*--config FILE.*MCP_CONFIG_FILE.*config apply FILE --partition NAME/,
    );
    expect(code).toBe(2);
  });
});

describe('the settings of quotas', () => {
  it('have the bounds of the quotas in core, which help does not load', () => {
    const bound = (name: SettingName): unknown => (SETTINGS[name] as { max?: number }).max;
    expect([bound('userCallsAtOnce'), bound('partitionCallsAtOnce')]).toEqual([QUOTA_MAXIMA.concurrent, QUOTA_MAXIMA.concurrent]);
    expect([bound('userCallsPerMinute'), bound('partitionCallsPerMinute')]).toEqual([
      QUOTA_MAXIMA.per_minute,
      QUOTA_MAXIMA.per_minute,
    ]);
  });
});
