/** Texts that the console shows and gives to copy. */
import { execFileSync } from 'node:child_process';

import { formatDuration, formatShare } from '../../src/base/amounts.js';
import { commandOf, curlOf, shellWord } from '../../src/base/commands.js';
import { targetOf } from '../../src/base/partition.js';
import { escapedJson, visible, visibleLine } from '../../src/base/visible.js';
import { expand } from '../../src/form/uri-template.js';

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
    const [program, verb, name, given] = words(commandOf(call));
    expect([program, verb, name]).toEqual(['mcp-daemon', 'call', HOSTILE]);
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

  it('URI templates are filled in', () => {
    expect(expand('files://{name}{?page,size}', { name: 'a b/c', page: '2' })).toBe('files://a%20b%2Fc?page=2');
    expect(expand('x:{+path}{#part}', { path: 'a/b c', part: 'd' })).toBe('x:a/b%20c#d');
  });
});
