import { hider } from '../../src/hosts/hide.js';

const SECRET = 'swordfish-1';

describe('the shown text of a config file', () => {
  it('has no value of a variable or header, of any server, and numbers in their place', () => {
    const entries = [
      { env: { KEY: SECRET, REGION: 'eu' }, args: ['eu', 'us'] },
      { headers: { Authorization: `Bearer ${SECRET}` }, url: 'http://x' },
      { environment: { SAME: SECRET, EMPTY: '', COUNT: 1 } },
    ];
    const hide = hider(entries, 'json');
    const text = JSON.stringify({ mcpServers: entries }, null, 2);
    const shown = hide(text);
    expect(shown).not.toContain(SECRET);
    expect(JSON.parse(shown)).toEqual({
      mcpServers: [
        { env: { KEY: '<hidden 1>', REGION: '<hidden 2>' }, args: ['<hidden 2>', 'us'] },
        { headers: { Authorization: '<hidden 3>' }, url: 'http://x' },
        { environment: { SAME: '<hidden 1>', EMPTY: '', COUNT: 1 } },
      ],
    });
  });

  it('has no secret that is written with escapes, in a comment, or as a part of a string', () => {
    const hide = hider([{ env: { A: SECRET, B: 'a "quoted" value' } }], 'json');
    const text = `{ "A": "sw\\u006frdfish-1", "B": "a \\"quoted\\" value", "url": "http://${SECRET}@x" } // was ${SECRET}, isn't "it`;
    expect(hide(text)).toBe(
      `{ "A": "<hidden 1>", "B": "<hidden 2>", "url": "http://<hidden 1>@x" } // was <hidden 1>, isn't "it`,
    );
  });

  it('keeps keys, and short values inside of words', () => {
    const hide = hider([{ env: { name: 'env', on: '1' } }], 'json');
    expect(hide('{ "env" : { "name": "env", "on": "1" }, "b": "11" }')).toBe(
      '{ "env" : { "name": "<hidden 1>", "on": "<hidden 2>" }, "b": "11" }',
    );
  });

  it('has no secret in any string of TOML', () => {
    const hide = hider([{ env: { A: SECRET, B: 'two\nlines' } }], 'toml');
    const text = [
      `a = '${SECRET}'`,
      `b = """\ntwo\nlines"""`,
      `c = '''two\nlines'''`,
      `env = { "A" = "${SECRET}", B = "two\\nlines" } # it's "x`,
    ].join('\n');
    expect(hide(text).split('\n')).toEqual([
      `a = "<hidden 1>"`,
      `b = "<hidden 2>"`,
      `c = "<hidden 2>"`,
      `env = { "A" = "<hidden 1>", B = "<hidden 2>" } # it's "x`,
    ]);
  });
});
