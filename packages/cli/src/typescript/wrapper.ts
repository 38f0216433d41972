/**
 * The parts of a generated file that are the same for every server: TypeScript as text. It imports nothing, and its types can be
 * stripped, so that Node runs it as it is.
 */

/** The names that generated files declare, besides those that are made of the names of tools and prompts. */
export const OWN_NAMES: readonly string[] = [
  ...['CallOptions', 'Content', 'ResourceContents', 'ToolClient', 'ToolError', 'ToolName', 'ToolTypes', 'Tools'],
  ...['PromptClient', 'PromptMessage', 'PromptResult', 'Prompts'],
  ...['ResourceClient', 'ResourceNames', 'ResourceTemplates', 'Resources'],
];

/** Options of every call. */
export const CALL_OPTIONS = `/** Options of a call. They are given to the client as they are, also those that are not named here. */
export interface CallOptions {
  /** Cancels the call. */
  signal?: AbortSignal | undefined;
  /** Milliseconds until the call fails. */
  timeout?: number | undefined;
  /** Milliseconds until the call fails, however much progress it makes. */
  maxTotalTimeout?: number | undefined;
  /** Whether progress begins the time of \`timeout\` again. */
  resetTimeoutOnProgress?: boolean | undefined;
  /** Gets the progress of the call. */
  onprogress?: ((progress: { progress: number; total?: number | undefined; message?: string | undefined }) => void) | undefined;
  [option: string]: unknown;
}
`;

/** The contents of resources. */
export const RESOURCE_CONTENTS = `/** The contents of a resource: text, or bytes in base64. */
export type ResourceContents =
  | { uri: string; mimeType?: string; text: string; blob?: undefined }
  | { uri: string; mimeType?: string; blob: string; text?: undefined };
`;

/** Content of tools and prompts. */
export const CONTENT = `/** One part of the answer of a tool, or of a message of a prompt. */
export type Content =
  | { type: 'text'; text: string }
  | { type: 'image' | 'audio'; data: string; mimeType: string }
  | { type: 'resource_link'; uri: string; name: string; title?: string; description?: string; mimeType?: string }
  | { type: 'resource'; resource: ResourceContents };

/** The text of an answer, without what is no text. */
export function textOf(content: readonly Content[]): string {
  return content.map((part) => (part.type === 'text' ? part.text : '')).filter((text) => text !== '').join('\\n');
}
`;

/** What is needed of a client to call tools, and the error of a tool. */
export const TOOL_CLIENT = `/** A connected MCP client: \`Client\` of @modelcontextprotocol/client or of @modelcontextprotocol/sdk, or your own. */
export interface ToolClient {
  callTool(params: { name: string; arguments?: { [name: string]: unknown } }, ...more: never[]): Promise<unknown>;
}

/** Thrown where a tool answers with an error (\`isError\`). Its message is the text of the answer. */
export class ToolError extends Error {
  /** The name of the tool. */
  readonly tool: string;
  /** The answer. */
  readonly content: readonly Content[];

  constructor(tool: string, content: readonly Content[], message: string = textOf(content)) {
    super(message === '' ? \`the tool \${tool} answered with an error\` : message);
    this.name = 'ToolError';
    this.tool = tool;
    this.content = content;
  }
}
`;

/** Calls of tools. */
export const CREATE_TOOLS = `/**
 * Calls a tool by its name.
 *
 * @returns its structured result where it has an output schema, else its content
 * @throws ToolError where the tool answers with an error, and whatever the client throws
 */
export async function callTool<Name extends ToolName>(
  client: ToolClient,
  name: Name,
  args: ToolTypes[Name]['arguments'],
  options?: CallOptions,
): Promise<ToolTypes[Name]['result']> {
  // The client of @modelcontextprotocol/sdk takes a schema before the options; that of @modelcontextprotocol/client does not.
  const isFirstVersion = 'getServerCapabilities' in client && !('getProtocolEra' in client);
  const more = isFirstVersion ? [undefined, options] : [options];
  const given = (args ?? {}) as unknown as { [name: string]: unknown };
  const answer = await client.callTool({ name, arguments: given }, ...(more as never[]));
  const { content = [], structuredContent, isError } = answer as {
    content?: Content[];
    structuredContent?: ToolTypes[Name]['result'];
    isError?: boolean;
  };
  if (isError === true) throw new ToolError(name, content);
  if (!TOOLS[name]) return content as unknown as ToolTypes[Name]['result'];
  if (structuredContent === undefined)
    throw new ToolError(name, content, \`the tool \${name} has an output schema, but answered without structured content\`);
  return structuredContent;
}

/** Makes a method of each tool. @param client a connected client */
export function createTools(client: ToolClient): Tools {
  const methods = (Object.keys(TOOLS) as ToolName[])
    .filter((name: string) => name !== 'then')
    .map((name) => [name, (args: never, options?: CallOptions) => callTool(client, name, args, options)]);
  return Object.fromEntries(methods) as Tools;
}
`;

/** Prompts. */
export const CREATE_PROMPTS = `/** A message of a prompt. */
export interface PromptMessage {
  role: 'user' | 'assistant';
  content: Content;
}

/** What a prompt answers. */
export interface PromptResult {
  description?: string;
  messages: PromptMessage[];
}

/** What is needed of a client to get prompts. */
export interface PromptClient {
  getPrompt(params: { name: string; arguments?: { [name: string]: string } }, ...more: never[]): Promise<unknown>;
}

/** Makes a method of each prompt. @param client a connected client */
export function createPrompts(client: PromptClient): Prompts {
  const methods = PROMPTS.map((name) => [
    name,
    (args: { [name: string]: string } = {}, options?: CallOptions) =>
      client.getPrompt({ name, arguments: args }, ...([options] as never[])),
  ]);
  return Object.fromEntries(methods) as Prompts;
}
`;

/** What is needed of a client to read resources. */
export const RESOURCE_CLIENT = `/** What is needed of a client to read resources. */
export interface ResourceClient {
  readResource(params: { uri: string }, ...more: never[]): Promise<unknown>;
}
`;

/** The expansion of URI templates. */
export const EXPAND = `/** Before the first value, between values, and whether names are written, by the operator of an expression (RFC 6570). */
const OPERATORS: { readonly [operator: string]: readonly [first: string, separator: string, isNamed: boolean] } = {
  '': ['', ',', false],
  '+': ['', ',', false],
  '#': ['#', ',', false],
  '.': ['.', '.', false],
  '/': ['/', '/', false],
  ';': [';', ';', true],
  '?': ['?', '&', true],
  '&': ['&', '&', true],
};

/** Makes the URI of a resource from its template. */
export function resourceUri<Template extends keyof ResourceTemplates>(
  template: Template,
  variables: ResourceTemplates[Template],
): string {
  const values = variables as { readonly [name: string]: string | readonly string[] | undefined };
  return template.replace(/\\{([+#./;?&]?)([^{}]+)\\}/g, (_, operator: string, list: string) => {
    const [first, separator, isNamed] = OPERATORS[operator] ?? ['', ',', false];
    const encode = (value: string): string =>
      operator === '+' || operator === '#'
        ? encodeURI(value).replace(/%25([0-9A-Fa-f]{2})/g, '%$1').replace(/%5B/g, '[').replace(/%5D/g, ']')
        : encodeURIComponent(value).replace(/[!'()*]/g, (sign) => \`%\${sign.charCodeAt(0).toString(16).toUpperCase()}\`);
    const parts = list.split(',').flatMap((spec) => {
      const [, name = spec, isList, length] = /^(.*?)(?:(\\*)|:(\\d+))?$/.exec(spec) ?? [];
      const value = values[name];
      if (value === undefined || value.length === 0 && typeof value !== 'string') return [];
      const items = (typeof value === 'string' ? [value] : value).map((item) =>
        encode(length === undefined ? item : [...item].slice(0, Number(length)).join('')),
      );
      const written = isList === undefined ? [items.join(',')] : items;
      if (!isNamed) return written;
      return written.map((item) => (item === '' && operator === ';' ? name : \`\${name}=\${item}\`));
    });
    return parts.length === 0 ? '' : first + parts.join(separator);
  });
}
`;

const READ_FIXED = `  /** Reads a resource by its URI. */
  read(uri: keyof ResourceNames, options?: CallOptions): Promise<ResourceContents[]>;
`;
const READ_TEMPLATE = `  /** Reads a resource of a template. */
  read<Template extends keyof ResourceTemplates>(
    template: Template,
    variables: ResourceTemplates[Template],
    options?: CallOptions,
  ): Promise<ResourceContents[]>;
`;

/** Reads resources: of the kinds that there are. */
export function resourcesWrapper({ hasFixed, hasTemplates }: { hasFixed: boolean; hasTemplates: boolean }): string {
  const expanded = hasTemplates
    ? `
      const isTemplate = uri.includes('{');
      const address = isTemplate ? resourceUri(uri as never, first as never) : uri;
      const options = isTemplate ? second : first;
      const { contents } = (await client.readResource({ uri: address }, ...([options] as never[]))) as Contents;`
    : `
      const { contents } = (await client.readResource({ uri }, ...([first] as never[]))) as Contents;`;
  return `/** Reads the resources. \`createResources\` makes it. */
export interface Resources {
${hasFixed ? READ_FIXED : ''}${hasTemplates ? READ_TEMPLATE : ''}}

/** Reads the resources through a client. @param client a connected client */
export function createResources(client: ResourceClient): Resources {
  type Contents = { contents: ResourceContents[] };
  return {
    async read(uri: string, first?: unknown${hasTemplates ? ', second?: unknown' : ''}): Promise<ResourceContents[]> {${expanded}
      return contents;
    },
  };
}
`;
}
