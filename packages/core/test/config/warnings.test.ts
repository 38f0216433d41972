import type { ConfigSupport } from '../../src/config/check.js';
import { inspectConfigText, parseConfig } from '../../src/config/config.js';
import { changed, ENGINE_SAMPLE, fullConfig } from './samples.js';

const warningsOf = (text: string, support?: Partial<ConfigSupport>): string[] => {
  const { mistakes, warnings } = inspectConfigText(text, support === undefined ? {} : { support });
  expect(mistakes).toEqual([]);
  return warnings.map(({ path, line, message }) => `${path}: ${message}${line === undefined ? '' : ''}`);
};

/** The warnings about the full config after some changes. */
const warningsAfter = (changes: Record<string, unknown>): string[] => warningsOf(JSON.stringify(changed(fullConfig(), changes)));

const property = (schema: unknown) => ({ 'tools.0.inputSchema.properties.day': schema });

const link = (name: string) => ({ name, module_name: 'm', function_name: 'f' });
const withTools = (...names: string[]): string =>
  JSON.stringify({ tools: names.map((name) => ({ name })), module_links: names.map(link) });

describe('the warnings about a config', () => {
  it('are none for the full config and for the sample of the Python engine', () => {
    expect(warningsAfter({})).toEqual([]);
    expect(warningsOf(ENGINE_SAMPLE)).toEqual([]);
  });

  it.each<[what: string, changes: Record<string, unknown>, warning: RegExp]>([
    [
      'limits of code without a process',
      { 'modules.0.isolation': 'none', 'modules.0.limits': { heap_mb: 64 } },
      /limits: has no effect with "isolation": "none"/,
    ],
    [
      'an unknown key of a tool',
      { 'tools.0.category': 'x' },
      /^\$\.tools\[0\]\.category: unknown key "category" of a tool: it is left out/,
    ],
    ['an unknown key of a resource', { 'resources.0.blob': 'x' }, /"blob" of a resource: it is left out/],
    ['an unknown key of a template', { 'resource_templates.0.pattern': 'x' }, /"pattern" of a resource template: it is left out/],
    ['an unknown key of a prompt', { 'prompts.0.tags': [] }, /"tags" of a prompt: it is left out/],
    [
      'an unknown key of a prompt argument',
      { 'prompts.0.arguments.0.schema': {} },
      /"schema" of a prompt argument: it is left out/,
    ],
    [
      'an annotation of its own',
      { 'tools.0.annotations.category': 'input' },
      /"category" of the annotations of a tool: it is passed on/,
    ],
    [
      'a resource annotation of its own',
      { 'resources.0.annotations.rank': 1 },
      /"rank" of the annotations of a resource: it is passed on/,
    ],
    ['annotations of a prompt', { 'prompts.0.annotations': {} }, /prompts have no annotations/],
    ['a default of a prompt argument', { 'prompts.0.arguments.0.default': 'x' }, /\.default: is not filled in/],
    [
      'a tool that is a task by its list of 2025-11-25',
      { 'tools.0.execution': { taskSupport: 'required' } },
      /\.taskSupport: is left out: write "task": "required" in the link of the tool/,
    ],
    [
      'times of tasks for a tool that is never one',
      {
        ...{ 'module_links.0.task': 'never', 'module_links.0.is_async': false },
        ...{ 'module_links.0.task_after_ms': null, 'module_links.0.task_poll_ms': null },
      },
      /task_ttl_ms: has no effect without "task": "optional" or "required"/,
    ],
    [
      'a link with is_async, and an outputSchema that the answer to a slow call does not fit',
      { 'module_links.0.is_async': true },
      /^\$\.module_links\[0\]\.is_async: "forecast" has an outputSchema, .*Write "task": "optional" in the link in place of is_async/,
    ],
    [
      'a tool with is_async, and an outputSchema that the answer to a slow call does not fit',
      { 'module_links.0.is_async': null },
      /^\$\.tools\[0\]\.is_async: "forecast" has an outputSchema/,
    ],
    ['a task that ends before its call may', { 'module_links.0.task_ttl_ms': 4_000 }, /task_ttl_ms: is shorter than timeout_ms/],
    ['arguments without a type', { 'tools.0.inputSchema': { properties: {} } }, /has no "type": "object", which is added/],
    [
      'a default that does not fit',
      property({ type: 'string', default: null }),
      /\.day\.default: does not fit its own schema, so it is not filled in: must be a string, got null$/,
    ],
    [
      'a default that misses a member',
      property({ type: 'object', required: ['x'], default: {} }),
      /missing required property "x"$/,
    ],
    ['a default in a list', property({ items: { type: 'integer', default: 'a' } }), /\.day\.items\.default: does not fit/],
    ['a list of items', property({ items: [{}] }), /write "prefixItems"/],
    ['a boolean exclusiveMinimum', property({ minimum: 0, exclusiveMinimum: true }), /write "exclusiveMinimum": 0/],
    ['alternatives at the root', { 'tools.0.inputSchema.anyOf': [{}] }, /some hosts drop alternatives/],
    [
      'a long description of a tool',
      { 'tools.0.description': 'x'.repeat(4_097) },
      /description: has 4097 characters: some hosts cut/,
    ],
    ['long instructions', { instructions: 'x'.repeat(4_097) }, /instructions: has 4097 characters: some hosts cut/],
    [
      'a schema with more bytes than hosts show descriptions for',
      property({ description: 'é'.repeat(2_500), title: 'x' }),
      /inputSchema: has 5\d\d\d bytes: some hosts drop all descriptions/,
    ],
    ['a pattern of Python', property({ pattern: '(?P<a>x)' }), /\.day\.pattern: the pattern .* write \(\?<name>…\)/],
    ['a letter that is not ASCII in a URI', { 'resources.0.uri': 'x:é' }, /"é", which is read as %C3%A9/],
    [
      'a letter that is not ASCII in a template',
      { 'resource_templates.0.uriTemplate': 'x:é/{name}' },
      /"é", which is read as %C3%A9/,
    ],
    [
      'a module that no link uses',
      { 'modules.1': { module_name: 'wether' } },
      /^\$\.modules\[1\]: no link uses this entry, with module_name "wether"; did you mean "weather"\?$/,
    ],
    [
      'a class that no link uses',
      {
        'modules.1': {
          module_name: 'weather',
          class_name: 'Wether',
          package_name: '@acme/weather',
          sha256: 'A'.repeat(64),
          isolation: 'none',
        },
      },
      /class_name "Wether" of the module "weather"; did you mean "Weather"\?$/,
    ],
    [
      'a form of another URI',
      { 'resources.1': { uri: 'STATUS://server', name: 'S' }, 'module_links.4': { ...link('S'), type: 'resource' } },
      /is another form of the uri of \$\.resources\[0\]/,
    ],
    [
      'a scope of logins',
      { 'tools.0.scopes': ['a', 'openid'] },
      /^\$\.tools\[0\]\.scopes\[1\]: is a scope of logins, .*; got the string "openid"/,
    ],
  ])('name %s', (_, changes, warning) => {
    expect(warningsAfter(changes)).toEqual([expect.stringMatching(warning)]);
  });

  it('name tool names that hosts change, cut or take for the same', () => {
    expect(warningsOf(withTools('search/docs'))).toEqual([expect.stringContaining('should be 1 to 128 characters')]);
    expect(warningsOf(withTools('a'.repeat(41)))).toEqual([expect.stringContaining('has 41 characters: some hosts cut')]);
    expect(warningsOf(withTools('book.find', 'book_find', 'Book-Find', 'book'))).toEqual([
      expect.stringMatching(/"book_find" and "book\.find" of \$\.tools\[0\] are the same name in some hosts/),
      expect.stringMatching(/"Book-Find" and "book\.find"/),
    ]);
  });

  it('name whole numbers that code cannot get, with their place', () => {
    const text = `{"tools": [{"name": "t", "_meta": {
      "big": 9223372036854775807, "text": "9223372036854775807", "kept": [9007199254740991, 9007199254740992, 1e400000] }}],
      "module_links": [{"name": "t", "module_name": "m", "function_name": "f"}]}`.replace('1e400000', '1.5');
    const { warnings } = inspectConfigText(text);
    expect(warnings).toEqual([
      {
        path: '$.tools[0]._meta.big',
        line: 2,
        column: 14,
        message: expect.stringContaining('code gets 9223372036854776000 for the number 9223372036854775807'),
      },
    ]);
  });

  it('have lines and columns, in the order of the file', () => {
    const text = JSON.stringify(changed(fullConfig(), { 'prompts.0.tags': [], 'tools.0.category': 'x' }), undefined, 2);
    const { warnings } = inspectConfigText(text);
    expect(warnings.map(({ path }) => path)).toEqual(['$.tools[0].category', '$.prompts[0].tags']);
    const lines = text.split('\n');
    expect(warnings.map(({ line }) => lines[(line ?? 0) - 1])).toEqual([
      expect.stringContaining('"category"'),
      expect.stringContaining('"tags"'),
    ]);
  });

  it('are there beside mistakes', () => {
    const text = JSON.stringify(changed(fullConfig(), { 'tools.0.category': 'x', 'modules.0.sha256': 'x' }));
    const { config, mistakes, warnings } = inspectConfigText(text);
    expect([config, mistakes.length, warnings.length]).toEqual([undefined, 1, 1]);
  });

  it('do not keep a config from being served', () => {
    const { definition, warnings } = parseConfig(
      JSON.stringify(
        changed(fullConfig(), {
          'tools.0.category': 'x',
          'tools.0.annotations.category': 'y',
          'tools.0.inputSchema': { properties: { a: {} } },
        }),
      ),
    );
    expect(warnings).toHaveLength(3);
    expect(definition.functions[0]).toMatchObject({
      annotations: { readOnlyHint: true, category: 'y' },
      inputSchema: { type: 'object', properties: { a: {} } },
    });
    expect(definition.functions[0]).not.toHaveProperty('category');
  });

  it('are none for a misspelled key, which is a mistake', () => {
    const text = JSON.stringify(changed(fullConfig(), { 'tools.0.descripton': 'x', 'tools.0.annotations.readonlyHint': true }));
    const { mistakes, warnings } = inspectConfigText(text);
    expect(mistakes.map(({ message }) => message)).toEqual([
      expect.stringContaining('did you mean "readOnlyHint"?'),
      expect.stringContaining('did you mean "description"?'),
    ]);
    expect(warnings).toEqual([]);
  });
});
