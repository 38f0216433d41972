import fc from 'fast-check';

import { parsePath, redact, REDACTED, valuesAt } from '../../src/base/json-path.js';

describe('redaction', () => {
  const card = {
    card: { number: '4111', cvc: '123' },
    items: [
      { token: 'a', n: 1 },
      { token: 'b', n: 2 },
    ],
    'a key': ['x', 'y'],
  };

  it.each([
    ['$.card.number', { ...card, card: { number: REDACTED, cvc: '123' } }],
    ['$.card.*', { ...card, card: { number: REDACTED, cvc: REDACTED } }],
    ['$.card', { ...card, card: REDACTED }],
    [
      '$.items[*].token',
      {
        ...card,
        items: [
          { token: REDACTED, n: 1 },
          { token: REDACTED, n: 2 },
        ],
      },
    ],
    ['$.items[1].token', { ...card, items: [card.items[0], { token: REDACTED, n: 2 }] }],
    ["$['a key'][0]", { ...card, 'a key': [REDACTED, 'y'] }],
    ['$["a key"]', { ...card, 'a key': REDACTED }],
    ['$.items[*]', { ...card, items: [REDACTED, REDACTED] }],
  ])('replaces only the values that %s names', (path, expected) => {
    expect(redact(card, [path])).toEqual(expected);
  });

  it.each(['$.nothing', '$.items[7].token', '$.items.token', '$.card.number.deeper', '$.card[0]', 'card.number', '$', ''])(
    '%p names nothing and changes nothing',
    (path) => expect(redact(card, [path])).toEqual(card),
  );

  it('replaces the values of several paths', () => {
    expect(redact({ a: 1, b: { c: 2 }, d: 3 }, ['$.a', '$.b.c'])).toEqual({ a: REDACTED, b: { c: REDACTED }, d: 3 });
  });

  it('does not change the given value', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('$.*', '$[*]', '$[0]', '$.a.b', '$.*.*'), (text, path) => {
        const value: unknown = JSON.parse(text);
        redact(value, [path]);
        expect(value).toEqual(JSON.parse(text));
      }),
    );
  });

  it('replaces a member named __proto__, and does not set the prototype', () => {
    const value: unknown = JSON.parse('{"__proto__":{"secret":1},"a":2}');
    const copy = redact(value, ["$['__proto__'].secret"]);
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"secret":"[redacted]"},"a":2}');
    expect(redact({}, ['$.toString'])).toEqual({});
  });

  it.each(['$.', '$.a..b', '$[a]', '$[-1]', '$.a[', 'a', "$['a", '$.1a'])('does not read %p as a path', (path) => {
    expect(parsePath(path)).toBeUndefined();
  });
});

describe('the values at a path', () => {
  const order = { amount: 5, items: [{ price: 1 }, { price: 2 }, {}], 'a key': { x: null } };

  it.each<[string, unknown[]]>([
    ['$.amount', [5]],
    ['$.items[1].price', [2]],
    ['$.items[*].price', [1, 2]],
    ["$['a key'].*", [null]],
    ['$.items[7].price', []],
    ['$.amount.x', []],
    ['$.items.length', []],
    ['$.toString', []],
    ['not a path', []],
  ])('%s are %j', (path, values) => {
    expect(valuesAt(order, path)).toEqual(values);
  });
});
