import fc from 'fast-check';

import type { ParseOptions } from '../../src/config/config.js';
import { parseConfig } from '../../src/config/config.js';
import { lineCounter, offsetOf } from '../../src/config/json-position.js';
import { scanJson, withoutExtras } from '../../src/config/json-scan.js';
import type { Mistake } from '../../src/protocol/errors.js';
import { ConfigError } from '../../src/protocol/errors.js';
import type { PathStep } from '../../src/schema/mistakes.js';
import { formatPath, readPath } from '../../src/schema/mistakes.js';
import { changed, ENGINE_SAMPLE, fullConfig } from './samples.js';

function mistakesOf(text: string, options?: ParseOptions): readonly Mistake[] {
  try {
    parseConfig(text, options);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

/** `line:column path message` of each mistake. */
const reported = (text: string): string[] =>
  mistakesOf(text).map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`);

describe("the Python engine's sample", () => {
  const { definition, server } = parseConfig(ENGINE_SAMPLE);

  it('becomes four functions, in the order of the file', () => {
    expect(definition.functions.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'tool hello',
      'tool add_numbers',
      'resource Server Status',
      'prompt example-prompt',
    ]);
    expect(server).toEqual({});
  });

  it('binds each function to its method', () => {
    expect(definition.functions.map(({ binding }) => binding)).toEqual(
      ['hello', 'add_numbers', 'read_resource', 'get_prompt'].map((function_name, index) => ({
        use: { kind: definition.functions[index]!.kind, name: definition.functions[index]!.name },
        kind: 'link',
        package_name: 'mcp_function_demo',
        module_name: 'mcp_function_demo',
        class_name: 'MCPFunctionDemo',
        function_name,
        setting: {},
      })),
    );
  });

  it('leaves out its nulls', () => {
    expect(definition.functions[2]).toEqual({
      kind: 'resource',
      uri: 'status://server',
      name: 'Server Status',
      description: 'Status info',
      mimeType: 'text/plain',
      binding: expect.objectContaining({ function_name: 'read_resource' }),
    });
  });
});

describe('a config with one of everything', () => {
  const text = JSON.stringify(fullConfig());
  const { definition, server } = parseConfig(text);
  const byName = Object.fromEntries(definition.functions.map((entry) => [entry.name, entry]));

  it('names the server', () => {
    expect(server).toEqual({ name: 'weather', version: '1.2.3', title: 'Weather service' });
    expect(definition.instructions).toBe('Ask for a city first.');
  });

  it('has is_async of the link before that of the tool', () => {
    const isAsync = (link: boolean | null): unknown =>
      parseConfig(JSON.stringify(changed(fullConfig(), { 'module_links.0.is_async': link }))).definition.functions[0];
    expect(isAsync(true)).toMatchObject({ is_async: true });
    expect(isAsync(null)).toMatchObject({ is_async: true });
    expect(isAsync(false)).not.toHaveProperty('is_async');
  });

  it('becomes tools as clients see them, with how they run', () => {
    const { inputSchema, outputSchema, annotations, icons, _meta } = fullConfig().tools[0]!;
    expect(byName['forecast']).toEqual({
      kind: 'tool',
      name: 'forecast',
      title: 'Forecast',
      description: 'The forecast for a city',
      inputSchema,
      outputSchema,
      annotations,
      icons,
      _meta,
      scopes: ['weather:read'],
      return_type: 'json',
      timeout_ms: 5000,
      task: 'optional',
      task_after_ms: 200,
      task_ttl_ms: 60_000,
      task_poll_ms: 250,
      record: { bodies: 'arguments', redact: ['$.city', "$['a key'][*].token"] },
      quota: { concurrent: 2 },
      approve: {
        when: [
          { path: '$.city', not_one_of: ['Rome'], exists: true },
          { path: '$.days', equals: null },
        ],
      },
      binding: {
        kind: 'link',
        package_name: '@acme/weather',
        module_name: 'weather',
        class_name: 'Weather',
        function_name: 'forecast',
        setting: { base_url: 'https://api.example.com' },
        source: '',
        sha256: 'a'.repeat(64),
        isolation: 'none',
        use: { kind: 'tool', name: 'forecast' },
      },
    });
  });

  it('uses the package of a module for its functions outside the class, but not the setting of the class', () => {
    expect(byName['Server Status']).toMatchObject({
      record: { bodies: 'none', redact: [] },
      binding: { package_name: '@acme/weather', setting: {}, limits: { heap_mb: 64 } },
    });
    expect(byName['Server Status']!.binding).not.toHaveProperty('class_name');
  });

  it('uses the name of a module without an entry as the package', () => {
    expect(byName['City']!.binding).toEqual({
      kind: 'link',
      package_name: './city.js',
      module_name: './city.js',
      function_name: 'read',
      setting: {},
      use: { kind: 'resource_template', name: 'City' },
    });
  });

  it('becomes completions: lists, and functions with their binding', () => {
    expect(byName['City']).toMatchObject({ completions: { name: { kind: 'list', values: ['london', 'paris'] } } });
    expect(byName['advise']).toMatchObject({
      arguments: [
        {
          name: 'city',
          title: 'City',
          description: 'Where',
          required: true,
          completion: {
            kind: 'function',
            binding: { kind: 'link', module_name: 'weather', function_name: 'cities', package_name: '@acme/weather' },
          },
        },
        { name: 'mood', completion: { kind: 'list', values: ['good', 'bad'] } },
      ],
    });
  });

  it('does not change schemas', () => {
    const schema =
      '{"type":"object","$defs":{"b":{"minimum":1.0},"a":{}},"properties":{"camelCase":{"$ref":"#/$defs/b"}},"x":null}';
    const config = `{"tools":[{"name":"t","inputSchema":${schema}}],"module_links":[{"name":"t","module_name":"m","function_name":"f"}]}`;
    expect(parseConfig(config).definition.functions[0]).toHaveProperty('inputSchema', JSON.parse(schema));
  });

  it('gives a tool without a schema one that accepts any object', () => {
    const config = {
      tools: [{ name: 't' }],
      module_links: [{ name: 't', module_name: 'm', function_name: 'f', class_name: '', return_type: '' }],
    };
    const [tool] = parseConfig(JSON.stringify(config)).definition.functions;
    expect(tool).toEqual({
      kind: 'tool',
      name: 't',
      inputSchema: { type: 'object' },
      binding: {
        kind: 'link',
        package_name: 'm',
        module_name: 'm',
        function_name: 'f',
        setting: {},
        use: { kind: 'tool', name: 't' },
      },
    });
  });

  it('gives clients neither nulls nor notes', () => {
    const nulls = {
      'tools.0.icons.0.theme': null,
      'tools.0.icons.0.x-a': 1,
      'tools.0.annotations': { title: null, readOnlyHint: true, $comment: 'c' },
    };
    const [tool] = parseConfig(JSON.stringify(changed(fullConfig(), nulls))).definition.functions;
    expect(tool).toMatchObject({ annotations: { readOnlyHint: true } });
    expect(Object.keys(tool!.annotations!)).toEqual(['readOnlyHint']);
    expect(Object.keys(tool!.icons![0]!)).toEqual(['src', 'mimeType', 'sizes']);
  });

  it('keeps the source if it is supported', () => {
    const config = JSON.stringify(changed(fullConfig(), { 'modules.0.source': 'zip' }));
    expect(parseConfig(config, { support: { sources: ['zip'] } }).definition.functions[0]!.binding).toMatchObject({
      source: 'zip',
    });
  });
});

describe('the revision', () => {
  const revision = (document: unknown, indent = 0): string =>
    parseConfig(JSON.stringify(document, null, indent)).definition.revision;
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, member]) => [key, reversed(member)]),
    );
  };

  it('is 16 hexadecimal digits', () => {
    expect(revision(fullConfig())).toMatch(/^[0-9a-f]{16}$/);
  });

  it('does not depend on white space, the order of keys and notes', () => {
    const expected = revision(fullConfig());
    expect(revision(fullConfig(), 4)).toBe(expected);
    expect(revision(reversed(fullConfig()))).toBe(expected);
    expect(
      revision(
        changed(fullConfig(), { 'x-note': 1, 'tools.0.x-note': 2, resources: [{ ...fullConfig().resources[0], icons: null }] }),
      ),
    ).toBe(expected);
  });

  it.each([
    [{ 'tools.0.description': 'other' }],
    [{ 'tools.0.inputSchema.properties.city.type': 'integer' }],
    [{ 'modules.0.setting.base_url': 'x' }],
    [{ 'module_links.0.function_name': 'x' }],
    [{ 'module_links.0.timeout_ms': 1 }],
    [{ instructions: 'other' }],
  ])('changes with %j', (changes) => {
    expect(revision(changed(fullConfig(), changes))).not.toBe(revision(fullConfig()));
  });

  it('differs for values that look alike', () => {
    const metas = [
      { a: '1' },
      { a: 1 },
      { a: ['1'] },
      { a: { 1: 1 } },
      { a: null },
      {},
      { a: '' },
      { a: [] },
      { a: {} },
      { a: [[], []] },
      { a: [[[]]] },
      { 'a"1:': 1 },
    ];
    const revisions = metas.map((_meta) => revision(changed(fullConfig(), { 'tools.0._meta': _meta })));
    expect(new Set(revisions).size).toBe(metas.length);
  });
});

describe('the mistakes of a file', () => {
  const text = [
    '{',
    '  "tools": [',
    '    { "name": "hello", "descripton": "x" },',
    '    { "name": "hello" }',
    '  ],',
    '  "module_links": [',
    '    { "name": "hello", "module_name": "m", "function_name": "f",',
    '      "timeout_ms": -1 }',
    '  ]',
    '}',
  ].join('\n');

  it('are in the order of the file, each with line and column', () => {
    expect(mistakesOf(text).map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual([
      '3:24 $.tools[0].descripton',
      '4:7 $.tools[1].name',
      '8:7 $.module_links[0].timeout_ms',
    ]);
  });

  it('are in the error, with the name of the file', () => {
    expect(() => parseConfig(text, { file: 'mcp.json' })).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        file: 'mcp.json',
        message: expect.stringMatching(/^mcp\.json: 3 mistakes\n {2}3:24 \$\.tools\[0\]\.descripton: /),
      }),
    );
  });

  it('have the same lines and columns with a byte order mark and Windows line ends', () => {
    const windows = '\uFEFF' + text.replaceAll('\n', '\r\n');
    expect(mistakesOf(windows).map(({ line, column }) => [line, column])).toEqual(
      mistakesOf(text).map(({ line, column }) => [line, column]),
    );
  });

  it('include missing members, at the start of the object', () => {
    expect(reported('{"tools": [\n  {}]}')[0]).toBe('2:3 $.tools[0] a tool needs "name"');
  });
});

describe('a file that begins with a byte order mark', () => {
  it('is read like any other', () => {
    expect(parseConfig('\uFEFF' + ENGINE_SAMPLE)).toEqual(parseConfig(ENGINE_SAMPLE));
  });
});

describe('text that is not JSON', () => {
  it.each([
    ['', ['1:1 $ the file is empty']],
    [' \n ', ['2:2 $ the file is empty']],
    ['{', ['1:1 $ this { is never closed: add }']],
    ['{"tools": [\n{"name": "a"}\n', ['1:11 $.tools this [ is never closed: add ]']],
    ['{"a": [1, 2}', ['1:12 $.a expected ] to close the [ of line 1, found }']],
    ['{"tools": [1,,]}', ['1:14 $.tools[1] expected a value or ], found ","']],
    ['{,}', ['1:2 $ expected a key in double quotes or }, found ","']],
    ['{ /* a */ "tools": [] # b\n}', ['1:23 $ comments begin with //, not with #']],
    ['{ /* a', ['1:3 $ the comment is not closed']],
    ['// only a comment', ['1:18 $ the file is empty']],
    ['{} / x', ['1:4 $ expected the end of the file, found "/"']],
    ["{'tools': 'x'}", ["1:2 $ JSON strings need double quotes, not '", '1:11 $.tools JSON strings need double quotes']],
    ['{tools: []}', ['1:2 $ the key tools must be in double quotes']],
    ['{"a": yes}', ['1:7 $.a yes must be in double quotes']],
    ['{"a": None, "b": True}', ['1:7 $.a None is not JSON: write null', '1:18 $.b True is not JSON: write true']],
    [
      '{"a": 01, "b": +1, "c": .5, "d": 1.}',
      ['1:7 $.a "01" is not a JSON number', '1:16 $.b "+1"', '1:25 $.c ".5"', '1:34 $.d "1."'],
    ],
    ['{"a" 1}', ['1:6 $ expected a colon after the key "a", found "1"']],
    ['{"a": 1 "b": 2}', ['1:9 $ expected a comma or }, found a string']],
    ['{"a": , "b": 2}', ['1:7 $.a expected a value for "a", found ","']],
    ['{"a": "x\n"}', ['1:7 $.a the string is not closed on its line']],
    ['{"a": "x', ['1:7 $.a the string is not closed']],
    ['{"a": "C:\\dir"}', ['1:10 $.a "\\d" is not a JSON escape: write a backslash as \\\\']],
    ['{"a": "\t"}', ['1:8 $.a the string contains a raw control character: write it as \\u0009']],
    ['{"a": 1} x', ['1:10 $ expected the end of the file, found "x"']],
    ['{"a": \u00a01}', ['1:7 $.a expected a value for "a", found the character U+00A0']],
    ['{{', ['1:2 $ expected a key in double quotes or }, found "{"']],
    ['PK\u0003\u0004', ['1:1 $ PK must be in double quotes', '1:3 $ expected the end of the file']],
  ])('is reported with what to write instead: %j', (text, expected) => {
    expect(reported(text)).toEqual(
      expected.map((start) => expect.stringMatching(new RegExp(`^${start.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`))),
    );
  });

  it('is refused if it is nested too deeply', () => {
    expect(reported('['.repeat(100_000))).toEqual([expect.stringContaining('nested more than 400 levels deep')]);
    const deep = `{"modules": [{"module_name": "m", "setting": ${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}]}`;
    expect(reported(deep)[0]).toContain('nested more than 400 levels deep');
  });
});

describe('comments and trailing commas', () => {
  /** The text as people write it: with comments everywhere, and a comma behind each last item. */
  const commented = (text: string): string =>
    `// the first line\r\n/* and\n  a block "with: quotes" */ ${text
      .replaceAll('{', '{ // begins // an object\n')
      .replaceAll(/(?<=[\]}"\d])(\s*)([\]}])/g, '$1, /* last, */ $2')} // the end`;

  it('change nothing', () => {
    const text = JSON.stringify(JSON.parse(ENGINE_SAMPLE), null, 2);
    const jsonc = commented(text);
    expect(jsonc).toMatch(/, \/\* last, \*\/ \]/);
    expect(parseConfig(jsonc)).toEqual(parseConfig(text));
    expect(parseConfig('\uFEFF' + jsonc)).toEqual(parseConfig(text));
  });

  it('are read as a part of a text where they are in a string', () => {
    const text = ENGINE_SAMPLE.replace('"name": "hello"', '"name": "hello", "title": "http://x /* a */ ,] // b"');
    expect(parseConfig(`// mine\n${text}`).definition.functions[0]).toMatchObject({ title: 'http://x /* a */ ,] // b' });
  });

  it('leave the line and column of each mistake as they are', () => {
    const text = `{ // 1
  "tools": [ /* 2 */ { "name": "a", "descripton": "x", }, // é ,

  /* 4
  5 \u{1F600} */ { "nam": "b", "title": "x", "title": "y" },
] }`;
    expect(reported(text).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      '2:22 $.tools[0]',
      '2:37 $.tools[0].descripton',
      '5:13 $.tools[1].nam',
      '5:39 $.tools[1].title',
    ]);
  });

  it('do not hide other mistakes of syntax, which are reported alone', () => {
    expect(reported('{ // a\n  "tools": [], /* b */\n  name: "x", }')).toEqual(['3:3 $ the key name must be in double quotes']);
  });
});

describe('duplicate keys', () => {
  const twice = (member: string): string =>
    `{"tools": [{"name": "a", "_meta": {"x": 1, "y": "a:\\":b"}, ${member}}],\n"module_links": [{"name": "a", "module_name": "m", "function_name": "f"}]}`;

  it('are reported in a file that is otherwise correct', () => {
    expect(reported(twice('"description": "x", "description": "y"'))).toEqual([
      expect.stringMatching(/^1:80 \$\.tools\[0\]\.description duplicate key/),
    ]);
  });

  it('are found also if they are written with escapes', () => {
    expect(reported(twice('"na\\u006de": "b"'))).toContainEqual(expect.stringContaining('$.tools[0].name duplicate key'));
    expect(reported('{"a\\\\" : 1, "a\\\\":2, "tools": []}')).toContainEqual(expect.stringContaining('duplicate key'));
  });

  it('are not confused with quotes and colons in strings', () => {
    expect(reported(twice('"description": ": \\" : \\"", "title": ":"'))).toEqual([]);
  });

  it('may be in different objects', () => {
    expect(reported(ENGINE_SAMPLE)).toEqual([]);
  });
});

describe('the scan for mistakes', () => {
  const nested = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { maxKeys: 3 }),
    ),
  })).value;
  const accepts = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };

  it('accepts what JSON.parse accepts', () => {
    fc.assert(
      fc.property(nested, fc.constantFrom(0, 2), (value, indent) => {
        const scan = scanJson(JSON.stringify(value, null, indent));
        expect([scan.syntax, scan.extras, scan.duplicates]).toEqual([[], [], []]);
      }),
    );
  });

  it('refuses what JSON.parse refuses, and ends', () => {
    const broken = fc
      .tuple(
        nested,
        fc.nat(),
        fc.nat(3),
        fc.constantFrom(
          '',
          ',',
          '"',
          '}',
          ']',
          '{',
          '[',
          ':',
          "'",
          '\\',
          '/',
          '//',
          '/**/',
          ',]',
          ',}',
          ', // x\n}',
          '1',
          '-',
          'e',
          '.',
          'true',
          '\n',
          '\u0000',
          '\u2028',
          '+',
          '\uFEFF',
        ),
      )
      .map(([value, at, length, piece]) => {
        const text = JSON.stringify(value);
        const from = at % (text.length + 1);
        return text.slice(0, from) + piece + text.slice(from + length);
      });
    // Only the scan accepts a byte order mark at the start.
    fc.assert(
      fc.property(broken, (text) => {
        const { syntax, extras } = scanJson(text);
        expect(syntax.length + extras.length === 0).toBe(accepts(text.replace(/^\uFEFF/, '')));
        // Without comments and trailing commas it is JSON.
        if (syntax.length === 0) expect(accepts(withoutExtras(text, extras).replace(/^\uFEFF/, ''))).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it('finds the offset of every key and value', () => {
    fc.assert(
      fc.property(nested, (value) => {
        const text = JSON.stringify(value, null, 1);
        const { root } = scanJson(text);
        const visit = (at: unknown, steps: PathStep[]): void => {
          const offset = offsetOf(root!, readPath(formatPath(steps)));
          const expected =
            typeof steps.at(-1) === 'string' ? JSON.stringify(steps.at(-1)) : JSON.stringify(at, null, 1).slice(0, 1);
          expect(text.slice(offset, offset + expected.length)).toBe(expected);
          if (typeof at === 'object' && at !== null) {
            for (const [key, member] of Object.entries(at)) visit(member, [...steps, Array.isArray(at) ? Number(key) : key]);
          }
        };
        visit(value, []);
      }),
    );
  });

  it('reads back every path', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.nat(1e6))), (steps) => {
        expect(readPath(formatPath(steps))).toEqual(steps);
      }),
    );
  });

  it('counts lines and columns from 1', () => {
    const position = lineCounter('ab\ncd\n\ne');
    expect([0, 1, 3, 4, 6, 7].map((offset) => position(offset))).toEqual([
      { line: 1, column: 1 },
      { line: 1, column: 2 },
      { line: 2, column: 1 },
      { line: 2, column: 2 },
      { line: 3, column: 1 },
      { line: 4, column: 1 },
    ]);
  });
});
