import fc from 'fast-check';

import { automataOf, linearTest } from '../../src/base/regex-automaton.js';
import { parseRegex } from '../../src/base/regex-parse.js';
import { compilePattern, inspectPattern } from '../../src/base/text-pattern.js';

/** Whether a text matches, and the steps that a slow match took. */
function run(pattern: string, text: string): { matches: boolean | undefined; steps: number } {
  let steps = 0;
  const matches = compilePattern(pattern).test(text, (more) => {
    steps += more;
  });
  return { matches, steps };
}

describe('a pattern with repetitions inside repetitions', () => {
  it.each<[pattern: string, text: string, matches: boolean]>([
    ['^(\\w+\\s?)*$', `${'a'.repeat(30)}!`, false],
    ['^(\\w+\\s?)*$', `${'a'.repeat(5_000)}`, true],
    ['^(a+)+$', `${'a'.repeat(5_000)}b`, false],
    ['(a*)*b', 'a'.repeat(5_000), false],
    ['(a|aa)+$', `${'a'.repeat(5_000)}!`, false],
    ['^(a?){30}a{30}$', 'a'.repeat(30), true],
    ['\\s+$', `${' '.repeat(20_000)}x`, false],
    ['^.*a.*b.*c.*$', 'a'.repeat(5_000), false],
  ])('takes steps in proportion to the text: %s', (pattern, text, matches) => {
    const found = run(pattern, text);
    expect(found.matches).toBe(matches);
    expect(found.steps).toBeLessThan(10_000 + 40 * text.length);
  });

  it('is not run on long texts if it looks around or refers back', () => {
    const { longest, test } = compilePattern('^(?=a)(a+)+$');
    expect(longest).toBeLessThan(30);
    expect(test('a'.repeat(longest), () => undefined)).toBe(true);
    expect(test('a'.repeat(longest + 1), () => undefined)).toBeUndefined();
  });

  it('ends when the steps are not allowed', () => {
    const stop = (): never => {
      throw new Error('enough');
    };
    expect(() => compilePattern('^(a+)+$').test('a'.repeat(100), stop)).toThrow('enough');
  });
});

describe('a simple pattern', () => {
  it.each([
    '^[a-z0-9-]+$',
    '^\\d{4}\\-\\d{2}$',
    '^https\\:\\/\\/',
    'abc',
    '^(GET|POST)$',
    '^(?=.*[A-Z])(?=.*\\d).{8,}$',
    '^.{1,4000}$',
  ])('runs on texts of any length at once: %s', (pattern) => {
    expect(compilePattern(pattern).longest).toBe(Infinity);
    expect(run(pattern, 'a'.repeat(1_000_000)).steps).toBe(0);
  });
});

describe('the automaton of a pattern', () => {
  it('agrees with the engine', () => {
    const character = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\.', 'é', '\\x61', '\\u{1F600}');
    const { regex } = fc.letrec<{ regex: string }>((tie) => ({
      regex: fc.oneof(
        { maxDepth: 4, depthSize: 'small' },
        character,
        fc.tuple(tie('regex'), tie('regex')).map(([a, b]) => a + b),
        fc.tuple(tie('regex'), tie('regex')).map(([a, b]) => `(?:${a}|${b})`),
        fc
          .tuple(tie('regex'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{0,2}', '{2,}', '*?'))
          .map(([a, q]) => `(${a})${q}`),
        tie('regex').map((a) => `(?<n>${a})|${a}`.replaceAll('?<n>', '?:')),
      ),
    }));
    const anchored = fc
      .tuple(regex, fc.constantFrom('', '^'), fc.constantFrom('', '$'))
      .map(([a, start, end]) => `${start}(?:${a})${end}`);
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '\n', 'é', '😀'), maxLength: 8 });
    fc.assert(
      fc.property(fc.oneof(regex, anchored), fc.array(text, { maxLength: 5 }), (source, texts) => {
        const parsed = parseRegex(source, true);
        const test = linearTest(parsed, 'u');
        if (test === undefined) return expect(automataOf(parsed)).toBeUndefined();
        for (const each of texts)
          expect([source, each, test(each, () => undefined)]).toEqual([source, each, new RegExp(source, 'u').test(each)]);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(['(?=a)b', '(a)\\1', '\\bword', 'a^b', '(?<n>a)\\k<n>'])('does not exist for %s', (source) => {
    expect(linearTest(parseRegex(source, true), 'u')).toBeUndefined();
  });

  it('reads what is valid without Unicode mode only', () => {
    for (const [source, text] of [
      ['^(\\-)+$', '--'],
      ['^(a{)+$', 'a{'],
      ['^(])+$', ']]'],
      ['^(\\:|x})+$', ':x}'],
    ] as const) {
      expect([source, run(source, text).matches]).toEqual([source, true]);
      expect([source, linearTest(parseRegex(source, false), '')?.(text, () => undefined)]).toEqual([source, true]);
    }
  });
});

describe('the check of a pattern', () => {
  it.each(['(', '\\p{Nope}', 'a**', '[b-a]'])('refuses %s', (source) => {
    expect(inspectPattern(source).problem).toContain('is not a valid regular expression');
  });

  it.each(['(\\w+\\.)+', '([a-z]+,)*[a-z]+', '(a|b)+', '(\\d{3}-?)+x', '(\\r?\\n)+', '(?:[^"\\\\]|\\\\.)*'])(
    'finds nothing in %s, which is unambiguous',
    (source) => {
      expect(inspectPattern(source)).toEqual({});
    },
  );

  it.each(['(a+)+', '(a*)*', '(a|a)*', '(\\w|\\d)+x', '(a+b?)*c', '([a-z]+.?)+$', '(.*)*'])('warns of %s', (source) => {
    expect(inspectPattern(source).warning).toContain('exponential time');
  });
});
