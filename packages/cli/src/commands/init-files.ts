/**
 * The files that `init` writes: a config file with its code, in JavaScript or TypeScript, as functions or as a class, and a
 * project around them.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the user has chosen. */
export interface Template {
  /** The name of the server, made of letters, digits, `-` and `_`. */
  readonly name: string;
  readonly isTypeScript: boolean;
  readonly isClass: boolean;
  /** The JSON Schema of the config file, relative to it. */
  readonly schema: string;
}

/** The name of the config file. */
export const CONFIG = 'mcp.json';
/** The copy of the JSON Schema, for a folder without an installed package. */
export const SCHEMA_COPY = 'mcp.schema.json';

/** The test of a project in TypeScript. */
export const TS_TEST = 'functions.test.mts';

/** The JSON Schema of the config file, as this program has it. */
export function schemaText(): string {
  const name = 'config.schema.json';
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch (error) {
      const parent = dirname(folder);
      if (parent === folder) throw error;
      folder = parent;
    }
  }
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function configText({ name, isClass, schema }: Template): string {
  const link = (type: string, linked: string, function_name: string): object => ({
    type,
    name: linked,
    module_name: 'functions',
    ...(isClass ? { class_name: 'Functions' } : {}),
    function_name,
  });
  const annotations = { readOnlyHint: true, openWorldHint: false };
  return json({
    $schema: schema,
    name,
    version: '0.1.0',
    instructions: 'Use hello to greet people by name, and add_numbers for exact sums.',
    tools: [
      {
        name: 'hello',
        description: 'Greet someone by name',
        inputSchema: {
          type: 'object',
          properties: { name: { type: 'string', description: 'Name to greet', default: 'World' } },
        },
        annotations,
      },
      {
        name: 'add_numbers',
        description: 'Add two numbers',
        inputSchema: {
          type: 'object',
          properties: { a: { type: 'number', description: 'First number' }, b: { type: 'number', description: 'Second number' } },
          required: ['a', 'b'],
        },
        annotations,
      },
    ],
    resources: [{ name: 'status', uri: 'status://server', description: 'Status of the server', mimeType: 'application/json' }],
    prompts: [
      {
        name: 'review',
        description: 'Review a text',
        arguments: [{ name: 'text', description: 'Text to review', required: true }],
      },
    ],
    module_links: [
      link('tool', 'hello', 'hello'),
      link('tool', 'add_numbers', 'addNumbers'),
      link('resource', 'status', 'status'),
      link('prompt', 'review', 'review'),
    ],
    ...(isClass ? { modules: [{ module_name: 'functions', class_name: 'Functions', setting: { greeting: 'Hello' } }] } : {}),
  });
}

/** One function of the module: its name, its parameters, the type of its result, and its code. */
type FunctionText = readonly [name: string, parameters: string, types: string, result: string, code: string];

function functionTexts({ isClass }: Template): FunctionText[] {
  const greeting = isClass ? '${this.greeting}' : 'Hello';
  const review = 'Review this text. Point out what is unclear and suggest better wording:\\n\\n${text}';
  return [
    ['hello', '{ name }', '{ name: string }', 'string', `return \`${greeting}, \${name}!\`;`],
    ['addNumbers', '{ a, b }', '{ a: number; b: number }', 'number', 'return a + b;'],
    ['status', 'uri', 'string', 'object', 'return { uri, pid: process.pid, uptime: Math.round(process.uptime()) };'],
    ['review', '{ text }', '{ text: string }', 'string', `return \`${review}\`;`],
  ];
}

function moduleText(template: Template): string {
  const { isTypeScript, isClass } = template;
  const functions = functionTexts(template).map(([name, parameters, types, result, code]) => {
    const typed = isTypeScript ? `(${parameters}: ${types}): ${result}` : `(${parameters})`;
    return isClass ? `  ${name}${typed} {\n    ${code}\n  }` : `export function ${name}${typed} {\n  ${code}\n}`;
  });
  const head = `// The functions of ${CONFIG}. Their arguments were checked against the schemas there, and defaults are filled in.\n// Save this file and the next call runs the new code.\n`;
  if (!isClass) return `${head}\n${functions.join('\n\n')}\n`;
  const type = isTypeScript ? ': { setting: { greeting: string } }' : '';
  const field = isTypeScript ? '  readonly greeting: string;\n\n' : '';
  const constructor = `  // Called once, before the first call, with the "setting" of ${CONFIG}.\n  constructor({ setting }${type}) {\n    this.greeting = setting.greeting;\n  }`;
  return `${head}\nexport class Functions {\n${field}${[constructor, ...functions].join('\n\n')}\n}\n`;
}

function testText({ isTypeScript, isClass }: Template): string {
  const file = `./functions.${isTypeScript ? 'mts' : 'mjs'}`;
  const names = isClass ? 'Functions' : 'addNumbers, hello';
  const made = isClass ? `\nconst functions = new Functions({ setting: { greeting: 'Hello' } });\n` : '';
  const of = isClass ? 'functions.' : '';
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ${names} } from '${file}';
${made}
test('hello greets by name', () => {
  assert.equal(${of}hello({ name: 'Ada' }), 'Hello, Ada!');
});

test('add_numbers adds two numbers', () => {
  assert.equal(${of}addNumbers({ a: 2, b: 3 }), 5);
});
`;
}

const packageText = ({ name, isTypeScript }: Template): string =>
  json({
    name: name.toLowerCase().replace(/^[_-]+/, '') || 'my-tools',
    version: '0.1.0',
    private: true,
    type: 'module',
    engines: { node: '>=20.19' },
    // With a name, because Node 20 finds no tests in TypeScript, and would report that all have passed.
    scripts: { test: isTypeScript ? `node --test ${TS_TEST}` : 'node --test' },
  });

const tsconfigText = (): string =>
  json({
    compilerOptions: {
      target: 'es2024',
      module: 'nodenext',
      strict: true,
      noEmit: true,
      // What Node accepts in a TypeScript file.
      erasableSyntaxOnly: true,
      verbatimModuleSyntax: true,
      allowImportingTsExtensions: true,
      types: ['node'],
    },
    include: ['*.mts'],
  });

function readmeText({ name, isTypeScript }: Template): string {
  const module = `functions.${isTypeScript ? 'mts' : 'mjs'}`;
  const types = isTypeScript
    ? `\nThe server runs TypeScript on every Node from 20.19 on. Node's own test runner needs 22.18, or \`npx tsx --test ${TS_TEST}\`.\n\nTypes are removed, not checked. To check them:\n\n\`\`\`sh\nnpm install --save-dev typescript @types/node\nnpx tsc\n\`\`\`\n`
    : '';
  return `# ${name}

An MCP server: \`${CONFIG}\` declares the tools, resources and prompts, \`${module}\` has their functions.

\`\`\`sh
mcp-daemon config check --load               # find all mistakes
mcp-daemon call hello '{"name":"Ada"}'       # call a tool
mcp-daemon add tool                          # add a tool, and a function to write
mcp-daemon install claude-code               # add the server to a host
npm test                                     # test the functions
\`\`\`
${types}`;
}

/** A file that `init` writes. */
export interface InitFile {
  readonly name: string;
  readonly text: string;
  /** Whether a file of this name that exists is kept, rather than an error. */
  readonly isKept: boolean;
}

/** The files of a template, in the order in which they are listed. */
export function filesOf(template: Template): InitFile[] {
  const ending = template.isTypeScript ? 'mts' : 'mjs';
  const own = (name: string, text: string): InitFile => ({ name, text, isKept: false });
  const project = (name: string, text: string): InitFile => ({ name, text, isKept: true });
  return [
    own(CONFIG, configText(template)),
    own(`functions.${ending}`, moduleText(template)),
    own(`functions.test.${ending}`, testText(template)),
    ...(template.schema === `./${SCHEMA_COPY}` ? [own(SCHEMA_COPY, schemaText())] : []),
    ...(template.isTypeScript ? [project('tsconfig.json', tsconfigText())] : []),
    project('package.json', packageText(template)),
    project('.gitignore', 'node_modules/\n*.log\n.env\nusers.json\n'),
    project('README.md', readmeText(template)),
  ];
}
