import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { createLineReader } from '@mcp-daemon/core';
import fc from 'fast-check';

import { until } from '../../../../tests/until.js';

const TOO_LONG = Symbol('too long');

/** What a reader reports for these chunks; `end` by default. */
function read(chunks: readonly (Buffer | string)[], { maxBytes = 1_000_000, end = true } = {}): (string | typeof TOO_LONG)[] {
  const reported: (string | typeof TOO_LONG)[] = [];
  const reader = createLineReader({ maxBytes, onLine: (line) => reported.push(line), onTooLong: () => reported.push(TOO_LONG) });
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  if (end) reader.end();
  return reported;
}

/** Cuts bytes at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((to, index) => bytes.subarray(sorted[index], to));
}

describe('a line reader', () => {
  it('reports each line as soon as its newline is there', () => {
    expect(read(['{"a":1}\n{"b"', ':2}', '\n{"c":3}'], { end: false })).toEqual(['{"a":1}', '{"b":2}']);
  });

  it('reads several lines from one chunk, and one line from several chunks', () => {
    expect(read(['a\nb\nc\n'])).toEqual(['a', 'b', 'c']);
    expect(read(['a', 'b', 'c', '\n', 'd\n'])).toEqual(['abc', 'd']);
    expect(read(['a', 'b\nc\nd', 'e\n'])).toEqual(['ab', 'c', 'de']);
  });

  it('reads the rest at the end of the input as a line', () => {
    expect(read(['a\nb'])).toEqual(['a', 'b']);
    expect(read(['a\n'])).toEqual(['a']);
    expect(read([])).toEqual([]);
  });

  it('removes a byte order mark at the start of the input only', () => {
    expect(read(['\uFEFF{"a":1}\n', '\uFEFFb\n'])).toEqual(['{"a":1}', '\uFEFFb']);
    expect(read([Buffer.from([0xef]), Buffer.from([0xbb, 0xbf, 0x61, 0x0a])])).toEqual(['a']);
  });

  it('reads Windows line endings', () => {
    expect(read(['a\r\nb\r\n', 'c\r', '\nd\r'])).toEqual(['a', 'b', 'c', 'd']);
  });

  it('skips blank lines', () => {
    expect(read(['\n\n \n\t\r\n', '\r', '\n', 'a\n\n', '  '])).toEqual(['a']);
  });

  it('never splits a character', () => {
    const bytes = Buffer.from('grüße 🦊\n日本\n');
    for (let at = 0; at <= bytes.length; at += 1) expect(read(cut(bytes, [at]))).toEqual(['grüße 🦊', '日本']);
  });

  it('reads the same lines from any chunks', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replace(/[\r\n]/g, ' '));
    const ended = fc.tuple(line, fc.constantFrom('\n', '\r\n'));
    fc.assert(
      fc.property(fc.array(ended), line, fc.array(fc.nat(500)), fc.nat(60), (lines, last, places, maxBytes) => {
        const whole = Buffer.from(lines.flat().join('') + last);
        const expected = [...lines, [last, ''] as const].flatMap(([text, newline]): (string | typeof TOO_LONG)[] => {
          const bytes = Buffer.byteLength(text) + (newline === '\r\n' ? 1 : 0);
          if (bytes > maxBytes) return [TOO_LONG];
          return text.trim() === '' ? [] : [text];
        });
        expect(read(cut(whole, places), { maxBytes })).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('replaces bytes that are not UTF-8, and continues', () => {
    expect(read([Buffer.from([0x61, 0xff, 0x0a]), 'b\n'])).toEqual(['a\ufffd', 'b']);
  });
});

describe('a line that is too long', () => {
  it.each<[string, string[]]>([
    ['in one chunk', ['x'.repeat(11) + '\nnext\n']],
    ['in many', ['xxxxx', 'xxxxx', 'x', 'xxx', '\nnext\n']],
    ['at its newline', ['xxxxxxxxxx', 'x\nnext\n']],
    ['of characters of many bytes', ['🦊🦊🦊\nnext\n']],
    ['of characters of many bytes, in many chunks', ['🦊', '🦊', '🦊', '\nnext\n']],
  ])('is reported once, and the next line is read: %s', (_how, chunks) => {
    expect(read(chunks, { maxBytes: 10 })).toEqual([TOO_LONG, 'next']);
  });

  it('may be as long as the limit', () => {
    for (const chunks of [['x'.repeat(10) + '\n'], ['xxxxx', 'xxxxx\n'], ['xxxxx', 'xxxxx', '\n']]) {
      expect(read(chunks, { maxBytes: 10 })).toEqual(['x'.repeat(10)]);
    }
  });

  it('is not kept in memory while it arrives', async () => {
    let reported = 0;
    const reader = createLineReader({ maxBytes: 1_000, onLine: () => {}, onTooLong: () => (reported += 1) });
    const chunk = Buffer.alloc(100_000, 'x');
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 1_000; count += 1) reader.push(Buffer.from(chunk));
    // The engine decides when memory is collected: request it, and wait.
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const kept = (): number => process.memoryUsage().arrayBuffers - before;
    await until(() => {
      collect();
      return kept() < 50_000_000;
    }, 'less than 50 MB in memory');
    reader.end();
    expect(reported).toBe(1);
  });
});
