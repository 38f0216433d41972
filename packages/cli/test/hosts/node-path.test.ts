import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { stableNode } from '../../src/hosts/node-path.js';

const onUnix = process.platform === 'win32' ? describe.skip : describe;

onUnix('the path of Node for a host', () => {
  let root: string;
  beforeEach(() => (root = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-daemon-node-')))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const at = (path: string): string => join(root, path);
  function file(path: string): string {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), '');
    chmodSync(at(path), 0o755);
    return at(path);
  }
  function link(path: string, target: string): string {
    mkdirSync(dirname(at(path)), { recursive: true });
    symlinkSync(at(target), at(path));
    return at(path);
  }
  const find = (execPath: string, folders: readonly string[], argv0 = 'node') =>
    stableNode({ execPath, argv0, path: folders.map(at).join(delimiter), platform: 'linux' });

  it.each([
    ['Homebrew', 'Cellar/node/24.1.0/bin/node', 'homebrew/bin/node'],
    ['Nix', 'nix/store/abc-nodejs-24.1.0/bin/node', '.nix-profile/bin/node'],
  ])('%s: the link on PATH stays', (_, real, linked) => {
    const execPath = file(real);
    expect(find(execPath, [dirname(real), dirname(link(linked, real)).slice(root.length)])).toEqual({
      path: at(linked),
      isVersioned: false,
    });
  });

  it('a link to the folder of the version that is first on PATH', () => {
    const execPath = file('versions/v20/bin/node');
    link('current', 'versions/v20');
    expect(find(execPath, ['current/bin'])).toEqual({ path: at('current/bin/node'), isVersioned: false });
  });

  it('the path that Node was called by', () => {
    const execPath = file('versions/v20/bin/node');
    const called = link('opt/node', 'versions/v20/bin/node');
    expect(find(execPath, [], called)).toEqual({ path: called, isVersioned: false });
  });

  it('nvm: there is no path that stays, and that is said', () => {
    const execPath = file('.nvm/versions/node/v20.1.0/bin/node');
    expect(find(execPath, ['.nvm/versions/node/v20.1.0/bin'])).toEqual({ path: execPath, isVersioned: true });
    link('.nvm/current', '.nvm/versions/node/v20.1.0');
    expect(find(execPath, ['.nvm/versions/node/v20.1.0/bin'])).toEqual({ path: at('.nvm/current/bin/node'), isVersioned: false });
  });

  it('fnm: the alias, not the link of one shell', () => {
    const execPath = file('fnm/node-versions/v20.1.0/installation/bin/node');
    link('fnm/aliases/default', 'fnm/node-versions/v20.1.0/installation');
    link('run/fnm_multishells/1_2', 'fnm/node-versions/v20.1.0/installation');
    expect(find(execPath, ['run/fnm_multishells/1_2/bin'])).toEqual({
      path: at('fnm/aliases/default/bin/node'),
      isVersioned: false,
    });
  });

  it('volta: its command, which runs the version of the day', () => {
    const execPath = file('.volta/tools/image/node/20.1.0/bin/node');
    file('.volta/bin/volta-shim');
    link('.volta/bin/node', '.volta/bin/volta-shim');
    expect(find(execPath, ['.volta/tools/image/node/20.1.0/bin', '.volta/bin'])).toEqual({
      path: at('.volta/bin/node'),
      isVersioned: false,
    });
  });

  it('mise: the link beside the version', () => {
    const execPath = file('mise/installs/node/20.1.0/bin/node');
    link('mise/installs/node/20', 'mise/installs/node/20.1.0');
    expect(find(execPath, ['mise/installs/node/20.1.0/bin'])).toMatchObject({ path: at('mise/installs/node/20/bin/node') });
    link('mise/installs/node/latest', 'mise/installs/node/20.1.0');
    expect(find(execPath, ['mise/installs/node/20.1.0/bin'])).toEqual({
      path: at('mise/installs/node/latest/bin/node'),
      isVersioned: false,
    });
  });

  it('asdf: a shim, which is another program, is not taken', () => {
    const execPath = file('.asdf/installs/nodejs/20.1.0/bin/node');
    file('.asdf/shims/node');
    expect(find(execPath, ['.asdf/shims'])).toEqual({ path: execPath, isVersioned: true });
  });

  it('another Node that is first on PATH is not taken', () => {
    const execPath = file('usr/bin/node');
    file('other/bin/node');
    expect(find(execPath, ['other/bin', 'usr/bin'])).toEqual({ path: execPath, isVersioned: false });
  });
});
