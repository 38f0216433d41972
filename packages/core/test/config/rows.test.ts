import fc from 'fast-check';

import { checkConfig } from '../../src/config/check.js';
import type { ConfigDocument } from '../../src/config/document.js';
import { normalizeConfig } from '../../src/config/normalize.js';
import { documentOf, LINK_KEY, rowsOf } from '../../src/config/rows.js';
import type { StoredDocument } from '../../src/config/stored-document.js';
import { settingIdOf, storedDocument, storeMistakes, withSettings } from '../../src/config/stored-document.js';
import { exampleFunctionRow, exampleModuleRow } from '../../src/contract/index.js';
import type { CatalogRows, FunctionRow, ModuleRow } from '../../src/ports/rows.js';
import { ENGINE_SAMPLE } from './samples.js';

const rows = (functions: FunctionRow[], modules: ModuleRow[] = []): CatalogRows => ({ functions, modules, bad: [] });

/** Lists in the order of rows, which have no other. */
function sortedByName(document: StoredDocument): StoredDocument {
  const by =
    <T extends { name: string }>() =>
    (a: T, b: T): number =>
      a.name < b.name ? -1 : 1;
  return {
    ...document,
    tools: document.tools.toSorted(by()),
    resources: document.resources.toSorted(by()),
    resource_templates: document.resource_templates.toSorted(by()),
    prompts: document.prompts.toSorted(by()),
    module_links: document.module_links.toSorted(by()),
    modules: document.modules.toSorted((a, b) =>
      `${a.module_name}\n${a.class_name ?? ''}` < `${b.module_name}\n${b.class_name ?? ''}` ? -1 : 1,
    ),
  };
}

const word = fc.constantFrom('', 'a', 'ä "b"', 'two\nlines', '😀');
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined | null> => fc.option(arbitrary, { nil: undefined });
const moduleName = fc.constantFrom('m', './n.mjs', 'o.p');
const className = fc.constantFrom('', 'A', 'B', null);

const link = fc.record(
  {
    module_name: moduleName,
    class_name: className,
    function_name: fc.constantFrom('f', 'g'),
    return_type: fc.constantFrom('', 'text', 'json', null),
    is_async: fc.constantFrom(true, false, null),
    timeout_ms: fc.integer({ min: 1, max: 1000 }),
    isolation: fc.constant('none'),
    record: fc.constantFrom('none', { bodies: 'all', redact: ['$.a'] }),
    'x-note': word,
  },
  { requiredKeys: ['module_name', 'function_name'] },
);
const functionBody = fc.record(
  { title: word, description: word, is_async: fc.boolean(), 'x-note': json, _meta: fc.dictionary(word, json) },
  { requiredKeys: [] },
);
const schema = fc.constantFrom(
  { type: 'object' },
  { properties: { a: { type: 'string', default: 'x' }, input_schema: { max_length: 1 } }, required: ['a'] },
  { type: 'object', $defs: { x: { minimum: 1 } }, properties: { userId: { $ref: '#/$defs/x' } } },
);
const entry = fc.record({
  kind: fc.constantFrom('tools', 'resources', 'resource_templates', 'prompts'),
  body: functionBody,
  schema: maybe(schema),
  annotations: maybe(fc.constantFrom({ readOnlyHint: true }, {})),
  link,
});

const documents = fc
  .record({
    entries: fc.array(entry, { minLength: 1, maxLength: 5 }),
    modules: fc.uniqueArray(
      fc.record(
        { module_name: moduleName, class_name: className, setting: fc.dictionary(word, json), 'x-note': word },
        { requiredKeys: ['module_name'] },
      ),
      { maxLength: 4, selector: (module) => `${module.module_name} ${module.class_name || ''}` },
    ),
    instructions: maybe(word),
  })
  .map(({ entries, modules, instructions }) => {
    const document: Record<string, unknown[]> = { tools: [], resources: [], resource_templates: [], prompts: [] };
    const links = entries.map((made, index) => {
      const name = `f${index} ${index % 2 === 0 ? '' : 'é'}`.trim().replaceAll(' ', '_');
      const annotations = made.annotations === undefined ? {} : { annotations: made.kind === 'tools' ? made.annotations : {} };
      const own = {
        tools: { ...(made.schema === undefined ? {} : { inputSchema: made.schema }), ...annotations },
        resources: { uri: `a://b/${index}`, ...annotations, size: 3 },
        resource_templates: { uriTemplate: `a://b/${index}/{x}`, completions: { x: { ...made.link, class_name: 'C' } } },
        prompts: { arguments: [{ name: 'x', completions: { module_name: 'q', function_name: 'f' } }] },
      }[made.kind];
      if (made.kind === 'resource_templates')
        (own as { completions: object }).completions = { x: { module_name: 'm', class_name: 'C', function_name: 'f' } };
      document[made.kind]?.push({ ...made.body, ...own, name });
      return { type: made.kind === 'resource_templates' ? 'resource' : made.kind.slice(0, -1), name, ...made.link };
    });
    return { ...document, module_links: links, modules, ...(instructions === undefined ? {} : { instructions }) };
  })
  .map((document) => document as unknown as ConfigDocument);

describe('rows of a config', () => {
  it('are read back as the config that they were made from', () => {
    fc.assert(
      fc.property(documents, (document) => {
        expect(checkConfig(document)).toEqual([]);
        const { document: stored, settings } = storedDocument(document);
        const { instructions: _, ...listed } = stored;
        const read = documentOf({ ...rowsOf(stored), bad: [] });
        expect(read.bad).toEqual([]);
        expect(sortedByName(read.document)).toEqual(sortedByName(listed as StoredDocument));
        // And what is served of it is what would be served of the file.
        const served = normalizeConfig(withSettings(stored, settings)).definition;
        const direct = normalizeConfig(document).definition;
        const bySchema = direct.functions.map((fn) =>
          fn.kind === 'tool' ? { ...fn, inputSchema: { type: 'object', ...fn.inputSchema } } : fn,
        );
        expect(
          served.functions.map((fn) => (fn.kind === 'tool' ? { ...fn, inputSchema: { type: 'object', ...fn.inputSchema } } : fn)),
        ).toEqual(bySchema);
        expect(served.instructions).toEqual(direct.instructions);
      }),
    );
  });

  it('a stored config stays what it is when it is stored again', () => {
    fc.assert(
      fc.property(documents, (document) => {
        const { document: stored } = storedDocument(document);
        expect(storedDocument(stored).document).toEqual(stored);
        expect(storedDocument(stored).settings.size).toBe(0);
      }),
    );
  });

  it('are those of the Python engine', () => {
    const { document, settings } = storedDocument(JSON.parse(ENGINE_SAMPLE) as ConfigDocument);
    const { functions, modules } = rowsOf(document);
    const add = functions.find(({ name }) => name === 'add_numbers');
    expect(add).toMatchObject({
      mcp_type: 'tool',
      description: 'Add two numbers',
      data: { inputSchema: { type: 'object', required: ['a', 'b'] } },
      annotations: null,
      return_type: 'text',
    });
    for (const { classes, package_name } of modules) {
      expect(package_name).not.toBeNull();
      for (const { setting_id } of classes) expect(settings.has(setting_id ?? '')).toBe(true);
    }
  });
});

describe('settings', () => {
  const module = (setting: object): ConfigDocument => ({
    tools: [{ name: 'x' }],
    module_links: [{ name: 'x', module_name: 'm', class_name: 'A', function_name: 'f' }],
    modules: [{ module_name: 'm', class_name: 'A', setting: setting as Record<string, unknown> }],
  });

  it('have an id by their content, whatever the order of their keys', () => {
    const [one, two, three] = [module({ a: 1, b: 2 }), module({ b: 2, a: 1 }), module({ a: 1, b: 3 })].map(
      (document) => storedDocument(document).document.modules[0]?.setting_id,
    );
    expect(one).toMatch(/^m\.A-[0-9a-f]{12}$/);
    expect(two).toBe(one);
    expect(three).not.toBe(one);
    expect(settingIdOf('m', undefined, {})).toMatch(/^m-[0-9a-f]{12}$/);
  });

  it('may be named in place of being written, where there is a store', () => {
    const document: ConfigDocument = { ...module({}), modules: [{ module_name: 'm', class_name: 'A', setting_id: 's' }] };
    expect(checkConfig(document)[0]?.message).toContain('names a setting of a store');
    expect(checkConfig(document, { support: { settingIds: true } })).toEqual([]);
    const both: ConfigDocument = {
      ...module({}),
      modules: [{ module_name: 'm', class_name: 'A', setting_id: 's', setting: {} }],
    };
    expect(checkConfig(both, { support: { settingIds: true } })[0]?.message).toContain('both setting and setting_id');
    const stored = storedDocument(document);
    expect(stored.document.modules[0]?.setting_id).toBe('s');
    expect(stored.settings.size).toBe(0);
  });

  it('of an entry without a class are shared by the classes that have no entry', () => {
    const { document } = storedDocument({
      ...module({}),
      modules: [{ module_name: 'm', setting: { a: 1 } }],
    });
    expect(document.modules.map(({ class_name, setting_id }) => [class_name, setting_id])).toEqual([
      [undefined, settingIdOf('m', undefined, { a: 1 })],
      ['A', settingIdOf('m', undefined, { a: 1 })],
    ]);
  });
});

it('a module whose classes have code in different places cannot be stored', () => {
  const modules = [
    { module_name: 'm', class_name: 'A' },
    { module_name: 'm', class_name: 'B', package_name: 'm' },
    { module_name: 'm', class_name: 'C', package_name: 'other' },
  ];
  expect(storeMistakes({ modules })).toEqual([
    { path: '$.modules[2]', message: expect.stringContaining('$.modules[0]') as string },
  ]);
});

describe('rows of the Python engine', () => {
  const engine = (name: string, changes: Partial<FunctionRow> = {}): FunctionRow =>
    exampleFunctionRow(name, { annotations: null, ...changes });

  it('are read with the keys that its GraphQL API writes', () => {
    const { document, bad } = documentOf(
      rows(
        [
          engine('tool', {
            data: {
              input_schema: {
                type: 'object',
                properties: {
                  user_id: { type: 'string', min_length: '2', default: '007' },
                  max_length: { any_of: [{ type: 'integer', exclusive_minimum: 'true' }, { type: 'null' }] },
                },
                required: ['userId', 'gone'],
                additional_properties: 'false',
              },
              parameters: 1,
            },
          }),
          engine('res', { mcp_type: 'resource', data: { uri: 'a://b', mime_type: 'text/plain', uriTemplate: 'x' } }),
          engine('ask', { mcp_type: 'prompt', data: { arguments: [{ name: 'x', required: true }] } }),
        ],
        [exampleModuleRow('weather', { source: '', sha256: null, isolation: null })],
      ),
    );
    expect(document.tools[0]?.inputSchema).toEqual({
      type: 'object',
      properties: {
        user_id: { type: 'string', minLength: 2, default: '007' },
        max_length: { anyOf: [{ type: 'integer', exclusiveMinimum: true }, { type: 'null' }] },
      },
      required: ['user_id', 'gone'],
      additionalProperties: false,
    });
    expect(bad).toEqual([]);
    expect(document.resources).toEqual([{ name: 'res', description: 'The tool res', uri: 'a://b', mimeType: 'text/plain' }]);
    expect(document.prompts).toHaveLength(1);
    expect(document.modules[0]).toEqual({
      module_name: 'weather',
      class_name: 'Weather',
      package_name: 'weather-package',
      setting_id: 'weather.Weather-0123456789ab',
      source: '',
    });
  });

  it('that are no functions are named and left out, and the rest is served', () => {
    const { document, bad } = documentOf({
      functions: [
        engine('good'),
        engine('no schema', { data: {} }),
        engine('nothing', { data: null }),
        engine('broken schema', { data: { inputSchema: { type: 'objekt' } } }),
        engine('no link', { module_name: null }),
        engine('no function', { function_name: '' }),
        engine('odd type', { mcp_type: 'widget' }),
        engine('odd return type', { return_type: 'video' }),
        engine('text for annotations', { annotations: 'read only' }),
        engine('first uri', { mcp_type: 'resource', data: { uri: 'a://b' } }),
        engine('same uri', { mcp_type: 'resource', data: { uri: 'a://b' } }),
        engine('no uri', { mcp_type: 'resource' }),
        engine('code elsewhere', { module_name: 'far' }),
      ],
      modules: [exampleModuleRow('weather', { source: '' }), exampleModuleRow('far', { source: 'ftp' })],
      bad: [{ row: 'mcp-functions/unreadable', reason: 'no map' }],
    });
    expect([...document.tools, ...document.resources].map(({ name }) => name)).toEqual(['good', 'first uri']);
    expect(Object.fromEntries(bad.map(({ row, reason }) => [row, reason]))).toEqual({
      'mcp-functions/unreadable': 'no map',
      'mcp-functions/no schema': 'data has no inputSchema',
      'mcp-functions/nothing': 'data has no inputSchema',
      'mcp-functions/broken schema': expect.stringContaining('inputSchema.type: ') as string,
      'mcp-functions/no link': expect.stringContaining('names no code') as string,
      'mcp-functions/no function': expect.stringContaining('names no code') as string,
      'mcp-functions/odd type': expect.stringContaining('"widget"') as string,
      'mcp-functions/odd return type': expect.stringContaining('video') as string,
      'mcp-functions/text for annotations': expect.stringContaining('annotations: ') as string,
      'mcp-functions/same uri': expect.stringContaining('already used') as string,
      'mcp-functions/no uri': expect.stringContaining('uri') as string,
      'mcp-functions/code elsewhere': 'the row of its module "far" is bad',
      'mcp-modules/far': expect.stringContaining('source') as string,
    });
  });

  it('without classes, settings, or anything at all are read', () => {
    expect(documentOf(rows([], []))).toEqual({
      document: { tools: [], resources: [], resource_templates: [], prompts: [], module_links: [], modules: [] },
      bad: [],
    });
    const { document } = documentOf(
      rows(
        [engine('x')],
        [exampleModuleRow('weather', { classes: [], package_name: null, source: null, sha256: null, isolation: null })],
      ),
    );
    expect(document.modules).toEqual([
      { module_name: 'weather', package_name: 'weather', setting_id: settingIdOf('weather', undefined, {}) },
    ]);
    expect(document.module_links).toEqual([
      {
        type: 'tool',
        name: 'x',
        module_name: 'weather',
        class_name: 'Weather',
        function_name: 'forecast',
        return_type: 'text',
        is_async: false,
      },
    ]);
  });

  it('what a link says of tasks is kept', () => {
    const task = { task: 'required' as const, task_after_ms: 1, task_ttl_ms: 2_000, task_poll_ms: 30, is_async: true };
    const { document } = storedDocument({
      tools: [{ name: 'x' }],
      module_links: [{ name: 'x', module_name: 'm', function_name: 'f', ...task }],
    });
    const { functions, modules } = rowsOf(document);
    expect(functions[0]).toMatchObject({ is_async: true });
    expect(documentOf(rows(functions, modules)).document.module_links).toMatchObject([task]);
  });

  it('a return type that somebody changed in our row counts', () => {
    const { document } = storedDocument({
      tools: [{ name: 'x' }],
      module_links: [{ name: 'x', module_name: 'm', function_name: 'f' }],
    });
    const [row] = rowsOf(document).functions as [FunctionRow];
    expect(row.return_type).toBe('text');
    expect(row.data?.[LINK_KEY]).toEqual({ auto_return_type: true });
    expect(documentOf(rows([row])).document.module_links[0]).not.toHaveProperty('return_type');
    expect(documentOf(rows([{ ...row, return_type: 'json' }])).document.module_links[0]).toHaveProperty('return_type', 'json');
  });
});

describe('limits of a module', () => {
  it('are stored with each of its functions, which may have others', () => {
    const { document } = storedDocument({
      tools: [{ name: 'a' }, { name: 'b' }],
      module_links: [
        { name: 'a', module_name: 'm', function_name: 'a' },
        { name: 'b', module_name: 'm', function_name: 'b', limits: { heap_mb: 32 } },
      ],
      modules: [{ module_name: 'm', limits: { heap_mb: 64, open_files: 40 } }],
    });
    expect(document.module_links.map(({ limits }) => limits)).toEqual([
      { heap_mb: 64, open_files: 40 },
      { heap_mb: 32, open_files: 40 },
    ]);
    expect(documentOf({ ...rowsOf(document), bad: [] }).document.module_links).toEqual(document.module_links);
  });
});
