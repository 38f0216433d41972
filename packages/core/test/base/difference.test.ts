import { differences, ignoredPaths } from '../../src/base/difference.js';

const ignoring = (...texts: string[]) => {
  const read = ignoredPaths(texts);
  if ('wrong' in read) throw new Error(`no path: ${read.wrong}`);
  return { ignore: read.paths };
};

describe('the difference of two JSON values', () => {
  it('is empty for equal values, in any order of members', () => {
    expect(differences({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toEqual([]);
    expect(differences({ a: undefined }, {})).toEqual([]);
  });

  it('names each member that was added, removed or changed by its path', () => {
    expect(differences({ a: 1, gone: true, 'two words': 1 }, { a: 2, new: [], 'two words': 2 })).toEqual([
      { path: '$.a', kind: 'changed', before: 1, after: 2 },
      { path: '$.gone', kind: 'removed', before: true },
      { path: '$["two words"]', kind: 'changed', before: 1, after: 2 },
      { path: '$.new', kind: 'added', after: [] },
    ]);
    expect(differences([1], { a: 1 })).toEqual([{ path: '$', kind: 'changed', before: [1], after: { a: 1 } }]);
  });

  it('tells null from a member that is absent', () => {
    expect(differences({ a: null }, {})).toEqual([{ path: '$.a', kind: 'removed', before: null }]);
  });

  it('shows an element that was inserted or removed as one difference', () => {
    expect(differences([{ id: 1 }, { id: 3 }], [{ id: 1 }, { id: 2 }, { id: 3 }])).toEqual([
      { path: '$[1]', kind: 'added', after: { id: 2 } },
    ]);
    expect(differences([1, 2, 3], [2, 3])).toEqual([{ path: '$[0]', kind: 'removed', before: 1 }]);
  });

  it('compares what texts with JSON hold, and other texts as they are', () => {
    expect(differences({ text: '{"n":1, "t":5}' }, { text: '{"t":5,"n":2}' })).toEqual([
      { path: '$.text.n', kind: 'changed', before: 1, after: 2 },
    ]);
    expect(differences('{"n":1}', '{n:1}')).toEqual([{ path: '$', kind: 'changed', before: '{"n":1}', after: '{n:1}' }]);
  });

  it('leaves out ignored paths, and everything below them', () => {
    const before = { at: 1, items: [{ id: 'a', v: 1 }], meta: { at: 3, x: 1 }, text: '{"at":1}' };
    const after = { at: 2, items: [{ id: 'b', v: 2 }], meta: { at: 4, x: 1 }, text: '{"at":2}' };
    expect(differences(before, after, ignoring('at', '$.items[*].id')).map(({ path }) => path)).toEqual(['$.items[0].v']);
    expect(differences(before, after, ignoring('$.at', '$.items', '$..text')).map(({ path }) => path)).toEqual(['$.meta.at']);
    expect(differences({ a: 1 }, { at: 1 }, ignoring('$.a', '$.at'))).toEqual([]);
  });

  it('says which text is no path', () => {
    expect(ignoredPaths(['$.a', '$.a..b['])).toEqual({ wrong: '$.a..b[' });
    expect(ignoredPaths(['$'])).toEqual({ wrong: '$' });
  });

  it('stops at a maximum, and compares what is nested very deeply as a whole', () => {
    expect(differences([1, 2, 3], [4, 5, 6], { most: 2 })).toHaveLength(2);
    const nested = (end: number): unknown => {
      let value: unknown = end;
      for (let level = 0; level < 1_000; level += 1) value = [value];
      return value;
    };
    expect(differences(nested(1), nested(1))).toEqual([]);
    expect(differences(nested(1), nested(2))).toHaveLength(1);
  });
});
