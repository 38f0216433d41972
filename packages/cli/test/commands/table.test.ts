import { painter } from '../../src/terminal/terminal.js';
import { escapeControls, oneLine, table } from '../../src/terminal/text.js';

const paint = painter(true);

describe('tables', () => {
  it('a table keeps its head on a terminal that is too narrow', () => {
    const head = ['A'.repeat(50), 'NAME'].map((word) => paint('dim', word));
    expect(table([head, ['x', 'y']], 40)[0]).toBe(head.join('  '));
  });

  it('wide characters are aligned, and text is cut by columns, never inside a character', () => {
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

  it('control characters are made visible', () => {
    expect(oneLine('a\u001b[2J\nb\u0007')).toBe('a\\u001b[2J b\\u0007');
    expect(escapeControls('a\tb\n\u009b31m\u202e')).toBe('a\tb\n\\u009b31m\\u202e');
  });
});
