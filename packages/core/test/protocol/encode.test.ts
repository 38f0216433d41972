import fc from 'fast-check';

import type { JsonObject } from '../../src/base/json.js';
import { encode, resultText, textOf, withText } from '../../src/protocol/encode.js';
import type { JsonRpcMessage } from '../../src/protocol/messages.js';

describe('encoding a message', () => {
  const id = fc.oneof(fc.maxSafeInteger(), fc.string({ unit: 'binary' }));
  const result = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<JsonObject>;

  it('gives exactly the text of JSON.stringify, with a stored text or without', () => {
    fc.assert(
      fc.property(id, result, fc.boolean(), (requestId, value, remembered) => {
        const message: JsonRpcMessage = { jsonrpc: '2.0', id: requestId, result: value };
        const text = JSON.stringify(message);
        if (remembered) withText(value);
        expect(encode(message)).toBe(text);
      }),
    );
  });

  it.each<JsonRpcMessage>([
    { jsonrpc: '2.0', method: 'notifications/progress', params: { progress: 1 } },
    { jsonrpc: '2.0', id: 'mcp-daemon-1', method: 'roots/list' },
    { jsonrpc: '2.0', id: 7, error: { code: -32602, message: 'no', data: { a: 'ü\n' } } },
    { jsonrpc: '2.0', error: { code: -32700, message: 'no' } },
  ])('encodes messages without a result: %j', (message) => expect(encode(message)).toBe(JSON.stringify(message)));

  it('uses a stored text without encoding again', () => {
    const page = withText({ tools: [] }, '{"tools":["made before"]}');
    expect(encode({ jsonrpc: '2.0', id: 1, result: page })).toBe('{"jsonrpc":"2.0","id":1,"result":{"tools":["made before"]}}');
  });

  it('stores the text per object, not per content', () => {
    const one = withText({ a: 1 }, 'one');
    expect([textOf(one), textOf({ ...one })]).toEqual(['one', undefined]);
  });

  it('puts a single text together exactly as JSON.stringify does, and leaves all else to it', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"', '\\', '\u2028', '\ud800', '\n'));
    const block = fc.oneof(
      text.map((words) => ({ type: 'text', text: words })),
      text.map((words) => ({ text: words, type: 'text' })),
      text.map((words) => ({ type: 'text', text: words, annotations: {} })),
      fc.jsonValue(),
    );
    const whole = fc.oneof(
      block.map((one) => ({ content: [one] })),
      fc.tuple(block, block).map((two) => ({ content: two })),
      block.map((one) => ({ content: [one], isError: true })),
      block.map((one) => ({ content: one })),
    ) as fc.Arbitrary<JsonObject>;
    fc.assert(fc.property(whole, (value) => expect(JSON.parse(resultText(value))).toEqual(JSON.parse(JSON.stringify(value)))));
    expect(resultText({ content: [{ type: 'text', text: 'a "b"\n' }] })).toBe(
      '{"content":[{"type":"text","text":"a \\"b\\"\\n"}]}',
    );
  });
});

it('a block whose JSON is known is not encoded again, whatever else the result has', () => {
  const block = (): { type: string; text: string } => withText({ type: 'text', text: 'x' }, '{"type":"text","text":"x"}');
  expect(resultText({ content: [block()] })).toBe('{"content":[{"type":"text","text":"x"}]}');
  const full = { resultType: 'complete', content: [block()], isError: true, _meta: { a: [1] } };
  expect(JSON.parse(resultText(full))).toEqual(JSON.parse(JSON.stringify(full)));
  expect(resultText({ content: [block()], _meta: undefined })).toBe('{"content":[{"type":"text","text":"x"}]}');
  expect(JSON.parse(resultText({ content: [block(), block()] }))).toEqual({ content: [block(), block()] });
});
