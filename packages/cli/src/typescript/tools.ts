/**
 * The types of tools, and `createTools`.
 */
import { compileSchema } from '@mcp-daemon/core';

import type { ListedTool } from './listing.js';
import type { Names } from './names.js';
import { pascalCase } from './names.js';
import { docComment, docLines, keyOf, print, quote } from './print.js';
import type { Declaration } from './schema-type.js';
import { declareSchema, OBJECTS } from './schema-type.js';
import { CREATE_TOOLS, TOOL_CLIENT } from './wrapper.js';

/** What is written of one tool. */
interface WrittenTool {
  readonly tool: ListedTool;
  readonly doc: readonly string[];
  readonly argumentsName: string;
  readonly resultName: string;
  readonly declarations: readonly Declaration[];
}

/** A declaration as a statement. */
export function declared({ name, type, doc }: Declaration): string {
  const written = print(type);
  return `${docComment(doc)}export type ${name} =${written.startsWith('\n') ? '' : ' '}${written};\n`;
}

/** A key in an object with values, where `__proto__` would set the prototype. */
const valueKey = (name: string): string => (name === '__proto__' ? `['__proto__']` : keyOf(name));

/** Whether a tool can be called without arguments. */
function acceptsNothing({ inputSchema }: ListedTool): boolean {
  try {
    return compileSchema(inputSchema)({}).ok;
  } catch {
    return false; // the schema of another server may be one that we cannot read: then the arguments are to be written
  }
}

function writeTool(tool: ListedTool, names: Names): WrittenTool {
  const { name, title, description, inputSchema, outputSchema } = tool;
  const base = pascalCase(name) || 'Tool';
  const doc = docLines(description ?? title);
  const argumentsName = names.take(`${base}Arguments`);
  const input = declareSchema(inputSchema, {
    name: argumentsName,
    names,
    allowed: OBJECTS,
    doc: docLines(`Arguments of ${quote(name)}.`),
  });
  if (outputSchema === undefined) return { tool, doc, argumentsName, resultName: 'Content[]', declarations: input };
  const resultName = names.take(`${base}Result`);
  const output = declareSchema(outputSchema, { name: resultName, names, doc: docLines(`Structured result of ${quote(name)}.`) });
  return { tool, doc, argumentsName, resultName, declarations: [...input, ...output] };
}

/** The method of one tool. */
function method({ tool, doc, argumentsName, resultName }: WrittenTool): string {
  const sign = acceptsNothing(tool) ? '?' : '';
  const signature = `(args${sign}: ${argumentsName}, options?: CallOptions): Promise<${resultName}>`;
  return `${docComment(doc, '  ')}  ${keyOf(tool.name)}${signature};\n`;
}

/** The part of the file for tools; undefined where there are none. */
export function toolsSection(tools: readonly ListedTool[], names: Names): string | undefined {
  if (tools.length === 0) return undefined;
  const written = tools.map((tool) => writeTool(tool, names));
  // An object with a method "then" is taken for a promise wherever it is awaited or returned.
  const methods = written.filter(({ tool }) => tool.name !== 'then');
  return [
    ...written.flatMap(({ declarations }) => declarations.map(declared)),
    [
      docComment(['The tools, by their names. `createTools` makes it.']),
      'export interface Tools {\n',
      ...methods.map(method),
      '}\n',
    ].join(''),
    [
      docComment(['The types of each tool, for code that works with any tool.']),
      'export interface ToolTypes {\n',
      ...written.map(
        ({ tool, argumentsName, resultName }) =>
          `  ${keyOf(tool.name)}: { arguments: ${argumentsName}; result: ${resultName} };\n`,
      ),
      '}\n',
    ].join(''),
    [docComment(['The name of a tool.']), 'export type ToolName = keyof ToolTypes;\n'].join(''),
    [
      docComment(['All tools, and whether their results are structured.']),
      'const TOOLS: { readonly [name in ToolName]: boolean } = {\n',
      ...written.map(({ tool }) => `  ${valueKey(tool.name)}: ${tool.outputSchema !== undefined},\n`),
      '};\n',
    ].join(''),
    TOOL_CLIENT,
    CREATE_TOOLS,
  ].join('\n');
}
