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
    expect(modelNames('claude-code', 'lab', tools)[1]?.warning).toBe(
      'left out: the same as "book.find", and the first one is kept',
    );
  });

  it.each<[NamingHost, string | undefined, string | undefined]>([
    ['claude-code', undefined, 'left out: longer than 128 characters with its prefix'],
    ['gemini', `mcp_lab_${'x'.repeat(22)}...${'x'.repeat(30)}`, 'longer than 64 characters: cut in the middle'],
    ['copilot-cli', `lab-${'x'.repeat(60)}`, 'longer than 64 characters: cut'],
    ['cline', `lab__${'x'.repeat(46)}_<hash>`, 'longer than 60 characters: cut, and a hash is added'],
    ['opencode', `lab_${LONG}`, undefined],
  ])('%s: a name of 128 characters', (host, shown, warning) => {
    expect(modelNames(host, 'lab', [LONG])).toEqual([{ name: LONG, shown, warning }]);
  });

  it('names that are the same only after they were cut', () => {
    const names = modelNames('copilot-cli', 'lab', [`${'y'.repeat(70)}1`, `${'y'.repeat(70)}2`]);
    expect(names.map(({ warning }) => warning)).toEqual([
      expect.stringContaining('cannot tell them apart'),
      expect.stringContaining('cannot tell them apart'),
    ]);
  });
});
