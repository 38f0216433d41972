import fc from 'fast-check';

import { toUnicodeMode } from '../../src/base/regex-unicode.js';

describe('a regular expression that is valid without the flag u alone', () => {
  it.each([
    ['^https\\:\\/\\/', '^https:\\/\\/'],
    ['\\d{4}\\-\\d{2}', '\\d{4}-\\d{2}'],
    ['^[\\w-.]+@[\\w-]+$', '^[\\w\\-.]+@[\\w-]+$'],
    ['^[.-\\d]$', '^[.\\-\\d]$'],
    ['[\\_\\-\\:]', '[_\\-:]'],
    ['^{name}$', '^\\{name\\}$'],
    ['a]b', 'a\\]b'],
    ['\\"\\@\\#', '"@#'],
    ['\\x4\\e', 'x4e'],
    ['\\u00\\a[\\u1]', 'u00a[u1]'],
  ])('%s becomes %s', (source, expected) => {
    expect(toUnicodeMode(source)).toBe(expected);
  });

  it.each(['^a+$', '\\p{L}', '[a-z]{2,}', ''])('%j is valid with it, and stays', (source) => {
    expect(toUnicodeMode(source)).toBe(source);
  });

  it.each(['(?P<year>\\d+)', '(a', '(?=a)*', '\\c', '[z-a]'])('%j cannot be rewritten', (source) => {
    expect(toUnicodeMode(source)).toBeUndefined();
  });

  it('matches the same texts, whatever it is made of', () => {
    const piece = fc.constantFrom(
      'a',
      '-',
      '\\-',
      '\\:',
      '\\w',
      '\\d',
      '\\D',
      '[',
      ']',
      '[^',
      '{',
      '}',
      '{2}',
      '{1,',
      '(',
      ')',
      '|',
      '.',
      '*',
      '+',
      '?',
      '^',
      '$',
      '\\/',
      '_',
    );
    const text = fc.string({
      unit: fc.constantFrom('a', '-', ':', '_', '1', '{', '}', ']', '[', '/', '2', ',', '^', '\\'),
      maxLength: 6,
    });
    let compared = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.array(text, { minLength: 5, maxLength: 20 }), (pieces, texts) => {
        const source = pieces.join('');
        const rewritten = toUnicodeMode(source);
        if (rewritten === undefined || rewritten === source) return;
        compared += 1;
        const [before, after] = [new RegExp(source), new RegExp(rewritten, 'u')];
        for (const one of texts) expect([source, one, after.test(one)]).toEqual([source, one, before.test(one)]);
      }),
      { numRuns: 3_000 },
    );
    expect(compared).toBeGreaterThan(50);
  });
});
