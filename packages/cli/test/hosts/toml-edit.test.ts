import { parse } from 'smol-toml';

import type { HostEntry } from '../../src/hosts/host.js';
import { mergeEntry } from '../../src/hosts/merge.js';
import { readToml } from '../../src/hosts/toml-edit.js';
import { statementsOf } from '../../src/hosts/toml-statements.js';

const KEY = 'mcp_servers';
const ENTRY = { command: '/usr/bin/node', args: ['a b', 'C:\\x', '"'], required: true };

function set(text: string, name: string, entry: HostEntry): string {
  const document = readToml(text, KEY, 'config.toml');
  return document.with(name, mergeEntry(document.entry(name), entry));
}
const remove = (text: string, name: string): string => readToml(text, KEY, 'config.toml').with(name, undefined);

describe('edits of a TOML file', () => {
  it.each([
    ['an empty file', ''],
    ['a file without servers', '# top\nmodel = "x"\n'],
    ['a table before', '[mcp_servers.other] # o\ncommand = "a"\nargs = [\n  "b", # one ] "\n  "c",\n]\n'],
    ['a table after', '[mcp_servers.other]\na = 1\n\n# about z\n[z]\nb = 2\n'],
    ['a header of all servers', '[mcp_servers]\n# none yet\n'],
    ['dotted keys', 'mcp_servers.other.command = "x"\n[z]\na = 1\n'],
    ['windows line ends', '# c\r\n[mcp_servers.other]\r\ncommand = "a"\r\n'],
    ['strings of many lines', 'a = """\n[mcp_servers.shop]\n"quoted\\"""# x"""\nb = \'\'\'\n[x\'\'\'\'\'\nc = 1979-05-27\n'],
  ])('in %s, a table is added, changed and removed, and the rest stays', (_, before) => {
    const added = set(before, 'shop', ENTRY);
    expect(parse(added)).toMatchObject({ mcp_servers: { shop: ENTRY } });
    expect(added.startsWith(before)).toBe(true);
    if (before.includes('\r\n')) expect(added.replaceAll('\r\n', '')).not.toContain('\n');
    const changed = set(added, 'shop', { command: 'x', args: [] });
    expect(parse(changed)).toMatchObject({ mcp_servers: { shop: { command: 'x', args: [], required: true } } });
    expect(remove(changed, 'shop')).toBe(before);
  });

  it('a change keeps the comments of the entry, and the members that the user has added', () => {
    const before =
      '[mcp_servers.shop]\ncommand = "old" # mine\nargs = [\n  "x", # y\n]\ncwd = "/a"\n\n[mcp_servers.shop.env]\nK = "v" # k\n\n[z]\n';
    expect(set(before, 'shop', { command: 'new', args: ['a'] })).toBe(
      '[mcp_servers.shop]\ncommand = "new" # mine\nargs = ["a"]\ncwd = "/a"\n\n[mcp_servers.shop.env]\nK = "v" # k\n\n[z]\n',
    );
  });

  it('variables in a table of their own are changed there, and the others and their comments stay', () => {
    const before =
      '[mcp_servers.shop]\ncommand = "old"\nargs = []\n\n[mcp_servers.shop.env] # mine\nK = "v" # k\nL = "w"\n\n[z]\n';
    expect(set(before, 'shop', { command: 'old', args: [], env: { K: 'new', M: 'x' } })).toBe(
      '[mcp_servers.shop]\ncommand = "old"\nargs = []\n\n[mcp_servers.shop.env] # mine\nK = "new" # k\nL = "w"\nM = "x"\n\n[z]\n',
    );
  });

  it('variables on one line are changed there, and the others stay', () => {
    const before = '[mcp_servers.shop]\ncommand = "old"\nenv = { K = "v", L = "w" } # mine\n';
    expect(set(before, 'shop', { command: 'old', env: { K: 'new' } })).toBe(
      '[mcp_servers.shop]\ncommand = "old"\nenv = { K = "new", L = "w" } # mine\n',
    );
  });

  it('a change of the transport removes the members of the other one, sub-tables too', () => {
    const before =
      '[mcp_servers.shop.env]\nK = "v"\n\n[mcp_servers.shop]\ncommand = "old"\nargs = []\nenabled = true\n\n# z\n[z]\n';
    const after = set(before, 'shop', { url: 'http://x', http_headers: { A: 'b' } });
    expect(parse(after)).toEqual({ mcp_servers: { shop: { enabled: true, url: 'http://x', http_headers: { A: 'b' } } }, z: {} });
    expect(after).toContain('\n# z\n[z]\n');
    const back = set(
      after.replace('http_headers = { A = "b" }\n', '').replace('# z', '[mcp_servers.shop.http_headers]\nA = "c"\n# z'),
      'shop',
      {
        url: 'http://x',
        http_headers: { A: 'd' },
      },
    );
    expect(parse(back)).toEqual({ mcp_servers: { shop: { enabled: true, url: 'http://x', http_headers: { A: 'd' } } }, z: {} });
  });

  it.each(['a.b', '__proto__', 'ü', ''])('a server named %j is added and removed', (name) => {
    const added = set('x = 1\n', name, { command: 'c' });
    expect(readToml(added, KEY, 'f').entry(name)).toEqual({ command: 'c' });
    expect(remove(added, name)).toBe('x = 1\n');
  });

  it.each([
    ['an inline table', 'mcp_servers = { shop = { command = "x" } }\n'],
    ['dotted keys', 'mcp_servers.shop.command = "x"\n'],
    ['dotted keys in a table', '[mcp_servers]\nshop.command = "x"\n'],
  ])('an entry written as %s is refused, never broken', (_, text) => {
    expect(() => set(text, 'shop', ENTRY)).toThrow('has no table header [mcp_servers.shop] of its own');
    expect(() => remove(text, 'shop')).toThrow('The file was not changed');
  });

  it('a file that is not valid is refused with its line', () => {
    expect(() => readToml('a = 1\nb = [\n', KEY, 'f.toml')).toThrow(/^f\.toml:\d+:\d+: .*The file was not changed/);
    expect(() => readToml('mcp_servers = 1\n', KEY, 'f.toml')).toThrow('"mcp_servers" must be a table');
  });

  it('statements end before their comment, and know the table that they are in', () => {
    const text = '"a=b" = "x" # c\n[ t . "u.v" ] # d\nk = [1, # e\n 2]\n[[l]]\nz.y = {q = "]"}';
    expect(statementsOf(text).map(({ path, from, to }) => [path, text.slice(from, to)])).toEqual([
      [['a=b'], '"a=b" = "x"'],
      [['t', 'u.v'], '[ t . "u.v" ]'],
      [['t', 'u.v', 'k'], 'k = [1, # e\n 2]'],
      [['l'], '[[l]]'],
      [['l', 'z', 'y'], 'z.y = {q = "]"}'],
    ]);
  });
});
