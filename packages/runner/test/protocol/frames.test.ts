import fc from 'fast-check';

import type { Message, SmallMessage } from '../../src/protocol/frames.js';
import {
  attachmentsOf,
  encodeParts,
  encodeSmall,
  FrameReader,
  HEADER_BYTES,
  jsonOf,
  MAX_BODY_BYTES,
  smallMessage,
} from '../../src/protocol/frames.js';

interface Received {
  type: number;
  id: number;
  json: string;
  rest: Buffer;
}

/** Reads bytes in chunks of these sizes, over and over. */
function readAll(bytes: Buffer, sizes: readonly number[], maxBytes = Infinity): Received[] {
  const received: Received[] = [];
  const reader = new FrameReader(maxBytes, (message: Message) => {
    const rest = message.attached ? attachmentsOf(message) : [];
    received.push({ type: message.type, id: message.id, json: jsonOf(message), rest: Buffer.from(rest) });
  });
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    reader.push(bytes.subarray(at, at + size));
    at += size;
  }
  return received;
}

const small = (type: number, id: number, json: string, texts: string[] = []): SmallMessage =>
  smallMessage(type, id, json, texts, MAX_BODY_BYTES)!;
const encodeLarge = (type: number, id: number, json: string, attachments: Uint8Array[] = []): Buffer =>
  Buffer.concat([...encodeParts(type, id, json, attachments)]);

const ids = fc.integer({ min: 0, max: 0xffff_ffff });
const types = fc.integer({ min: 1, max: 255 });
const chunkSizes = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 5 });

describe('frames', () => {
  it('give the same messages, however the bytes are cut', () => {
    const messages = fc.array(fc.tuple(types, ids, fc.string({ unit: 'grapheme' })), { maxLength: 20 });
    fc.assert(
      fc.property(messages, chunkSizes, (list, sizes) => {
        const bytes = encodeSmall(list.map(([type, id, json]) => small(type, id, json)));
        expect(readAll(bytes, sizes).map(({ type, id, json }) => [type, id, json])).toEqual(list);
      }),
    );
  });

  it('carry texts behind the JSON, in one frame', () => {
    const text = fc.string({ unit: 'grapheme' });
    const messages = fc.array(fc.tuple(ids, text, fc.array(text, { minLength: 1, maxLength: 3 })), { maxLength: 10 });
    fc.assert(
      fc.property(messages, chunkSizes, (list, sizes) => {
        const bytes = encodeSmall(list.map(([id, json, texts]) => small(3, id, json, texts)));
        expect(readAll(bytes, sizes).map(({ id, json, rest }) => [id, json, rest.toString()])).toEqual(
          list.map(([id, json, texts]) => [id, json, texts.join('')]),
        );
      }),
    );
  });

  it('are not made of messages that need several', () => {
    const most = 'x'.repeat(MAX_BODY_BYTES - 6);
    expect(smallMessage(3, 1, '{}', [most], MAX_BODY_BYTES)?.bodyBytes).toBe(MAX_BODY_BYTES);
    expect(smallMessage(3, 1, '{}', [`${most}x`], MAX_BODY_BYTES)).toBeUndefined();
    expect(smallMessage(3, 1, '{}', ['é'.repeat(MAX_BODY_BYTES / 2)], MAX_BODY_BYTES)).toBeUndefined();
    expect(smallMessage(3, 1, `"${most}"`, [], MAX_BODY_BYTES)).toBeDefined();
    expect(smallMessage(3, 1, `"${most}é"`, [most], MAX_BODY_BYTES)).toBeUndefined();
  });

  it('carry attachments of any size behind the JSON', () => {
    const attachments = fc.array(fc.integer({ min: 0, max: 600_000 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(ids, fc.string(), attachments, chunkSizes, (id, json, lengths, sizes) => {
        const parts = lengths.map((length, index) => Buffer.alloc(length, index + 1));
        const [message, ...others] = readAll(encodeLarge(68, id, json, parts), [...sizes, 50_000]);
        expect(others).toEqual([]);
        expect({ id: message?.id, json: message?.json }).toEqual({ id, json });
        expect(message?.rest.equals(Buffer.concat(parts))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('of one message may have frames of others between them', () => {
    const [first, second] = ['a', 'b'].map((letter, id) => [...encodeParts(68, id, letter.repeat(MAX_BODY_BYTES * 2 + 1), [])]);
    const mixed = first!.flatMap((frame, index) => [frame, second![index]!, encodeSmall([small(70, 7, '{}')])]);
    const received = readAll(Buffer.concat(mixed), [10_000]);
    expect(received.map(({ type, id, json }) => [type, id, json.length])).toEqual([
      [70, 7, 2],
      [70, 7, 2],
      [68, 0, MAX_BODY_BYTES * 2 + 1],
      [68, 1, MAX_BODY_BYTES * 2 + 1],
      [70, 7, 2],
    ]);
  });

  it('are split where the body is larger than one frame allows', () => {
    const frames = [...encodeParts(68, 1, 'x'.repeat(MAX_BODY_BYTES + 1), [])];
    expect(frames.map(({ length }) => length - HEADER_BYTES)).toEqual([MAX_BODY_BYTES, 1]);
    expect(frames.map((frame) => frame[5])).toEqual([1, 0]);
  });
});

describe('a reader of frames refuses', () => {
  const refused = (bytes: Buffer, maxBytes?: number) => () => readAll(bytes, [bytes.length], maxBytes);

  it('a length that is too small or too large', () => {
    for (const length of [0, 5, MAX_BODY_BYTES + 7, 0xffff_ffff]) {
      const bytes = Buffer.alloc(HEADER_BYTES);
      bytes.writeUInt32LE(length);
      expect(refused(bytes)).toThrow(`a frame says that it has ${length} bytes`);
    }
  });

  it('random bytes, or finds only messages in them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readAll(Buffer.from(bytes), [7], 1_000);
        } catch (error) {
          expect((error as Error).name).toBe('ProtocolFault');
        }
      }),
    );
  });

  it('a message that is too large, in one part or in many', () => {
    expect(refused(encodeSmall([small(68, 1, 'x'.repeat(101))]), 100)).toThrow('larger than 100 bytes');
    expect(refused(encodeLarge(68, 1, 'x'.repeat(MAX_BODY_BYTES * 2)), MAX_BODY_BYTES + 1)).toThrow('is larger than');
  });

  it('many messages that never end', () => {
    const unfinished = Array.from({ length: 5 }, (_, id) => [...encodeParts(68, id, 'x'.repeat(MAX_BODY_BYTES * 2), [])][0]!);
    expect(refused(Buffer.concat(unfinished), MAX_BODY_BYTES)).toThrow('is larger than');
  });

  it('unknown flags, and parts with different flags', () => {
    const [first, last] = [...encodeParts(68, 1, 'x'.repeat(MAX_BODY_BYTES + 1), [])] as [Buffer, Buffer];
    last[5] = 2;
    expect(refused(Buffer.concat([first, last]))).toThrow('the parts of a message have different flags');
    first[5] = 8;
    expect(refused(first)).toThrow('unknown flags');
  });

  it('JSON that is longer than its message', () => {
    const bytes = encodeLarge(68, 1, '{}', [Buffer.from('abc')]);
    bytes.writeUInt32LE(100, HEADER_BYTES);
    expect(refused(bytes)).toThrow('the JSON of a message is longer than the message');
  });
});
