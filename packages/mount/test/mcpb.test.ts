import type { JsonObject } from '@mcp-daemon/core';

import { commandOfBundle } from '../src/mcpb/command.js';
import { readManifest } from '../src/mcpb/manifest.js';

const SYSTEM = { platform: 'linux', node: '/usr/bin/node', home: '/home/ann', hasProgram: (name: string) => name === 'python3' };

/** A manifest with a server. */
const manifest = (server: JsonObject, more: JsonObject = {}): JsonObject => ({
  ...{ manifest_version: '0.3', name: 'notes', version: '1', server },
  ...more,
});

const started = (
  document: JsonObject,
  given: Record<string, string | string[] | number | boolean> = {},
  files = ['server/x.js'],
) =>
  commandOfBundle(
    { folder: '/data/d', manifest: readManifest(JSON.stringify(document), 'linux'), has: (path) => files.includes(path) },
    given,
    SYSTEM,
  );

const NODE = { type: 'node', entry_point: 'server/x.js' };

describe('the command of an .mcpb bundle', () => {
  it('has its folder, the folders of the user and the values of options filled in', () => {
    const config = {
      command: 'node',
      args: [
        '${__dirname}/server/x.js',
        '${HOME}',
        '--dir=${user_config.dir}',
        '${user_config.several}',
        'a${pathSeparator}b',
        '${OTHER}',
      ],
      env: { KEY: '${user_config.key}', NUMBER: 3, DOCS: '${DOCUMENTS}' },
    };
    const options = {
      dir: { type: 'directory', default: '${HOME}/x' },
      several: { type: 'string', multiple: true },
      key: { type: 'string', required: true },
    };
    const document = manifest({ ...NODE, mcp_config: config }, { user_config: options });
    expect(started(document, { several: ['1', '2'], key: 'a$$b$&' })).toEqual({
      command: '/usr/bin/node',
      args: ['/data/d/server/x.js', '/home/ann', '--dir=/home/ann/x', '1', '2', 'a/b', '${OTHER}'],
      env: { KEY: 'a$$b$&', NUMBER: '3', DOCS: '/home/ann/Documents' },
    });
  });

  it('does not look into a value for names', () => {
    const document = manifest(
      { ...NODE, mcp_config: { command: 'node', args: ['${user_config.a}', '${user_config.b}'] } },
      { user_config: { a: { type: 'string' }, b: { type: 'string' } } },
    );
    expect(started(document, { a: '${user_config.b}x${HOME}', b: 'secret' }).args).not.toContain('secretx/home/ann');
  });

  it('leaves out what has no value, and names all values that it needs', () => {
    const config = { command: 'node', args: ['x', '${user_config.maybe}'], env: { M: 'v=${user_config.maybe}', N: 'n' } };
    const server = { ...NODE, mcp_config: config };
    expect(started(manifest(server, { user_config: { maybe: { type: 'string' } } }))).toMatchObject({
      args: ['x'],
      env: { N: 'n' },
    });
    const needed = {
      a: { type: 'string', required: true, title: 'The key' },
      b: { type: 'number', required: true },
      c: { required: true, default: 1 },
    };
    expect(() => started(manifest(server, { user_config: needed }), { a: '' })).toThrow(
      'its bundle needs values in "user_config" of the config: a (The key), b',
    );
  });

  it('is the one of the system, whose members take the place of the general ones', () => {
    const config = {
      ...{ command: 'x', args: ['general'], env: { A: '1', B: '2' } },
      platform_overrides: { linux: { env: { B: '3' } }, win32: { command: 'x.exe' } },
    };
    expect(started(manifest({ ...NODE, mcp_config: config }))).toEqual({ command: 'x', args: ['general'], env: { B: '3' } });
  });

  it.each([
    ['node', { command: '/usr/bin/node', args: ['/data/d/server/x.js'], env: {} }],
    ['python', { command: 'python3', args: ['/data/d/server/x.js'], env: {} }],
    ['uv', { command: 'uv', args: ['run', '--directory', '/data/d', 'server/x.js'], env: {} }],
    ['binary', { command: '/data/d/server/x.js', args: [], env: {} }],
  ])('is the usual one of the type %s, if the manifest does not say', (type, expected) => {
    expect(started(manifest({ type, entry_point: './server/x.js' }))).toEqual(expected);
  });

  it.each<[string, JsonObject, Record<string, string | string[]>, string]>([
    ['an option that is not in the manifest', manifest(NODE), { other: 'x' }, 'has no option "other"'],
    [
      'a number that is none',
      manifest(NODE, { user_config: { n: { type: 'number' } } }),
      { n: 'x' },
      'user_config.n must be a number',
    ],
    ['a list where one is wanted', manifest(NODE, { user_config: { n: {} } }), { n: ['x'] }, 'user_config.n must be one value'],
    [
      'another system',
      manifest(NODE, { compatibility: { platforms: ['darwin'] } }),
      {},
      'its bundle is for darwin, and this is linux',
    ],
    ['a missing entry point', manifest({ ...NODE, entry_point: 'gone.js' }), {}, 'entry point "gone.js" is not in the bundle'],
    ['no command', manifest({ type: 'other', entry_point: 'server/x.js' }), {}, 'does not say how its server is started'],
  ])('is refused for %s', (_, document, given, message) => {
    expect(() => started(document, given)).toThrow(message);
  });
});

describe('a manifest', () => {
  it('is read leniently: with a byte order mark, an old version, and members of any form', () => {
    const odd = {
      ...{ dxt_version: 1, name: 7, author: 'text', repository: 'text', tools: [{ title: 1 }], compatibility: { claude: '>1' } },
      server: { type: 'node', entry_point: 'x.js', mcp_config: { env: 'none', args: [1, 'a'] } },
      user_config: { bad: 'text', odd: { type: 'colour', default: null } },
    };
    expect(readManifest(`\uFEFF${JSON.stringify(odd)}`, 'linux')).toEqual({
      ...{ name: 'unnamed', version: '', entryPoint: 'x.js', command: { command: 'node', args: ['a'], env: {} } },
      options: { odd: { type: 'string', title: 'odd', required: false, multiple: false, sensitive: false } },
    });
  });

  it.each(['', '[]', '{"name":'])('is refused if it is %j', (text) => {
    expect(() => readManifest(text, 'linux')).toThrow('manifest.json is no');
  });
});
