import type { NamingHost } from '../../src/hosts/model-names.js';
import { modelNames } from '../../src/hosts/model-names.js';

const LONG = 'x'.repeat(128);

describe('the names that a host makes of tools', () => {
  it.each<[NamingHost, string, string]>([
    ['claude-code', 'a-b', 'mcp__lab__a-b'],
    ['codex', 'a-b', 'mcp__lab__a_b'],
    ['gemini', 'a.b', 'mcp_lab_a.b'],
    ['opencode', 'a.b', 'lab_a_b'],
    ['copilot-cli', 'a.b', 'lab-a-b'],
    ['qwen', 'a_b', 'mcp__lab__a_b'],
    ['cline', 'a_b', 'lab__a_b'],
  ])('%s: %s is %s', (host, name, shown) => {
    expect(modelNames(host, 'lab', [name])).toEqual([{ name, shown, warning: undefined }]);
  });

  it('names that become the same: which is left out, and which gets a hash', () => {
    const tools = ['book.find', 'book_find', 'other'];
    const shown = (host: NamingHost): unknown[] => modelNames(host, 'lab', tools).map((name) => name.shown);
    expect(shown('claude-code')).toEqual(['mcp__lab__book_find', undefined, 'mcp__lab__other']);
    expect(shown('opencode')).toEqual([undefined, 'lab_book_find', 'lab_other']);
    expect(shown('codex')).toEqual(['mcp__lab__book_find_<hash>', 'mcp__lab__book_find_<hash>', 'mcp__lab__other']);
    expect(shown('gemini')).toEqual(['mcp_lab_book.find', 'mcp_lab_book_find', 'mcp_lab_other']);
    // Only the name that was changed gets a hash.
    expect(shown('qwen')).toEqual(['mcp__lab__book_find_<hash>', 'mcp__lab__book_find', 'mcp__lab__other']);
    expect(shown('cline')).toEqual(['lab__book_find_<hash>', 'lab__book_find', 'lab__other']);
    expect(modelNames('claude-code', 'lab', tools)[1]?.warning).toBe(
      'left out: the same as "book.find", and the first one is kept',
    );
  });

  it.each<[NamingHost, string | undefined, string | undefined]>([
    ['claude-code', undefined, 'left out: longer than 128 characters with its prefix'],
    ['gemini', `mcp_lab_${'x'.repeat(22)}...${'x'.repeat(30)}`, 'longer than 63 characters: cut in the middle'],
    ['copilot-cli', `lab-${'x'.repeat(60)}`, 'longer than 64 characters: cut'],
    ['cline', `lab__${'x'.repeat(50)}_<hash>`, 'longer than 64 characters: cut, and a hash is added'],
    ['qwen', `mcp__lab__${'x'.repeat(45)}_<hash>`, 'longer than 63 characters: cut, and a hash is added'],
    ['codex', `mcp__lab__${'x'.repeat(105)}_<hash>`, 'longer than 128 characters: cut, and a hash is added'],
    ['opencode', `lab_${LONG}`, undefined],
  ])('%s: a name of 128 characters', (host, shown, warning) => {
    expect(modelNames(host, 'lab', [LONG])).toEqual([{ name: LONG, shown, warning }]);
  });

  it.each<[NamingHost, number]>([
    ['claude-code', 118],
    ['codex', 118],
    ['gemini', 55],
    ['copilot-cli', 60],
    ['qwen', 53],
    ['cline', 59],
  ])('%s: a name of %i characters is shown whole, and a longer one is not', (host, length) => {
    const [whole, longer] = modelNames(host, 'lab', ['n'.repeat(length), 'm'.repeat(length + 1)]);
    expect(whole).toMatchObject({ shown: expect.stringContaining('n'.repeat(length)), warning: undefined });
    expect(longer?.warning).toMatch(/longer than/);
  });

  it('names that are the same only after they were cut: Copilot CLI adds a number, Gemini CLI shows the last', () => {
    const cut = [1, 2, 3].map((n) => `${'y'.repeat(70)}${n}`);
    const copilot = modelNames('copilot-cli', 'lab', cut);
    expect(copilot.map(({ shown }) => shown)).toEqual(['y', '2', '3'].map((end) => `lab-${'y'.repeat(59)}${end}`));
    const middle = modelNames(
      'gemini',
      'lab',
      ['1', '2'].map((n) => 'p'.repeat(35) + n + 'q'.repeat(35)),
    );
    expect(middle.map(({ shown }) => shown)).toEqual([undefined, `mcp_lab_${'p'.repeat(22)}...${'q'.repeat(30)}`]);
  });

  it('Gemini CLI shows the last of equal names in the file, Copilot CLI the last by name', () => {
    const kept = (host: NamingHost, tools: string[]): unknown[] =>
      modelNames(host, 'lab', tools).flatMap(({ name, shown }) => (shown === undefined ? [] : [name]));
    expect(kept('gemini', ['a/b', 'a_b'])).toEqual(['a_b']);
    expect(kept('gemini', ['a_b', 'a/b'])).toEqual(['a/b']);
    expect(kept('copilot-cli', ['a-b', 'a.b'])).toEqual(['a.b']);
    expect(kept('copilot-cli', ['a.b', 'a-b'])).toEqual(['a.b']);
    expect(modelNames('copilot-cli', 'lab', ['a.b', 'a-b'])[1]?.warning).toBe(
      'left out: the same as "a.b", and the last one by name is kept',
    );
  });
});
