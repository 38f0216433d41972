/** Configs that several tests need. */
import type { ConfigDocument } from '../../src/config/document.js';

/** The sample of the Python engine's README, unchanged. */
export const ENGINE_SAMPLE = `{
    "tools": [
        {
            "name": "hello",
            "description": "Greet someone",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "name": {
                        "type": "string",
                        "description": "Name",
                        "default": "World"
                    }
                }
            },
            "annotations": null
        },
        {
            "name": "add_numbers",
            "description": "Add two numbers",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "a": {
                        "type": "integer",
                        "description": "First number"
                    },
                    "b": {
                        "type": "integer",
                        "description": "Second number"
                    }
                },
                "required": [
                    "a",
                    "b"
                ]
            },
            "annotations": null
        }
    ],
    "resources": [
        {
            "uri": "status://server",
            "name": "Server Status",
            "description": "Status info",
            "mimeType": "text/plain",
            "size": null,
            "annotations": null
        }
    ],
    "prompts": [
        {
            "name": "example-prompt",
            "description": "An example prompt template",
            "arguments": [
                {
                    "name": "arg1",
                    "description": "Example argument",
                    "required": true
                }
            ]
        }
    ],
    "module_links": [
        {
            "type": "tool",
            "name": "hello",
            "module_name": "mcp_function_demo",
            "class_name": "MCPFunctionDemo",
            "function_name": "hello",
            "return_type": "text"
        },
        {
            "type": "tool",
            "name": "add_numbers",
            "module_name": "mcp_function_demo",
            "class_name": "MCPFunctionDemo",
            "function_name": "add_numbers",
            "return_type": "text"
        },
        {
            "type": "resource",
            "name": "Server Status",
            "module_name": "mcp_function_demo",
            "class_name": "MCPFunctionDemo",
            "function_name": "read_resource"
        },
        {
            "type": "prompt",
            "name": "example-prompt",
            "module_name": "mcp_function_demo",
            "class_name": "MCPFunctionDemo",
            "function_name": "get_prompt"
        }
    ],
    "modules": [
        {
            "package_name": "mcp_function_demo",
            "module_name": "mcp_function_demo",
            "class_name": "MCPFunctionDemo",
            "setting": {}
        }
    ]
}
`;

/** A config with one of everything and all members. */
export function fullConfig() {
  return {
    $schema: './config.schema.json',
    name: 'weather',
    version: '1.2.3',
    title: 'Weather service',
    instructions: 'Ask for a city first.',
    tools: [
      {
        name: 'forecast',
        title: 'Forecast',
        description: 'The forecast for a city',
        inputSchema: { type: 'object', properties: { city: { type: 'string', 'x-mcp-header': 'City' } }, required: ['city'] },
        outputSchema: { type: 'array', items: { $ref: '#/$defs/day' }, $defs: { day: { type: 'object' } } },
        annotations: { title: 'F', readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
        icons: [{ src: 'https://example.com/i.png', mimeType: 'image/png', sizes: ['48x48', 'any'], theme: 'dark' as const }],
        _meta: { 'com.example/owner': 'me' },
        scopes: ['weather:read'],
        is_async: true,
        'x-note': 'mine',
      },
    ],
    resources: [
      {
        uri: 'status://server',
        name: 'Server Status',
        mimeType: 'text/plain',
        size: 12,
        annotations: { audience: ['user', 'assistant'], priority: 0.5, lastModified: '2025-01-12T15:00:58Z' },
      },
    ],
    resource_templates: [
      {
        uriTemplate: 'city://{name}{?units,lang*}',
        name: 'City',
        mimeType: 'application/json',
        completions: { name: ['london', 'paris'] },
      },
    ],
    prompts: [
      {
        name: 'advise',
        arguments: [
          {
            name: 'city',
            title: 'City',
            description: 'Where',
            required: true,
            completions: { module_name: 'weather', function_name: 'cities' },
          },
          { name: 'mood', completions: ['good', 'bad'] },
        ],
      },
    ],
    module_links: [
      {
        name: 'forecast',
        module_name: 'weather',
        class_name: 'Weather',
        function_name: 'forecast',
        return_type: 'json' as const,
        is_async: false,
        timeout_ms: 5000,
        task: 'optional' as const,
        task_after_ms: 200,
        task_ttl_ms: 60_000,
        task_poll_ms: 250,
        isolation: 'none',
        record: { bodies: 'arguments' as const, redact: ['$.city', "$['a key'][*].token"] },
        quota: { concurrent: 2 },
        approve: {
          when: [
            { path: '$.city', not_one_of: ['Rome'], exists: true },
            { path: '$.days', equals: null },
          ],
        },
      },
      {
        type: 'resource' as const,
        limits: { heap_mb: 64 },
        name: 'Server Status',
        module_name: 'weather',
        function_name: 'status',
        record: 'none' as const,
      },
      { type: 'resource' as const, name: 'City', module_name: './city.js', function_name: 'read' },
      { type: 'prompt' as const, name: 'advise', module_name: 'weather', class_name: 'Weather', function_name: 'advise' },
    ],
    modules: [
      {
        package_name: '@acme/weather',
        module_name: 'weather',
        class_name: 'Weather',
        setting: { base_url: 'https://api.example.com' },
        source: '',
        sha256: 'A'.repeat(64),
        isolation: 'none',
        _comment: 'the only one',
      },
    ],
  } satisfies ConfigDocument & Record<string, unknown>;
}

/** A value with some paths replaced: `{ 'tools.0.name': 'x' }`. Undefined removes a member. */
export function changed(document: object, changes: Record<string, unknown>): Record<string, unknown> {
  const copy = structuredClone(document) as Record<string, unknown>;
  for (const [path, value] of Object.entries(changes)) {
    const steps = path.split('.');
    const last = steps.pop()!;
    const holder = steps.reduce<Record<string, unknown>>(
      (object, step) => (object[step] ??= {}) as Record<string, unknown>,
      copy,
    );
    if (value === undefined) Reflect.deleteProperty(holder, last);
    else holder[last] = value;
  }
  return copy;
}
