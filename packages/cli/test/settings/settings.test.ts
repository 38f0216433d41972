import { dataDir } from '../../src/settings/places.js';
import { readServing } from '../../src/settings/serving-flags.js';
import type { Setting } from '../../src/settings/setting.js';
import { readSettings, SETTING_NAMES, SETTINGS } from '../../src/settings/settings.js';
import { Place, toolsConfig } from '../support.js';

/** A good value that is not the default, as it is typed and as it is read. */
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
  it('flags and variables are each of one setting', () => {
    const all = SETTING_NAMES.map((name): Setting => SETTINGS[name]);
    expect(new Set(all.map(({ flag }) => flag)).size).toBe(all.length);
    expect(new Set(all.map(({ env }) => env)).size).toBe(all.length);
  });

  it.each(SETTING_NAMES)('%s: the flag wins over the variable, the variable over the default', (name) => {
    const setting: Setting = SETTINGS[name];
    const [flagText, flagValue] = sample(setting, 0);
    const [envText, envValue] = sample(setting, 1);
    const flags =
      setting.type === 'switch' ? readServing([`--no-${setting.flag}`]) : readServing([`--${setting.flag}`, flagText]);
    const env = { [setting.env]: envText };
    const standard = setting.type === 'text' ? undefined : setting.default;
    expect(readSettings(flags ?? {}, env)[name]).toBe(flagValue);
    expect(readSettings({}, env)[name]).toBe(envValue);
    expect(readSettings({}, { [setting.env]: '  ' })[name]).toBe(standard);
    expect(readSettings({}, {})[name]).toBe(standard);
  });

  it.each([
    [{ 'timeout-ms': 'soon' }, {}, /^--timeout-ms: a whole number from 1 to 2147483647 is wanted, got "soon"$/],
    [{ 'timeout-ms': '0' }, {}, /--timeout-ms: a whole number from 1/],
    [{ 'page-size': '1.5' }, {}, /--page-size: a whole number/],
    [{}, { MCP_PAGE_SIZE: '-1' }, /^MCP_PAGE_SIZE=-1: a whole number from 1/],
    [{ store: 'redis' }, {}, /^--store: one of sqlite, memory is wanted, got "redis"$/],
    [{ store: 'dynamodb' }, {}, /^--store: it is not available in this version; choose sqlite or memory$/],
    [{}, { MCP_TRANSPORT: 'websocket' }, /^MCP_TRANSPORT=websocket: one of sse, stdio is wanted/],
    [{}, { PORT: 'http' }, /^PORT=http: a whole number from 0 to 65535 is wanted/],
    [{}, { MCP_WATCH: 'perhaps' }, /^MCP_WATCH=perhaps: true or false is wanted/],
    [{ config: '' }, {}, /^--config: a value is missing$/],
  ] as const)('%j %j is refused', (flags, env, message) => {
    expect(() => readSettings(flags, env)).toThrow(message);
  });

  it.each(['sse', 'SSE', 'http', 'jsonrpc/sse', 'streamable-http'])('--transport %s is HTTP', (word) => {
    expect(readSettings({ transport: word }, {}).transport).toBe('sse');
  });

  it('variables that are meant for somebody else are no mistakes of a sidecar, flags are', () => {
    const env = { PORT: 'tcp://10.0.0.1:80', AUTH_PROVIDER: 'somebody', ACCESS_LOG: 'yes please' };
    expect(readSettings({ transport: 'stdio' }, env).port).toBe(8_000);
    expect(() => readSettings({ transport: 'stdio', port: 'x' }, env)).toThrow('--port');
  });

  it('reads levels the way Python writes them', () => {
    expect(readSettings({}, { LOG_LEVEL: 'WARNING' }).logLevel).toBe('warn');
    expect(readSettings({}, { LOG_LEVEL: 'INFO' }).logLevel).toBe('info');
  });

  it('takes plain serving for what it is, and nothing else', () => {
    expect(readServing([])).toEqual({});
    expect(readServing(['mcp.json'])).toEqual({ config: 'mcp.json' });
    expect(readServing(['-c', 'x', '--store=memory', '--no-watch'])).toEqual({ config: 'x', store: 'memory', watch: false });
    for (const other of [['list'], ['--help'], ['--nonsense'], ['--config'], ['a.json', 'b.json'], ['a.json', '-c', 'b.json']]) {
      expect(readServing(other)).toBeUndefined();
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

describe('settings of a started sidecar', () => {
  const place = new Place();
  beforeAll(async () => {
    await place.write('mcp.json', toolsConfig('functions', 'one', 'two', 'three'));
    await place.write('other.json', toolsConfig('functions', 'other'));
    await place.write(
      'functions.mjs',
      `
      export const one = ({ text }) => 'one' + (text ?? '').length;
      export const two = () => new Promise(() => {});
      export const three = () => 'three';
      export const other = () => 'other';`,
    );
  });
  afterAll(() => place.remove());

  const tools = async (args: string[], env: Record<string, string> = {}): Promise<string[]> => {
    const sidecar = await place.sidecar(args, { env });
    const { result } = await sidecar.request('tools/list');
    sidecar.child.stdin.end();
    await sidecar.exited;
    return (result?.tools ?? []).map(({ name }) => name);
  };

  it('finds the config file', async () => {
    expect(await tools([])).toEqual(['one', 'two', 'three']);
    expect(await tools(['other.json'])).toEqual(['other']);
    expect(await tools(['--config', 'other.json'])).toEqual(['other']);
    expect(await tools([], { MCP_CONFIG_FILE: 'other.json' })).toEqual(['other']);
    expect(await tools(['-c', 'mcp.json'], { MCP_CONFIG_FILE: 'other.json' })).toHaveLength(3);
  });

  it('takes --transport stdio, and variables of the Python engine that mean nothing here', async () => {
    const env = {
      AUTH_PROVIDER: 'cognito',
      PORT: '8000',
      ADMIN_PASSWORD: 'x',
      JWT_SECRET_KEY: 'CHANGEME',
      REGION_NAME: 'us-east-1',
    };
    expect(await tools(['--transport', 'stdio'], { ...env, MCP_TRANSPORT: 'stdio' })).toHaveLength(3);
  });

  it('--page-size', async () => {
    const sidecar = await place.sidecar(['--page-size', '2']);
    const { result } = await sidecar.request('tools/list');
    expect(result?.tools).toHaveLength(2);
    expect(result?.['nextCursor']).toEqual(expect.any(String));
  });

  it('--timeout-ms and MCP_TIMEOUT_MS', async () => {
    const sidecar = await place.sidecar([], { env: { MCP_TIMEOUT_MS: '50' } });
    expect(await sidecar.call('two')).toContain('did not finish within 50 ms');
  });

  it('--max-message-bytes refuses the line, and the connection lives', async () => {
    const sidecar = await place.sidecar(['--max-message-bytes', '2000']);
    sidecar.ask('tools/call', { name: 'one', arguments: { text: 'x'.repeat(3_000) } });
    await sidecar.until(() => sidecar.messages.find(({ error }) => error?.message.includes('2000')), 'refusal');
    expect(await sidecar.call('three')).toBe('three');
  });

  it('--store memory leaves nothing behind', async () => {
    const data = place.at('unused');
    const sidecar = await place.sidecar(['--store', 'memory', '--data-dir', data]);
    expect(await sidecar.call('three')).toBe('three');
    sidecar.child.stdin.end();
    await sidecar.exited;
    expect((await place.run(['calls', 'list', '--json', '--data-dir', data])).stdout.trim()).toBe('[]');
  });

  it('--data-dir and MCP_DATA_DIR, the flag first', async () => {
    const [flag, env] = [place.at('by-flag'), place.at('by-env')];
    await place.run(['call', 'three', '--data-dir', flag], { env: { MCP_DATA_DIR: env } });
    await place.run(['call', 'one'], { env: { MCP_DATA_DIR: env } });
    const names = async (folder: string): Promise<string[]> => {
      const { stdout } = await place.run(['calls', 'list', '--json', '--data-dir', folder]);
      return (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
    };
    expect(await names(flag)).toEqual(['three']);
    expect(await names(env)).toEqual(['one']);
  });

  it.each([
    [['--transport', 'pigeon'], {}, /^mcp-daemon: --transport: one of sse, stdio is wanted, got "pigeon".*\n/],
    [['--config', 'none.json'], {}, /none\.json cannot be read: there is no such file/],
    [['--config', 'home'], {}, /cannot be read/],
    [['a.json', '--config', 'b.json'], {}, /given twice/],
    [['--confg', 'x'], {}, /there is no flag --confg; did you mean "--config"\?/],
    [['lits'], {}, /there is no command "lits"; did you mean "list"\?/],
    [['--timeout-ms'], {}, /--timeout-ms: a value is missing/],
  ] as const)('%j %j ends with one clear line and 2', async (args, env, message) => {
    const { code, stdout, stderr } = await place.run(args, { env });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('says what to do where there is no config file', async () => {
    const { code, stderr } = await place.run([], { cwd: place.at() + '/..' });
    expect(stderr).toMatch(/no config file: .*mcp-daemon init.*--config FILE.*MCP_CONFIG_FILE/);
    expect(code).toBe(2);
  });
});
