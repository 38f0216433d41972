import type { ConfigSupport } from '../../src/config/check.js';
import { checkConfig } from '../../src/config/check.js';
import { changed, ENGINE_SAMPLE, fullConfig } from './samples.js';

const mistakesOf = (document: unknown, support?: Partial<ConfigSupport>): string[] =>
  checkConfig(document, support === undefined ? {} : { support }).map(({ path, message }) => `${path}: ${message}`);

/** The mistakes of the full config after some changes. */
const mistakesAfter = (changes: Record<string, unknown>, support?: Partial<ConfigSupport>): string[] =>
  mistakesOf(changed(fullConfig(), changes), support);

describe('a config without mistakes', () => {
  it('is the sample of the Python engine, unchanged', () => {
    expect(mistakesOf(JSON.parse(ENGINE_SAMPLE))).toEqual([]);
  });

  it('may use every key', () => {
    expect(mistakesOf(fullConfig())).toEqual([]);
  });

  it('may have null for every optional member', () => {
    const nulls = {
      name: null,
      instructions: null,
      resources: null,
      tools: [
        {
          name: 't',
          title: null,
          description: null,
          inputSchema: null,
          outputSchema: null,
          annotations: null,
          icons: null,
          _meta: null,
          is_async: null,
        },
      ],
      prompts: [{ name: 'p', arguments: null, annotations: null }],
      resource_templates: [{ uriTemplate: 'x://{a}', name: 'x', completions: { a: null } }],
      module_links: [
        {
          type: null,
          name: 't',
          module_name: 'm',
          class_name: null,
          function_name: 'f',
          return_type: null,
          timeout_ms: null,
          isolation: null,
          record: null,
        },
        { type: 'prompt', name: 'p', module_name: 'm', function_name: 'f', record: { bodies: null, redact: null } },
        { type: 'resource_template', name: 'x', module_name: 'm', function_name: 'f' },
      ],
      modules: [
        { package_name: null, module_name: 'm', class_name: null, setting: null, source: null, sha256: null, isolation: null },
      ],
    };
    expect(mistakesOf(nulls)).toEqual([]);
  });

  it('may have notes anywhere', () => {
    expect(
      mistakesAfter({
        'x-top': 1,
        $comment: 'a',
        'tools.0._comment': 'b',
        'tools.0.annotations.x-hint': 2,
        'module_links.0.x-y': null,
      }),
    ).toEqual([]);
  });

  it('may have modules that no link uses', () => {
    expect(mistakesAfter({ 'modules.1': { module_name: 'other' } })).toEqual([]);
  });
});

/** What is changed in the full config, and the mistake that this makes. */
const BAD: [what: string, changes: Record<string, unknown>, path: string, message: RegExp][] = [
  ['a list that is an object', { tools: {} }, '$.tools', /must be a list of tools, got an object/],
  [
    'an entry that is a string',
    { 'tools.0': 'forecast' },
    '$.tools[0]',
    /must be an object \(a tool\), got the string "forecast"/,
  ],
  [
    'a scope that no token can have',
    { 'tools.0.scopes': ['read', 'read all'] },
    '$.tools[0].scopes[1]',
    /must be a scope such as "files:read".*; got the string "read all"/,
  ],
  ['a scope that is not text', { 'resources.0.scopes': [7] }, '$.resources[0].scopes[0]', /must be a string, got the number 7/],
  ['a scope twice', { 'prompts.0.scopes': ['a', 'b', 'a'] }, '$.prompts[0].scopes[2]', /"a" is already in .*scopes\[0\]/],
  ['a long scope', { 'resource_templates.0.scopes': ['x'.repeat(257)] }, '$.resource_templates[0].scopes[0]', /at most 256/],
  ['scopes of a link', { 'module_links.0.scopes': ['a'] }, '$.module_links[0].scopes', /set them in the entry of the function/],
  ['a null entry', { 'tools.0': null }, '$.tools[0]', /must be an object \(a tool\), got null/],
  ['a member of the wrong type', { 'tools.0.description': 7 }, '$.tools[0].description', /must be a string, got the number 7/],
  [
    'an unknown key',
    { 'tools.0.descripton': 'x' },
    '$.tools[0].descripton',
    /^unknown key "descripton"; did you mean "description"\?$/,
  ],
  ['a key in another case', { 'tools.0.input_schema': {} }, '$.tools[0].input_schema', /did you mean "inputSchema"\?/],
  [
    'a key that is like no other',
    { blubb: 1 },
    '$.blubb',
    /^unknown key "blubb": remove it, or start its name with "x-" to keep it as a note$/,
  ],
  ["another host's key", { servers: {} }, '$.servers', /other MCP servers are in mcpServers here/],
  ['a server without command and url', { mcpServers: { a: {} } }, '$.mcpServers.a', /needs a command .*, a url, or a bundle/],
  [
    'a server with a bundle and a url',
    { mcpServers: { a: { bundle: 'x.mcpb', url: 'https://x' } } },
    '$.mcpServers.a',
    /has both url and bundle/,
  ],
  [
    'a value of a bundle that is an object',
    { mcpServers: { a: { bundle: 'x.mcpb', user_config: { key: {} as never } } } },
    '$.mcpServers.a.user_config.key',
    /must be a string, a number, true, false or a list of strings/,
  ],
  ['a server with both', { mcpServers: { a: { command: 'x', url: 'https://x' } } }, '$.mcpServers.a', /has both command and url/],
  ['a name of a server that is none', { mcpServers: { 'a b': { command: 'x' } } }, '$.mcpServers["a b"]', /1 to 64 letters/],
  ['a url that is none', { mcpServers: { a: { url: 'example.com' } } }, '$.mcpServers.a.url', /must be an http or https URL/],
  [
    'two servers with one prefix',
    { mcpServers: { a: { command: 'x', prefix: 'p_' }, b: { command: 'x', prefix: 'p_' } } },
    '$.mcpServers.b',
    /has the prefix "p_", as "a" has/,
  ],
  ['the old transport', { mcpServers: { a: { url: 'https://x', type: 'sse' } } }, '$.mcpServers.a.type', /not supported/],
  [
    'a log-in for a command',
    { mcpServers: { a: { command: 'x', credentials: 'service' } } },
    '$.mcpServers.a.credentials',
    /need a url/,
  ],
  [
    'a client without an id',
    { mcpServers: { a: { url: 'https://x', credentials: 'service', auth: {} as never } } },
    '$.mcpServers.a.auth',
    /an OAuth client needs "client_id"/,
  ],
  [
    'a secret of a client in the file',
    { mcpServers: { a: { url: 'https://x', credentials: 'service', auth: { client_id: 'x', client_secret: 'abc' } } } },
    '$.mcpServers.a.auth.client_secret',
    /must be a reference, such as env:NAME or file:PATH/,
  ],
  ["a host's name of a key", { mcpServers: { a: { command: 'x', timeout: 5 } } }, '$.mcpServers.a.timeout', /use timeout_ms/],
  [
    'code that is named on the tool',
    { 'tools.0.function_name': 'f' },
    '$.tools[0].function_name',
    /name the code in module_links/,
  ],
  ['a key that must be quoted in the path', { 'modules.0.a "b': 1 }, '$.modules[0]["a \\"b"]', /unknown key "a /],
  ['a tool without a name', { 'tools.0.name': undefined }, '$.tools[0]', /a tool needs "name"/],
  ['a resource with a null name', { 'resources.0.name': null }, '$.resources[0].name', /a resource needs a "name", got null/],
  ['a resource without a URI', { 'resources.0.uri': undefined }, '$.resources[0]', /needs "uri"/],
  ['an empty name', { 'prompts.0.name': '' }, '$.prompts[0].name', /must be a non-empty string/],
  ['a tool name with a line break', { 'tools.0.name': 'a\nb' }, '$.tools[0].name', /no control characters/],
  ['a relative URI', { 'resources.0.uri': 'status' }, '$.resources[0].uri', /absolute URI with a scheme/],
  ['a URI with a space', { 'resources.0.uri': 'file:///a b' }, '$.resources[0].uri', /contains a space: percent-encode it/],
  ['a template as URI', { 'resources.0.uri': 'file:///{a}' }, '$.resources[0].uri', /move templates to resource_templates/],
  [
    'a URI as template',
    { 'resource_templates.0.uriTemplate': 'file:///a' },
    '$.resource_templates[0].uriTemplate',
    /has no variables/,
  ],
  [
    'a template with an open brace',
    { 'resource_templates.0.uriTemplate': 'x://{a' },
    '$.resource_templates[0].uriTemplate',
    /\{ without a matching \}/,
  ],
  ['a size below 0', { 'resources.0.size': -1 }, '$.resources[0].size', /whole number of bytes/],
  ['a size with a fraction', { 'resources.0.size': 1.5 }, '$.resources[0].size', /whole number of bytes/],
  [
    'a hint that is a string',
    { 'tools.0.annotations.readOnlyHint': 'yes' },
    '$.tools[0].annotations.readOnlyHint',
    /must be true or false/,
  ],
  [
    'a misspelled hint',
    { 'tools.0.annotations.readonlyHint': true },
    '$.tools[0].annotations.readonlyHint',
    /did you mean "readOnlyHint"/,
  ],
  [
    'an unknown audience',
    { 'resources.0.annotations.audience': ['users'] },
    '$.resources[0].annotations.audience[0]',
    /did you mean "user"/,
  ],
  ['a priority above 1', { 'resources.0.annotations.priority': 2 }, '$.resources[0].annotations.priority', /from 0 to 1/],
  ['a time in words', { 'resources.0.annotations.lastModified': 'today' }, '$.resources[0].annotations.lastModified', /ISO 8601/],
  ['an icon from a file', { 'tools.0.icons.0.src': 'icon.png' }, '$.tools[0].icons[0].src', /must begin with "https:\/\/"/],
  ['an icon without source', { 'tools.0.icons.0.src': undefined }, '$.tools[0].icons[0]', /an icon needs "src"/],
  ['an icon size', { 'tools.0.icons.0.sizes': ['big'] }, '$.tools[0].icons[0].sizes[0]', /"48x48"/],
  ['an icon theme', { 'tools.0.icons.0.theme': 'night' }, '$.tools[0].icons[0].theme', /must be one of "light", "dark"/],
  [
    'a prompt argument twice',
    { 'prompts.0.arguments.1.name': 'city' },
    '$.prompts[0].arguments[1].name',
    /the name "city" is already used by \$\.prompts\[0\]\.arguments\[0\]/,
  ],
  [
    'completions that are numbers',
    { 'prompts.0.arguments.1.completions': [1] },
    '$.prompts[0].arguments[1].completions[0]',
    /must be a string/,
  ],
  [
    'completions of another type',
    { 'prompts.0.arguments.1.completions': 'x' },
    '$.prompts[0].arguments[1].completions',
    /list of strings, or an object/,
  ],
  [
    'a completion function without name',
    { 'prompts.0.arguments.0.completions': { module_name: 'm' } },
    '$.prompts[0].arguments[0].completions',
    /needs "function_name"/,
  ],
  [
    'completions of an unknown variable',
    { 'resource_templates.0.completions': { nam: [] } },
    '$.resource_templates[0].completions.nam',
    /did you mean "name"/,
  ],
  ['a schema that is a list', { 'tools.0.inputSchema': [] }, '$.tools[0].inputSchema', /must be a JSON Schema/],
  ['a schema of strings', { 'tools.0.inputSchema': { type: 'string' } }, '$.tools[0].inputSchema.type', /must be "object"/],
  [
    'a mistake deep in a schema',
    { 'tools.0.inputSchema.properties.day': { type: 'text' } },
    '$.tools[0].inputSchema.properties.day.type',
    /must be one of "array"/,
  ],
  [
    'a mistake in an output schema',
    { 'tools.0.outputSchema.minLength': -1 },
    '$.tools[0].outputSchema.minLength',
    /whole number from 0 up/,
  ],
  ['an unknown link type', { 'module_links.1.type': 'resources' }, '$.module_links[1].type', /did you mean "resource"/],
  ['an unknown return type', { 'module_links.0.return_type': 'jsn' }, '$.module_links[0].return_type', /did you mean "json"/],
  ['a timeout below 1', { 'module_links.0.timeout_ms': -5 }, '$.module_links[0].timeout_ms', /from 1 to 86400000/],
  ['a timeout above a day', { 'module_links.0.timeout_ms': 86_400_001 }, '$.module_links[0].timeout_ms', /from 1 to 86400000/],
  ['an unknown approval', { 'module_links.0.approve': 'allways' }, '$.module_links[0].approve', /did you mean "always"/],
  [
    'an approval with an operator of others',
    { 'module_links.0.approve': { when: [{ path: '$.a', gt: 1 }] } },
    '$.module_links[0].approve.when[0].gt',
    /unknown key "gt": use greater_than/,
  ],
  ['an unknown support of tasks', { 'module_links.0.task': 'optionl' }, '$.module_links[0].task', /did you mean "optional"/],
  ['a task that lives too long', { 'module_links.0.task_ttl_ms': 604_800_001 }, '$.module_links[0].task_ttl_ms', /\(a week\)/],
  ['a task that is asked for too often', { 'module_links.0.task_poll_ms': 9 }, '$.module_links[0].task_poll_ms', /from 10 to/],
  ['a task in half a millisecond', { 'module_links.0.task_after_ms': 0.5 }, '$.module_links[0].task_after_ms', /whole number/],
  [
    'a resource that is a task',
    { 'module_links.1.task': 'optional' },
    '$.module_links[1].task',
    /only tools can be run as tasks/,
  ],
  ['an unknown policy', { 'module_links.0.record': 'Argument' }, '$.module_links[0].record', /did you mean "arguments"/],
  [
    'an unknown policy inside',
    { 'module_links.0.record': { bodies: 'some' } },
    '$.module_links[0].record.bodies',
    /must be one of "all"/,
  ],
  [
    'a redaction without a path',
    { 'module_links.0.record.redact': ['city'] },
    '$.module_links[0].record.redact[0]',
    /JSON path such as/,
  ],
  ['a limit that is too low', { 'modules.0.limits': { heap_mb: 8 } }, '$.modules[0].limits.heap_mb', /from 16 to 1000000/],
  [
    'a limit that is no number',
    { 'module_links.0.limits': { open_files: '64' } },
    '$.module_links[0].limits.open_files',
    /whole/,
  ],
  ['an unknown limit', { 'modules.0.limits': { memory_bytes: 1 } }, '$.modules[0].limits.memory_bytes', /use memory_mb/],
  ['an unknown isolation', { 'modules.0.isolation': 'nne' }, '$.modules[0].isolation', /did you mean "none"/],
  [
    'a server that does not exist',
    { 'modules.0.source': 'mcp' },
    '$.modules[0]',
    /mcpServers has no server "@acme\/weather", and the setting has no command or url/,
  ],
  ['an unknown source', { 'modules.0.source': 'git' }, '$.modules[0].source', /unknown source "git": leave it out/],
  ['a digest that is too short', { 'modules.0.sha256': 'abc' }, '$.modules[0].sha256', /64 hexadecimal digits/],
  ['a setting that is a list', { 'modules.0.setting': [] }, '$.modules[0].setting', /must be an object, got a list/],
  ['a module without name', { 'modules.0.module_name': undefined }, '$.modules[0]', /a module needs "module_name"/],
  [
    'a module twice',
    { 'modules.1': { module_name: 'weather', class_name: 'Weather' } },
    '$.modules[1]',
    /same module_name and class_name as \$\.modules\[0\]/,
  ],
  [
    'a URI twice',
    { 'resources.1': { uri: 'status://server', name: 'forecast2' } },
    '$.resources[1].uri',
    /the uri "status:\/\/server" is already used by \$\.resources\[0\]/,
  ],
  [
    'a link for the wrong kind',
    { 'module_links.1.type': 'prompt' },
    '$.module_links[1].type',
    /"Server Status" is the resource \$\.resources\[0\]: write "type": "resource"/,
  ],
  [
    'a link without type for a prompt',
    { 'module_links.3.type': undefined },
    '$.module_links[3].type',
    /a link without a type is for a tool/,
  ],
  [
    'a second link',
    { 'module_links.4': { name: 'forecast', module_name: 'm', function_name: 'f' } },
    '$.module_links[4].name',
    /already has the link \$\.module_links\[0\]/,
  ],
  [
    'a link to nothing',
    { 'module_links.4': { name: 'zzz', module_name: 'm', function_name: 'f' } },
    '$.module_links[4].name',
    /no tool named "zzz": declare it/,
  ],
  [
    'a link without function',
    { 'module_links.0.function_name': undefined },
    '$.module_links[0]',
    /a module link needs "function_name"/,
  ],
  ['an infinite number', { 'tools.0._meta': { n: Infinity } }, '$.tools[0]._meta.n', /cannot be written as JSON/],
];

describe('the check of a config', () => {
  it.each(BAD)('reports %s, with its path and advice', (_, changes, path, message) => {
    const mistakes = checkConfig(changed(fullConfig(), changes));
    const found = mistakes.filter((mistake) => mistake.path === path);
    expect(found.map((mistake) => mistake.message)).toEqual([expect.stringMatching(message)]);
  });

  it('reports a config that is not an object', () => {
    expect([null, [], 'x', 3].map((document) => mistakesOf(document)[0])).toEqual([
      expect.stringContaining('got null'),
      expect.stringContaining('got a list'),
      expect.stringContaining('got the string "x"'),
      expect.stringContaining('got the number 3'),
    ]);
  });

  it('reports a config that serves nothing', () => {
    expect(mistakesOf({})).toEqual([expect.stringMatching(/^\$: the config serves nothing/)]);
    expect(mistakesOf({ tools: [], prompts: [] })).toEqual([expect.stringContaining('serves nothing')]);
  });

  it('reports all mistakes at once', () => {
    expect(mistakesAfter({ 'tools.0.name': 'a\nb', 'resources.0.uri': 'x', 'modules.0.sha256': '', version: 1 })).toHaveLength(
      // The renamed tool's link leads nowhere, and the tool has no link.
      6,
    );
  });
});

describe('the names of functions', () => {
  it('must differ across all kinds: the second is reported with the first', () => {
    expect(mistakesAfter({ 'prompts.0.name': 'forecast', 'module_links.3': undefined })).toContainEqual(
      expect.stringMatching(/^\$\.prompts\[0\]\.name: the name "forecast" is already used by the tool \$\.tools\[0\]:/),
    );
  });

  it('may be names that every object inherits', () => {
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];
    const document = {
      tools: names.map((name) => ({ name })),
      module_links: names.map((name) => ({ name, module_name: 'm', function_name: 'f' })),
    };
    expect(mistakesOf(document)).toEqual([]);
    expect(
      mistakesOf(
        JSON.parse('{"tools":[{"name":"a"}],"module_links":[{"name":"a","module_name":"m","function_name":"f","__proto__":1}]}'),
      ),
    ).toEqual([expect.stringContaining('$.module_links[0].__proto__: unknown key "__proto__"')]);
  });
});

describe('the check of links', () => {
  it('reports a function without a link, with the entry to add', () => {
    expect(mistakesAfter({ 'module_links.1': { name: 'forecast2' } })).toContainEqual(
      expect.stringContaining(
        'the resource "Server Status" has no code: add a module_links entry {"type": "resource", "name": "Server Status"',
      ),
    );
  });

  it('reports a link of an unknown type once, and not also its function', () => {
    expect(mistakesAfter({ 'module_links.0.type': 'tol' })).toEqual([
      expect.stringMatching(/^\$\.module_links\[0\]\.type: must be one of .*; did you mean "tool"\?$/),
    ]);
    expect(mistakesAfter({ 'module_links.0.type': 3 })).toHaveLength(1);
  });

  it('reports a misspelled list once, without the mistakes that follow from it', () => {
    const { module_links, ...rest } = fullConfig();
    expect(mistakesOf({ ...rest, module_link: module_links })).toEqual([
      '$.module_link: unknown key "module_link"; did you mean "module_links"?',
    ]);
    const { tools, ...others } = fullConfig();
    expect(mistakesOf({ ...others, Tools: tools })).toEqual(['$.Tools: unknown key "Tools"; did you mean "tools"?']);
    expect(mistakesOf({ tool: tools, module_links })).toEqual(['$.tool: unknown key "tool"; did you mean "tools"?']);
    expect(mistakesAfter({ module_links: {} })).toEqual([expect.stringMatching(/^\$\.module_links: must be a list/)]);
  });

  it('reports a misspelled required key once', () => {
    expect(mistakesAfter({ 'module_links.0.function_name': undefined, 'module_links.0.functon_name': 'f' })).toEqual([
      '$.module_links[0].functon_name: unknown key "functon_name"; did you mean "function_name"?',
    ]);
  });

  it('reports a misspelled name once', () => {
    expect(mistakesAfter({ 'module_links.0.name': 'forcast' })).toEqual([
      '$.module_links[0].name: there is no tool named "forcast"; did you mean "forecast"?',
    ]);
  });

  it('lets type resource find templates, and type resource_template only templates', () => {
    expect(mistakesAfter({ 'module_links.2.type': 'resource_template' })).toEqual([]);
    expect(mistakesAfter({ 'module_links.1.type': 'resource_template' })).toEqual([
      expect.stringContaining('write "type": "resource"'),
    ]);
  });

  it('requires an entry of modules only if there are several with different code', () => {
    const two = { 'modules.1': { module_name: 'weather', class_name: 'Other', package_name: 'elsewhere' } };
    expect(mistakesAfter(two)).toEqual([
      expect.stringMatching(/^\$\.module_links\[1\]\.module_name: modules has several entries for "weather"/),
    ]);
  });
});

describe('the supported sources and isolations', () => {
  it('are set by the program', () => {
    const support = { sources: ['zip', 's3'], isolations: ['none', 'process'] };
    expect(mistakesAfter({ 'modules.0.source': 's3', 'modules.0.isolation': 'process' }, support)).toEqual([]);
    expect(mistakesAfter({ 'modules.0.isolation': 'process' }, { isolations: ['none'] })).toEqual([
      expect.stringContaining('isolation "process" is not supported by this version: use "none"'),
    ]);
    expect(mistakesAfter({ 'modules.0.source': 'mcp' }, support)).toEqual([
      expect.stringContaining('source "mcp" is not supported by this version'),
    ]);
    expect(mistakesAfter({ 'modules.0.source': 'zipp' }, support)).toEqual([expect.stringContaining('did you mean "zip"?')]);
  });
});

describe('the check of an object from a program', () => {
  it('reports values that are not JSON', () => {
    expect(mistakesOf({ tools: [{ name: 'a', _meta: { when: () => 1, big: 1n } }] })).toEqual([
      expect.stringMatching(/^\$\.tools\[0\]\._meta\.when: a function cannot be written as JSON/),
      expect.stringContaining('$.tools[0]._meta.big: a bigint'),
    ]);
  });

  it('reports an object that contains itself', () => {
    const setting: Record<string, unknown> = {};
    setting['self'] = setting;
    expect(mistakesOf({ modules: [{ module_name: 'm', setting }] })[0]).toContain('nested more than 400 levels deep');
  });
});

it('thousands of wrong names are reported within seconds', () => {
  const entries = Array.from({ length: 5_000 }, (_, index) => index);
  const document = {
    tools: entries.map((index) => ({ name: `tool_number_${index}`, descripton: '' })),
    module_links: entries.map((index) => ({ name: `tol_number_${index}_x`, module_name: 'm', function_name: 'f' })),
  };
  expect(mistakesOf(document).length).toBeGreaterThanOrEqual(10_000);
});
