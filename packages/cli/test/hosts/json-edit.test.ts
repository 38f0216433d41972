import { parse } from 'jsonc-parser';

import { appendJson, removeJson, setJson } from '../../src/hosts/json-edit.js';

const ENTRY = { command: 'node', args: ['a', 'b'] };

/** Texts as people and programs write them. */
const TEXTS = [
  '{}',
  '{}\n',
  '{\n}\n',
  '{"mcpServers":{}}',
  '{"mcpServers":{"a":{"command":"x"}},"z":1}',
  '{ "z": 1 }',
  '{\n  "z": 1\n}\n',
  '{\n  "z": 1,\n}\n',
  '{\n  // nothing yet\n}\n',
  '{\n  "mcpServers": {\n    "a": {}, // the first\n    "b": {} // the last, and a , comma\n  }\n}\n',
  '{\n  "mcpServers": {\n    "a": {}, /* , */\n  }\n}\n',
  '{\r\n\t"mcpServers": {\r\n\t\t"a": {}\r\n\t}\r\n}\r\n',
  '{\n    "mcpServers": { "a": {} }\n}',
  '/* head */ { "mcpServers": { /* inside */ } } // tail\n',
];

describe('edits of JSON', () => {
  it('setJson edits the last of repeated members, which is the one that counts', () => {
    const after = setJson('{"mcpServers":{},"mcpServers":{"a":{}}}', ['mcpServers', 'mine'], ENTRY);
    expect(JSON.parse(after)).toEqual({ mcpServers: { a: {}, mine: ENTRY } });
    expect(JSON.parse(removeJson(after, ['mcpServers', 'mine']))).toEqual({ mcpServers: { a: {} } });
  });

  it.each(TEXTS)('%j: setJson sets the entry and changes nothing else', (text) => {
    const before = parse(text, [], { allowTrailingComma: true }) as { mcpServers?: object };
    const after = setJson(text, ['mcpServers', 'mine'], ENTRY);
    const errors: never[] = [];
    expect(parse(after, errors, { allowTrailingComma: true })).toEqual({
      ...before,
      mcpServers: { ...before.mcpServers, mine: ENTRY },
    });
    expect(errors).toEqual([]);
    // Every word of the text is still there, in its order.
    let at = 0;
    for (const [word] of text.matchAll(/[^\s,{}]+/g)) {
      at = after.indexOf(word, at);
      expect({ word, at }).not.toEqual({ word, at: -1 });
    }
    const removed = removeJson(after, ['mcpServers', 'mine']);
    expect(parse(removed, [], { allowTrailingComma: true })).toEqual({ ...before, mcpServers: { ...before.mcpServers } });
  });

  it.each(TEXTS.filter((text) => /"a": \{\}/.test(text) && text.includes('\n  ') && !text.includes('{ "a"')))(
    '%j: removeJson restores the text from before setJson',
    (text) => {
      const after = setJson(text, ['mcpServers', 'mine'], ENTRY);
      const back = removeJson(after, ['mcpServers', 'mine']);
      // A trailing comma may be gone.
      expect(back.replace(/,/g, '')).toBe(text.replace(/,/g, ''));
    },
  );

  it('setJson writes only the members that differ', () => {
    const text = '{ "mcpServers": { "mine": { "command": "old", /* why */ "args": ["a", "b"], "env": {"K":1} } } }';
    const after = setJson(text, ['mcpServers', 'mine'], ENTRY);
    expect(after).toBe(
      text.replace('"old"', '"node"').replace('["a", "b"]', after.slice(after.indexOf('['), after.indexOf(']') + 1)),
    );
  });

  it('removeJson removes the first, a middle and the last member', () => {
    const text = '{\n  "s": {\n    "a": 1,\n    "b": 2,\n    "c": 3\n  }\n}\n';
    expect(removeJson(text, ['s', 'a'])).toBe('{\n  "s": {\n    "b": 2,\n    "c": 3\n  }\n}\n');
    expect(removeJson(text, ['s', 'b'])).toBe('{\n  "s": {\n    "a": 1,\n    "c": 3\n  }\n}\n');
    expect(removeJson(text, ['s', 'c'])).toBe('{\n  "s": {\n    "a": 1,\n    "b": 2\n  }\n}\n');
    expect(removeJson(text, ['s', 'none'])).toBe(text);
    expect(removeJson('{"s":{"a":1,"b":2}}', ['s', 'a'])).toBe('{"s":{"b":2}}');
  });
});

describe('items of lists', () => {
  const ITEM = { name: 'x', inputSchema: { type: 'object', properties: {} }, list: [1] };
  it.each([
    '{"tools":[]}',
    '{"tools":null}',
    '{}',
    '{\n  "tools": [] // none\n}\n',
    '{\n  "tools": [\n    // none yet\n  ]\n}\n',
    '{\n  "tools": [\n    { "a": 1 }, // one, and a ] in a comment\n    { "b": [] } /* two */\n  ],\n  "z": 1\n}\n',
    '{\n  "tools": [\n    { "a": 1 },\n  ],\n}\n',
    '{\r\n\t"tools": [\r\n\t\t{\r\n\t\t\t"a": 1\r\n\t\t}\r\n\t]\r\n}\r\n',
    '{ "tools": [{ "a": 1 }, { "b": "]" }] }',
    '{"tools":[1],"tools":[{"a":2}]}',
  ])('%j: appendJson adds one and changes nothing else', (text) => {
    const before = parse(text, [], { allowTrailingComma: true }) as { tools?: unknown[] };
    const after = appendJson(text, ['tools'], ITEM);
    const errors: never[] = [];
    expect(parse(after, errors, { allowTrailingComma: true })).toEqual({ ...before, tools: [...(before.tools ?? []), ITEM] });
    expect(errors).toEqual([]);
    let at = 0;
    for (const [word] of text.replace('null', '').matchAll(/[^\s,{}[\]]+/g)) {
      at = after.indexOf(word, at);
      expect({ word, at }).not.toEqual({ word, at: -1 });
    }
    expect(after.includes('\r\n')).toBe(text.includes('\r\n'));
    expect(appendJson(after, ['tools'], 1)).toContain(after.slice(0, after.lastIndexOf(']')).trimEnd());
  });

  it('are on one line where the one before is, and on more where it is not, or the line would be long', () => {
    const short = '{\n  "tools": [\n    { "a": 1 }\n  ]\n}\n';
    expect(appendJson(short, ['tools'], ITEM)).toContain(
      '\n    { "a": 1 },\n    { "name": "x", "inputSchema": { "type": "object", "properties": {} }, "list": [1] }\n  ]',
    );
    expect(appendJson(short, ['tools'], { a: 'x'.repeat(130) })).toContain(',\n    {\n      "a": "xxx');
    expect(appendJson('{\n  "tools": [\n    {\n      "a": 1\n    }\n  ]\n}\n', ['tools'], ITEM)).toContain(
      ',\n    {\n      "name": "x",\n',
    );
  });
});
