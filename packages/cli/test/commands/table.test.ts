import { painter } from '../../src/terminal/terminal.js';
import { inert, oneLine, table } from '../../src/terminal/text.js';

const paint = painter(true);

describe('tables', () => {
  it('keep the head whole on a terminal narrower than the columns before it', () => {
    const head = ['A'.repeat(50), 'NAME'].map((word) => paint('dim', word));
    expect(table([head, ['x', 'y']], 40)[0]).toBe(head.join('  '));
  });

  it('align wide characters, and cut by columns, never inside of a character', () => {
    const rows = table([
      ['日本', 'x'],
      ['🎉a', 'x'],
      ['abcd', 'x'],
    ]);
    expect(rows).toEqual(['日本  x', '🎉a   x', 'abcd  x']);
    expect(oneLine('日本語です', 6)).toBe('日本…');
    expect(oneLine('🎉🎉🎉', 4)).toBe('🎉…');
    expect(oneLine('abcdef', 6)).toBe('abcdef');
  });

  it('show what would move the cursor, change the terminal or turn the text', () => {
    expect(oneLine('a\u001b[2J\nb\u0007')).toBe('a\\u001b[2J b\\u0007');
    expect(inert('a\tb\n\u009b31m\u202e')).toBe('a\tb\n\\u009b31m\\u202e');
  });
});
