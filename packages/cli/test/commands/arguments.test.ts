import type { ToolDefinition } from '@mcp-daemon/core';
import { parseConfig } from '@mcp-daemon/core';

import { readArguments, undeclaredArguments } from '../../src/commands/arguments.js';

const tool = (properties: object, more: object = {}): ToolDefinition => {
  const tools = [{ name: 't', inputSchema: { type: 'object', properties, ...more } }];
  const links = [{ type: 'tool', name: 't', module_name: 'm', function_name: 't' }];
  const [definition] = parseConfig(JSON.stringify({ tools, module_links: links })).definition.functions;
  if (definition?.kind !== 'tool') throw new Error('no tool');
  return definition;
};

describe('name=value pairs', () => {
  const $defs = { zip: { type: 'string', minLength: 3 } };
  it.each([
    ['text where the schema is a string', { type: 'string' }, '123', '123'],
    ['text where one alternative is a string', { anyOf: [{ type: 'string' }, { type: 'null' }] }, '123', '123'],
    ['null where one alternative is null', { anyOf: [{ type: 'string' }, { type: 'null' }] }, 'null', null],
    ['text where a reference leads to a string', { $ref: '#/$defs/zip' }, '123', '123'],
    ['text in quotes as it is written', { anyOf: [{ type: 'string' }, { type: 'null' }] }, '"x"', '"x"'],
    ['a number where the schema allows both', { type: ['string', 'number'] }, '123', 123],
    ['a text of an enum', { enum: ['1', '2'] }, '1', '1'],
    ['JSON where the schema allows anything', {}, '[1]', [1]],
    ['JSON where nothing fits, so that the error names it', { type: 'boolean' }, '12', 12],
  ])('are %s', (_, schema, text, expected) => {
    expect(readArguments([`zip=${text}`], tool({ zip: schema }, { $defs }))).toEqual({ zip: expected });
  });
});

test('an argument that the tool does not declare gets a note, unless its schema says more of such', () => {
  const values = { zpi: 1, zip: 2 };
  expect(undeclaredArguments(tool({ zip: {} }), values)).toEqual(['"t" declares no argument "zpi"; did you mean "zip"?']);
  for (const more of [{ additionalProperties: true }, { patternProperties: { '^z': {} } }, { allOf: [{}] }])
    expect(undeclaredArguments(tool({ zip: {} }, more), values)).toEqual([]);
});
