import { MAX_MESSAGE_VALUES, MAX_NESTING, refuseInexactId, weighMessage } from '../../src/protocol/scan.js';

/** Longer than what is scanned at all. */
const PADDING = `"${'x'.repeat(5_000)}"`;
const nested = (levels: number, open: string, close: string): string =>
  `[${PADDING},${open.repeat(levels - 1)}${close.repeat(levels - 1)}]`;

const refused = (message: string): Error =>
  expect.objectContaining({ code: 'parse_error', message: expect.stringContaining(message) as string }) as Error;

describe('the weight of a message', () => {
  it('is its length if it is small, regardless of its content', () => {
    for (const text of ['', '{}', 'no JSON', '['.repeat(4_000)]) expect(weighMessage(text)).toBe(text.length);
  });

  it('grows with the number of its values: empty objects take far more memory than text', () => {
    const text = JSON.stringify('x'.repeat(1_000_000));
    const objects = JSON.stringify(Array.from({ length: 333_333 }, () => ({})));
    expect(weighMessage(text)).toBe(text.length);
    expect(weighMessage(objects)).toBeGreaterThan(20 * objects.length);
  });

  it(`is refused for more than ${MAX_MESSAGE_VALUES} values`, () => {
    const values = (count: number): string => `[${'{},'.repeat(count / 3)}{}]`; // an object counts as two
    expect(weighMessage(values(MAX_MESSAGE_VALUES - 10))).toBeGreaterThan(MAX_MESSAGE_VALUES);
    expect(() => weighMessage(values(MAX_MESSAGE_VALUES + 10))).toThrow(refused('1000000 values'));
  });

  it('is refused for too many different names; names that come again do not count', () => {
    const objects = (count: number, name: (index: number) => string): string =>
      JSON.stringify(Array.from({ length: count }, (_, index) => ({ [name(index)]: index })));
    expect(
      weighMessage(
        objects(20_000, (index) => `n${index}`),
        200_000,
      ),
    ).toBeGreaterThan(200_000);
    expect(() =>
      weighMessage(
        objects(20_001, (index) => `n${index}`),
        200_000,
      ),
    ).toThrow(refused('20000 different names'));
    expect(
      weighMessage(
        objects(60_000, (index) => `n${index % 1_000}`),
        200_000,
      ),
    ).toBeGreaterThan(200_000);
    const one = JSON.stringify(Object.fromEntries(Array.from({ length: 20_001 }, (_, index) => [`n${index}`, 1])));
    expect(() => weighMessage(one.replaceAll(':', ' \n :'), 200_000)).toThrow(refused('names'));
  });

  it(`is refused for more than ${MAX_NESTING} levels of arrays and objects`, () => {
    expect(weighMessage(nested(MAX_NESTING, '[', ']'))).toBeGreaterThan(5_000);
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const)
      expect(() => weighMessage(nested(MAX_NESTING + 1, open, close))).toThrow(refused('200 levels'));
  });

  it('does not count brackets inside strings', () => {
    for (const text of ['[['.repeat(3_000), '\\"[['.repeat(3_000), '\\\\'.repeat(3_000), `\\\\\\"${'{'.repeat(5_000)}`])
      expect(weighMessage(`["${text}",1]`)).toBeLessThan(text.length + 200);
    expect(() => weighMessage(`["${'\\\\'.repeat(3_000)}",${'['.repeat(300)}`)).toThrow(refused('levels'));
  });

  // How long it takes is measured by bench/hostile.mjs.
  it.each<[string, string]>([
    ['closing brackets', ']'],
    ['quotes', '"'],
    ['backslashes', '"\\'],
    ['escaped quotes', '\\"'],
    ['letters', 'x'],
  ])('is its length for 9 MB of %s, which the parser refuses', (_what, piece) => {
    expect(weighMessage(piece.repeat(9_000_000 / piece.length))).toBe(9_000_000);
  });

  it('is not found for 9 MB of opening brackets: they are refused at the limit of nesting', () => {
    expect(() => weighMessage('['.repeat(9_000_000))).toThrow(refused('200 levels'));
  });
});

describe('an id that JavaScript cannot represent exactly', () => {
  const refuse = (text: string): string | undefined => refuseInexactId(JSON.parse(text), text);

  it.each([
    ['9007199254740993', '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}'],
    ['9223372036854775807', '{"method":"x","params":{"id":1,"a":"\\"id\\":2"}, "id" : 9223372036854775807 }'],
    ['-1e400', '{"id":-1e400,"method":"ping"}'],
    ['1.5', '{"id":1,"id":1.5,"method":"ping"}'],
  ])('is answered as it was written: %s', (id, text) => {
    expect(refuse(text)).toMatch(new RegExp(`^\\{"jsonrpc":"2\\.0","id":${id},"error":\\{"code":-32600,`));
  });

  it.each([
    '{"jsonrpc":"2.0","id":9007199254740991,"method":"ping"}',
    '{"id":"9007199254740993","method":"ping"}',
    '{"id":null,"method":"ping"}',
    '{"method":"ping","params":{"id":9007199254740993}}',
    '{"id":9007199254740993,"result":{}}',
    '[{"id":9007199254740993,"method":"ping"}]',
    '5',
    'null',
  ])('does not affect other messages: %s', (text) => {
    expect(refuse(text)).toBeUndefined();
  });

  it('is answered without the id if it cannot be found', () => {
    expect(refuse('{"\\u0069d":9007199254740993,"method":"ping"}')).toMatch(/^\{"jsonrpc":"2\.0","error":/);
  });
});
