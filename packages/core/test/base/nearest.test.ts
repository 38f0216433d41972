import { didYouMean, nearest, Suggester } from '../../src/base/nearest.js';

describe('nearest', () => {
  it('ignores case and the marks that join words', () => {
    expect(nearest('my-tools', ['mytool', 'mytools'])).toBe('mytools');
    expect(nearest('lib/My_Tools', ['lib.my-tools'])).toBe('lib.my-tools');
    expect(nearest('Tools', ['tools'])).toBe('tools');
  });

  it('finds a name with a typo: a letter more, less, other or swapped', () => {
    for (const typo of ['lisst', 'lst', 'lizt', 'lits']) expect(nearest(typo, ['call', 'list'])).toBe('list');
  });

  it('prefers a name that begins with the word to a name with a typo', () => {
    expect(nearest('fail', ['fall', 'failed', 'completed'])).toBe('failed');
    expect(nearest('ad', ['list', 'add'])).toBe('add');
  });

  it('finds nothing if more than a third of the letters, or more than three letters, differ', () => {
    expect(nearest('xyz', ['list', 'call'])).toBeUndefined();
    expect(nearest('ab', ['ac'])).toBeUndefined();
    expect(nearest('abcdefghijklmnop', ['abcdefghijklWXYZ'])).toBeUndefined();
    expect(nearest('', ['a'])).toBeUndefined();
  });

  it('never proposes the word itself', () => {
    expect(nearest('same', ['same'])).toBeUndefined();
    expect(nearest('same', ['same', 'Same'])).toBe('Same');
  });

  it('returns the first of equally similar names', () => {
    expect(nearest('cat', ['car', 'cab'])).toBe('car');
  });
});

it('didYouMean ends a message, or adds nothing to it', () => {
  expect(`unknown command "lits"${didYouMean('lits', ['list'])}`).toBe('unknown command "lits"; did you mean "list"?');
  expect(didYouMean('xyz', ['list'])).toBe('');
});

it('a Suggester stops after a maximum number of comparisons', () => {
  const many = Array.from({ length: 60_000 }, (_, index) => `name ${index} of many`);
  const suggester = new Suggester();
  expect(suggester.nearest('needle', [...many, 'needles'])).toBeUndefined();
  expect(suggester.nearest('needle', ['needles'])).toBeUndefined();
  expect(new Suggester().nearest('needle', ['needles'])).toBe('needles');
});
