/** Texts that the console shows and gives to copy. */
import { execFileSync } from 'node:child_process';

import {
  formatAgo,
  formatBytes,
  formatCompact,
  formatCount,
  formatDay,
  formatDuration,
  formatShare,
  formatTime,
} from '../../src/base/amounts.js';
import { commandOf, curlOf, shellWord } from '../../src/base/commands.js';
import { equalJson, parseJson, prettyJson } from '../../src/base/json.js';
import { targetOf } from '../../src/base/partition.js';
import { escapedJson, visible, visibleLine } from '../../src/base/visible.js';
import { expand, variablesOf } from '../../src/form/uri-template.js';

/** Words as a shell passes them to a program. */
const words = (command: string): string[] =>
  execFileSync('sh', ['-c', `printf '%s\\0' ${command}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);

const HOSTILE = `it's $(id) \`x\` "q" \\ \u202e\u0007 ünï`;

describe('visible texts', () => {
  it('show control characters and marks of direction as pictures', () => {
    expect(visibleLine('a\u0007\n\u202eb\u200b\ufeff')).toBe('a\u2407\u240a‹U+202E›b‹U+200B›‹U+FEFF›');
    expect(visible('a\r\nb\tc\r')).toBe('a\nb\tc\u240d');
    expect(visible('<b>über</b>')).toBe('<b>über</b>'); // markup is inert as text
  });

  it('are escaped in JSON to copy, and stay the same value', () => {
    const json = escapedJson({ a: HOSTILE, b: '\u{e0041}' });
    for (const hidden of ['\u202e', '\u0007']) expect(json).not.toContain(hidden);
    expect(JSON.parse(json)).toEqual({ a: HOSTILE, b: '\u{e0041}' });
  });
});

describe('commands to copy', () => {
  const call = { type: 'tool', name: HOSTILE, arguments: { text: HOSTILE }, partition: 'alpha#one' };

  it('reach the program as they are meant, whatever is in the call', () => {
    expect(words(shellWord(HOSTILE))).toEqual([HOSTILE]);
    const [program, verb, flag, partition, name, given] = words(commandOf(call));
    expect([program, verb, flag, partition, name]).toEqual(['mcp-daemon', 'call', '--partition', 'alpha#one', HOSTILE]);
    expect(JSON.parse(given!)).toEqual({ text: HOSTILE });
  });

  it('name the partition and its part, and read the token from a variable', () => {
    const curl = words(curlOf(call, 'http://localhost:8000', true).replace('$TOKEN', 'T'));
    expect(curl).toEqual(
      expect.arrayContaining([
        'http://localhost:8000/alpha/mcp',
        'part-id: one',
        'Authorization: Bearer T',
        'Mcp-Method: tools/call',
      ]),
    );
    const body = JSON.parse(curl.at(-1)!) as { params: { name: string; arguments: object } };
    expect(body.params).toMatchObject({ name: HOSTILE, arguments: { text: HOSTILE } });
  });

  it('name a resource by its URI', () => {
    expect(commandOf({ type: 'resource', name: 'status', arguments: { uri: 'status://a b' }, partition: 'default' })).toBe(
      "mcp-daemon call 'status://a b'",
    );
  });
});

describe('small things', () => {
  it('partitions become paths and headers', () => {
    expect(targetOf('default')).toEqual({ prefix: '', headers: {} });
    expect(targetOf('a')).toEqual({ prefix: '/a', headers: {} });
  });

  it('amounts have the precision that people need', () => {
    expect([0.25, 12.4, 1_240, 185_000, null].map(formatDuration)).toEqual(['0.3 ms', '12 ms', '1.24 s', '3 min 5 s', '–']);
    expect([formatShare(0, 0), formatShare(1, 100_000), formatShare(1, 30), formatShare(1, 2)]).toEqual([
      '0 %',
      '<0.1 %',
      '3.3 %',
      '50 %',
    ]);
  });

  it('durations have no more digits than they need', () => {
    expect([0, 0.01, 9_000_000, 200_000_000].map(formatDuration)).toEqual(['0 ms', '<0.1 ms', '2 h 30 min', '2 d 7 h']);
  });

  it('sizes and counts are short', () => {
    expect([0, 999, 1_234, 5_600_000, 7e15].map(formatBytes)).toEqual(['0 B', '999 B', '1.2 KB', '5.6 MB', '7000.0 TB']);
    expect([formatCount(1_234_567), formatCompact(12_345)]).toEqual(['1,234,567', '12.3K']);
  });

  it('times name as much of the date as is needed', () => {
    const now = new Date(2026, 2, 8, 14, 3, 22).getTime();
    const of = (...parts: [number, number, number, number, number]): string => formatTime(new Date(...parts).getTime(), now);
    expect([of(2026, 2, 8, 1, 2), of(2026, 1, 28, 23, 59), of(2025, 11, 31, 0, 5)]).toEqual([
      '01:02:00',
      '28 Feb 23:59',
      '31 Dec 2025 00:05',
    ]);
    expect(formatDay(now)).toBe('8 Mar');
    const ago = [-5_000, 3_000, 45_000, 300_000, 10_000_000, 200_000_000].map((ms) => formatAgo(now - ms, now));
    expect(ago).toEqual(['just now', 'just now', '45 s ago', '5 min ago', '2 h ago', '2 d ago']);
  });

  it('JSON is compared by value, parsed with its problem, and written over several lines', () => {
    expect(equalJson({ a: [1, { b: null }], c: 2 }, { c: 2, a: [1, { b: null }] })).toBe(true);
    for (const other of [{ a: [1] }, { a: [1, 2, 3] }, { b: 1 }, [], null, 'a'])
      expect([other, equalJson({ a: [1, 2] }, other)]).toEqual([other, false]);
    expect(parseJson('[1]')).toEqual({ value: [1] });
    expect(parseJson('[')).toEqual({ problem: expect.stringContaining('JSON') });
    expect([prettyJson('{"a":1}'), prettyJson('plain'), prettyJson(undefined), prettyJson([1])]).toEqual([
      '{\n  "a": 1\n}',
      'plain',
      '',
      '[\n  1\n]',
    ]);
  });

  it('each operator of a URI template writes its variables in its own way', () => {
    const values = { a: 'x y', b: '', list: [1], gone: null };
    const templates = [
      '{a,b}',
      '{.a}',
      '{/a,b}',
      '{;a,b}',
      '{?a,b}',
      '{&a}',
      '{#a}',
      '{a:1}',
      '{list}',
      '{gone}{?none}',
      'plain',
    ];
    expect(templates.map((template) => expand(template, values))).toEqual([
      ...['x%20y,', '.x%20y', '/x%20y/', ';a=x%20y;b', '?a=x%20y&b=', '&a=x%20y', '#x%20y', 'x', '%5B1%5D', '', 'plain'],
    ]);
    expect(variablesOf('{a}/{+a,b*}{?c:3}')).toEqual(['a', 'b', 'c']);
  });

  it('URI templates are filled in', () => {
    expect(expand('files://{name}{?page,size}', { name: 'a b/c', page: '2' })).toBe('files://a%20b%2Fc?page=2');
    expect(expand('x:{+path}{#part}', { path: 'a/b c', part: 'd' })).toBe('x:a/b%20c#d');
  });
});
