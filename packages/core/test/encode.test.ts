import fc from 'fast-check';

import { encode, textOf, withText } from '../src/encode.js';
import type { JsonObject, JsonRpcMessage } from '../src/protocol.js';

describe('encoding a message', () => {
  const id = fc.oneof(fc.maxSafeInteger(), fc.string({ unit: 'binary' }));
  const result = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<JsonObject>;

  it('gives exactly the text of JSON.stringify, remembered or not', () => {
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
  ])('takes messages without a result: %j', (message) => expect(encode(message)).toBe(JSON.stringify(message)));

  it('writes a remembered text as it is: it is not made again', () => {
    const page = withText({ tools: [] }, '{"tools":["made before"]}');
    expect(encode({ jsonrpc: '2.0', id: 1, result: page })).toBe('{"jsonrpc":"2.0","id":1,"result":{"tools":["made before"]}}');
  });

  it('remembers by the result itself, not by what it looks like', () => {
    const one = withText({ a: 1 }, 'one');
    expect([textOf(one), textOf({ ...one })]).toEqual(['one', undefined]);
  });
});
