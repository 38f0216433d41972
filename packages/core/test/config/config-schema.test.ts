import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Ajv } from 'ajv';

import { checkConfig } from '../../src/config/check.js';
import { changed, ENGINE_SAMPLE, fullConfig } from './samples.js';

type Json = Record<string, unknown>;

const file = join(dirname(fileURLToPath(import.meta.url)), '../../src/config/config.schema.json');
const schema = JSON.parse(readFileSync(file, 'utf8')) as Json & { definitions: Record<string, Json> };
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, strictTypes: false, strictRequired: false });
// What VS Code reads: no JSON Schema, but editors then report no comments.
ajv.addVocabulary(['allowComments', 'allowTrailingCommas']);
const validate = ajv.compile(schema);
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether the schema for editors and the check accept the full config after some changes. */
function judged(changes: Json): { schema: boolean; check: boolean } {
  const document = changed(fullConfig(), changes);
  return { schema: validate(document), check: checkConfig(document).length === 0 };
}

/** The objects of the schema that describe an object of the file: the file itself, and each definition. */
const shapes: [string, Json][] = [
  ['the file', schema],
  ...Object.entries(schema.definitions).filter(([, shape]) => isObject(shape['properties'])),
];

describe('the schema for editors', () => {
  it('is published unchanged with the command line', () => {
    expect(readFileSync(join(dirname(file), '../../../cli/config.schema.json'))).toEqual(readFileSync(file));
  });

  it('is in draft-07, which editors support', () => {
    expect(schema['$schema']).toBe('http://json-schema.org/draft-07/schema#');
    expect(ajv.validateSchema(schema)).toBe(true);
  });

  it.each(shapes)('describes every member of %s', (_, { properties }) => {
    const silent = Object.entries(properties as Record<string, Json>).filter(([, member]) => {
      const target = typeof member['$ref'] === 'string' ? schema.definitions[member['$ref'].split('/').at(-1)!]! : member;
      return typeof target['description'] !== 'string' || target['description'].length < 5;
    });
    expect(silent).toEqual([]);
  });

  it.each(shapes)('allows notes, and no unknown keys, in %s', (_, shape) => {
    expect(shape).toMatchObject({
      additionalProperties: false,
      patternProperties: { '^x-': {} },
      properties: { $comment: {}, _comment: {} },
    });
  });

  it('says to editors that comments and trailing commas are allowed', () => {
    expect(schema).toMatchObject({ allowComments: true, allowTrailingCommas: true });
  });

  it('has valid examples and defaults', () => {
    const wrong: unknown[] = [];
    const visit = (value: unknown, path: string): void => {
      if (!isObject(value) && !Array.isArray(value)) return;
      if (isObject(value) && !path.endsWith('/properties')) {
        const values = [
          ...(Array.isArray(value['examples']) ? value['examples'] : []),
          ...('default' in value ? [value['default']] : []),
        ] as unknown[];
        const check = values.length === 0 ? undefined : ajv.compile({ ...value, definitions: schema.definitions });
        wrong.push(...values.filter((example) => check?.(example) !== true).map((example) => [path, example]));
      }
      for (const [key, member] of Object.entries(value))
        if (key !== 'examples' && key !== 'default') visit(member, `${path}/${key}`);
    };
    visit(schema, '');
    expect(wrong).toEqual([]);
  });
});

describe('the schema for editors and the check', () => {
  it("accept the Python engine's sample", () => {
    expect(validate(JSON.parse(ENGINE_SAMPLE))).toBe(true);
    expect(checkConfig(JSON.parse(ENGINE_SAMPLE))).toEqual([]);
  });

  it.each<Json>([
    {},
    { 'x-note': 1, 'tools.0.x-a': 2, 'modules.0._comment': 3, $comment: 4 },
    { name: null, title: null, modules: null, 'tools.0.description': null, 'tools.0.inputSchema': null, 'tools.0.icons': null },
    {
      'module_links.0.type': null,
      'module_links.0.return_type': '',
      'module_links.0.class_name': '',
      'module_links.0.record': null,
    },
    { 'module_links.0.record': 'all', 'module_links.0.timeout_ms': 86_400_000 },
    { 'module_links.0.task': 'never', 'module_links.0.task_after_ms': 0, 'module_links.0.task_ttl_ms': 604_800_000 },
    { 'module_links.0.record': {}, 'module_links.2.type': 'resource_template' },
    { 'module_links.0.approve': 'destructive', 'module_links.1.approve': 'never', 'module_links.2.approve': null },
    { 'module_links.0.approve': { when: [{ path: '$.a', greater_than: 1, less_than: null }], 'x-note': 1 } },
    { 'resources.0.annotations': null, 'resources.0.size': null, 'resources.0.annotations.lastModified': '2025-01-01' },
    { 'resource_templates.0.uriTemplate': '{+name}/x' },
    { 'tools.0.icons.0.src': 'data:image/png;base64,AA==' },
    { 'prompts.0.annotations': null, 'prompts.0.arguments.0.completions': null },
  ])('accept %j', (changes) => {
    expect(judged(changes)).toEqual({ schema: true, check: true });
  });

  it.each<Json>([
    { blubb: 1 },
    { tools: {} },
    { instructions: 1 },
    { name: '' },
    { 'tools.0': 'x' },
    { 'tools.0': null },
    { 'tools.0.name': undefined },
    { 'tools.0.name': null },
    { 'tools.0.name': '' },
    { 'tools.0.descripton': 'x' },
    { 'tools.0.inputSchema': [] },
    { 'tools.0.inputSchema': { type: 'string' } },
    { 'tools.0.outputSchema': true },
    { 'tools.0.annotations.readOnlyHint': 'x' },
    { 'tools.0.annotations.readonlyHint': true },
    { 'tools.0.icons.0.src': 'a.png' },
    { 'tools.0.icons.0.sizes': ['48'] },
    { 'tools.0.icons.0.theme': 'x' },
    { 'tools.0._meta': [] },
    { 'tools.0.scopes': 'a' },
    { 'tools.0.scopes': ['a b'] },
    { 'resources.0.scopes': ['a"b'] },
    { 'prompts.0.scopes': [''] },
    { 'resource_templates.0.scopes': ['a', 'a'] },
    { skills: [{ path: 'a', scopes: ['a\\b'] }] },
    { 'tools.0.is_async': 'yes' },
    { 'resources.0.uri': 'a' },
    { 'resources.0.uri': 'a:' },
    { 'resources.0.uri': 'a:b c' },
    { 'resources.0.uri': 'a:%g' },
    { 'resources.0.size': -1 },
    { 'resources.0.size': 0.5 },
    { 'resources.0.annotations.priority': 1.1 },
    { 'resources.0.annotations.audience': ['x'] },
    { 'resources.0.annotations.lastModified': 'x' },
    { 'resource_templates.0.uriTemplate': '/a/{b}' },
    { 'resource_templates.0.completions': { name: [1] } },
    { 'resource_templates.0.completions': [] },
    { 'prompts.0.arguments': {} },
    { 'prompts.0.arguments.0.name': undefined },
    { 'prompts.0.arguments.0.required': 1 },
    { 'prompts.0.arguments.0.completions': 'x' },
    { 'prompts.0.arguments.0.completions': { module_name: 'm' } },
    { 'module_links.0.type': 'x' },
    { 'module_links.0.module_name': '' },
    { 'module_links.0.return_type': 'x' },
    { 'module_links.0.timeout_ms': 0 },
    { 'module_links.0.timeout_ms': 86_400_001 },
    { 'module_links.0.task': 'always' },
    { 'module_links.0.task_after_ms': -1 },
    { 'module_links.0.task_ttl_ms': 604_800_001 },
    { 'module_links.0.task_poll_ms': 9 },
    { 'module_links.0.record': 'x' },
    { 'module_links.0.record': { bodies: 'x' } },
    { 'module_links.0.record': { redact: ['x'] } },
    { 'module_links.0.record': { redact: ['$'] } },
    { 'module_links.0.approve': 'x' },
    { 'module_links.0.approve': true },
    { 'module_links.0.approve': {} },
    { 'module_links.0.approve': { when: [] } },
    { 'module_links.0.approve': { when: [{ path: '$.a' }] } },
    { 'module_links.0.approve': { when: [{ path: 'a', equals: 1 }] } },
    { 'module_links.0.approve': { when: [{ path: '$.a', gt: 1 }] } },
    { 'module_links.0.approve': { when: [{ path: '$.a', greater_than: '1' }] } },
    { 'module_links.0.approve': { when: [{ path: '$.a', one_of: [] }] } },
    { 'module_links.0.isolation': 'x' },
    { 'modules.0.limits': { heap_mb: 1 } },
    { 'modules.0.limits': { heap: 64 } },
    { 'modules.0.setting': [] },
    { 'modules.0.sha256': 'x' },
    { 'modules.0.source': 'x' },
    { 'modules.0.module_name': undefined },
  ])('refuse %j', (changes) => {
    expect(judged(changes)).toEqual({ schema: false, check: false });
  });

  it.each<Json>([
    { 'tools.0.name': 'a b', 'module_links.0.name': 'a b' },
    { 'tools.0.inputSchema': {} },
    { 'tools.0.category': 'weather' },
    { 'resources.0.uri': 'a:é' },
  ])('differ on %j, which is a warning', (changes) => {
    expect(judged(changes)).toEqual({ schema: false, check: true });
  });

  it.each<Json>([
    { 'prompts.0.name': 'forecast' },
    { 'module_links.0.name': 'nothing' },
    { 'module_links.0.approve': { when: [{ path: '$.a', exists: false, equals: 1 }] } },
    { 'module_links.0.approve': { when: [{ path: '$.a', one_of: null }] } },
    { 'resource_templates.0.uriTemplate': 'x:{a' },
    { 'tools.0.inputSchema.properties.city.type': 'text' },
    // The schema does not know what a version supports.
    { 'modules.0.source': 'mcp' },
  ])('differ on %j, which a schema cannot express', (changes) => {
    expect(judged(changes)).toEqual({ schema: true, check: false });
  });
});

describe('the schema for editors has no keys that the check refuses', () => {
  const base = fullConfig();
  /** Where in the full config an object of each shape is. */
  const places: Record<string, string> = {
    tool: 'tools.0',
    tool_annotations: 'tools.0.annotations',
    icon: 'tools.0.icons.0',
    resource: 'resources.0',
    content_annotations: 'resources.0.annotations',
    resource_template: 'resource_templates.0',
    prompt: 'prompts.0',
    prompt_argument: 'prompts.0.arguments.0',
    completion_function: 'prompts.0.arguments.0.completions',
    module_link: 'module_links.0',
    record: 'module_links.0.record',
    module: 'modules.0',
    quota: 'module_links.0.quota',
    quotas: 'quotas',
    limits: 'module_links.1.limits',
    approval: 'module_links.0.approve',
    condition: 'module_links.0.approve.when.0',
    skill: 'skills.0',
    mcp_server: 'mcpServers.files',
  };

  it.each(shapes)('in %s', (name, { properties }) => {
    const place = name === 'the file' ? '' : `${places[name]!}.`;
    const unknown = Object.keys(properties as Json).filter((key) => {
      const mistakes = checkConfig(changed(base, { [`${place}${key}`]: null }));
      return mistakes.some(({ message }) => message.includes('unknown key'));
    });
    expect(unknown).toEqual([]);
  });
});
