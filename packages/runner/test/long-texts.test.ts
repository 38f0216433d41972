/** Long texts are not encoded by the daemon: arguments go to the child as they are, and results to the client as the child encoded them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { CodeLocator, JsonObject, JsonRpcMessage } from '@mcp-daemon/core';
import { createDaemon, createFixedSource, encode, ForeignValue, normalizeConfig } from '@mcp-daemon/core';

import { tempFolder } from '../../../tests/temp-folder.js';
import { OWN_CORE } from '../src/host/core-parts.js';
import { valueOf } from '../src/host/result.js';
import { PYTHON } from './python/child.js';
import { openRunner } from './support.js';

const JS = `
export const same = (input) => input.text;
export const whole = (input) => input;
export const codes = ({ text }) => [...text].slice(-3).map((letter) => letter.codePointAt(0));
`;
const PY = `
def same(text, **rest):
    return text
def whole(**input):
    return input
def codes(text):
    return [ord(letter) for letter in text[-3:]]
`;

const long = (text: string): string => text.padEnd(3_000, 'x') + text;

const TEXTS: [string, string][] = [
  ['plain', long('a')],
  ['with what JSON escapes', long('"quoted", \\back\\\\slashed\\" and\nlines\r\n\t\u0000\u001f\u007f\u2028')],
  ['that ends with a quotation mark', long('"')],
  ['that ends with a backslash', long('\\')],
  ['of other scripts', long('é漢字🎉')],
  ['in several frames', 'é'.repeat(400_000)],
  ['that looks like the end of a message', long('"}{"value":"b"}')],
];

describe.each(['node', 'python'] as const)('in %s', (runtime) => {
  async function open(): Promise<(name: string, input: unknown) => Promise<JsonObject>> {
    const base = tempFolder();
    writeFileSync(join(base, runtime === 'node' ? 'm.mjs' : 'm.py'), runtime === 'node' ? JS : PY);
    const file = runtime === 'node' ? join(base, 'm.mjs') : null;
    const locator: CodeLocator = { accepts: () => true, locate: async () => ({ runtime, root: base, file, digest: 'd' }) };
    const { runner } = await openRunner('', { paths: { python: PYTHON } }, { locators: [locator] });
    const names = ['same', 'whole', 'codes'];
    const { definition } = normalizeConfig({
      tools: names.map((name) => ({
        name,
        inputSchema: { type: 'object' },
        ...(name === 'whole' ? { return_type: 'json' } : {}),
      })),
      module_links: names.map((name) => ({
        ...{ type: 'tool', name, module_name: 'm', function_name: name, isolation: 'process' },
        ...(name === 'whole' ? { return_type: 'json' } : {}),
      })),
    });
    const daemon = createDaemon({ catalogs: createFixedSource('default', definition), runners: [runner] });
    const session = daemon.open({ send: () => undefined });
    const clientInfo = { name: 'test', version: '1' };
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
    await session.receive({ jsonrpc: '2.0', id: 'i', method: 'initialize', params });
    return async (name, input) => {
      const message = { jsonrpc: '2.0' as const, id: 1, method: 'tools/call', params: { name, arguments: input } };
      const answer = await session.receive(message);
      const sent = encode(answer as JsonRpcMessage);
      expect(sent).not.toMatch(/\n/); // over stdio an answer is one line
      expect(JSON.parse(sent)).toEqual(JSON.parse(JSON.stringify(answer)));
      return (JSON.parse(sent) as { result: JsonObject }).result;
    };
  }

  it('texts arrive and return unchanged', async () => {
    const call = await open();
    for (const [, text] of TEXTS) expect(await call('same', { text, n: 1 })).toEqual({ content: [{ type: 'text', text }] });
  });

  it('beside other arguments, wherever they are', async () => {
    const call = await open();
    const input = {
      a: 1,
      first: long('1'),
      inner: { text: long('"') },
      list: [long('é')],
      second: long('é'),
      text: 'short',
      z: null,
    };
    expect((await call('whole', input))['structuredContent']).toEqual(input);
  });

  it('a text with half of a pair of surrogates', async () => {
    const call = await open();
    const text = `${'x'.repeat(3_000)}\ud83c!`;
    expect(JSON.parse(((await call('codes', { text }))['content'] as [{ text: string }])[0].text)).toEqual([120, 0xd83c, 33]);
  });
});

describe('what a child sends as a text', () => {
  const read = (json: string, isOurs = true): unknown => {
    const bytes = Buffer.from(json);
    return valueOf({ type: 68, id: 1, bytes, start: 0, end: bytes.length, attached: false, owned: true }, OWN_CORE, isOurs);
  };
  const x = 'x'.repeat(2_000);

  it.each(TEXTS)('is passed on as it is: %s', (_, text) => {
    const json = JSON.stringify(text);
    expect(read(`{"value":${json}}`)).toEqual(new ForeignValue(text, text, json));
    expect(read(`{"value":${json}}`, false)).toBe(text);
  });

  it.each([
    ['a second value', `{"value":"${x}","value":"other"}`, 'other'],
    ['further members', `{"value":"${x}","more":"y"}`, x],
    ['blanks', `{"value": "${x}"}`, x],
    ['a line break', `{"value":"${x}"\n}`, x],
    ['an escaped member', `{"value":"${x}\\\\","value":"b"}`, 'b'],
    ['a short text', '{"value":"short"}', 'short'],
  ])('is not, if it has %s', (_, json, value) => {
    expect(read(json)).toBe(value);
  });

  it('is a fault, if it is no JSON', () => {
    expect(() => read(`{"value":"${x}\n"}`)).toThrow('not JSON');
    expect(() => read(`{"value":"${x}"}}`)).toThrow('not JSON');
  });
});
