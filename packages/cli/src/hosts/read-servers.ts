/** Reads the MCP servers of a host's config file, and writes their variables as our config file has them. */
import type { ConfigMount, JsonObject } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';
import { parse as parseJsonc } from 'jsonc-parser';
import { parse as parseToml } from 'smol-toml';

import { UsageError } from '../errors.js';

/** The servers of a file. */
export interface FoundServers {
  readonly servers: Readonly<Record<string, ConfigMount>>;
  /** What could not be taken over, or needs attention: one line each. */
  readonly notes: readonly string[];
}

/** Where the entries are, by the key of the file. */
const ROOTS = ['mcpServers', 'servers', 'mcp_servers', 'mcp'] as const;

/** Folders that hosts write as variables. */
const FOLDERS = /\$\{(workspaceFolder|workspaceRoot|projectRoot)\}/g;

const isText = (value: unknown): value is string => typeof value === 'string';
const texts = (value: unknown): string[] | undefined => (Array.isArray(value) ? value.filter(isText) : undefined);

/** The name of an environment variable for an input that a host asks for. */
const variableOf = (input: string): string => input.replace(/[^A-Za-z0-9]+/g, '_').toUpperCase();

/** One reader a file, with the notes about it. */
class Reader {
  readonly notes: string[] = [];

  /** A text with its variables in our spelling. */
  text(text: string, server: string): string {
    return text
      .replace(/\$\{input:([^}]+)\}/g, (_, input: string) => {
        const name = variableOf(input);
        this.notes.push(`${server}: the host asked for "${input}"; set the environment variable ${name}`);
        return `\${env:${name}}`;
      })
      .replace(FOLDERS, '.')
      .replace(/\$\{userHome\}/g, '${env:HOME}')
      .replace(/(^|[^$])\{env:([A-Za-z_]\w*)\}/g, (_, before: string, name: string) => `${before}\${env:${name}}`)
      .replace(/\$\{([A-Za-z_]\w*)\}/g, '${env:$1}');
  }

  texts(given: unknown, server: string): Record<string, string> | undefined {
    if (!isObject(given)) return undefined;
    const entries = Object.entries(given).flatMap(([name, value]): [string, string][] => {
      if (typeof value === 'number' || typeof value === 'boolean') return [[name, String(value)]];
      return isText(value) ? [[name, this.text(value, server)]] : [];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }

  /** The environment: values, and names of variables that are passed on (Codex). */
  env(entry: JsonObject, server: string): Record<string, string> | undefined {
    const passed = texts(entry['env_vars'])?.map((name): [string, string] => [name, `\${env:${name}}`]) ?? [];
    const given = { ...Object.fromEntries(passed), ...this.texts(entry['env'] ?? entry['environment'], server) };
    return Object.keys(given).length === 0 ? undefined : given;
  }

  headers(entry: JsonObject, server: string): Record<string, string> | undefined {
    const given = { ...this.texts(entry['headers'] ?? entry['http_headers'], server) };
    const token = entry['bearer_token_env_var'];
    if (isText(token)) given['Authorization'] = `Bearer \${env:${token}}`;
    const byVariable = entry['env_http_headers'];
    if (isObject(byVariable))
      for (const [name, variable] of Object.entries(byVariable)) if (isText(variable)) given[name] = `\${env:${variable}}`;
    return Object.keys(given).length === 0 ? undefined : given;
  }

  server(name: string, entry: JsonObject): ConfigMount | undefined {
    const { command, cwd } = entry;
    const words = Array.isArray(command) ? texts(command) : isText(command) ? [command] : undefined;
    const [program, ...more] = words ?? [];
    const url = [entry['url'], entry['serverUrl'], entry['httpUrl']].find(isText);
    const args = [...more, ...(texts(entry['args']) ?? [])].map((arg) => this.text(arg, name));
    const members: JsonObject = {
      command: program === undefined ? undefined : this.text(program, name),
      args: args.length === 0 ? undefined : args,
      env: program === undefined ? undefined : this.env(entry, name),
      cwd: isText(cwd) ? this.text(cwd, name) : undefined,
      url: url === undefined || program !== undefined ? undefined : this.text(url, name),
      headers: url === undefined ? undefined : this.headers(entry, name),
      disabled: entry['disabled'] === true || entry['enabled'] === false ? true : undefined,
      allow: texts(entry['enabled_tools'] ?? entry['includeTools']),
      deny: texts(entry['disabled_tools'] ?? entry['excludeTools']),
    };
    const given = Object.entries(members).filter(([, value]) => value !== undefined);
    if (program !== undefined || url !== undefined) return Object.fromEntries(given) as ConfigMount;
    this.notes.push(`${name}: has neither a command nor a url; it is left out`);
    return undefined;
  }
}

/** The document of a file. @throws UsageError if it is no JSON and no TOML */
function documentOf(text: string, file: string): JsonObject {
  let document: unknown;
  try {
    document = file.endsWith('.toml') ? parseToml(text) : parseJsonc(text, [], { allowTrailingComma: true });
  } catch (error) {
    throw new UsageError(`${file} is no TOML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (isObject(document)) return document;
  throw new UsageError(`${file} has no JSON object`);
}

/**
 * Reads a host's file: `claude_desktop_config.json`, `.mcp.json`, `.vscode/mcp.json`, Codex's `config.toml`, `opencode.json`.
 *
 * @param file its name, for its form and for messages
 * @throws UsageError if there are no servers in it
 */
export function readServers(text: string, file: string): FoundServers {
  const document = documentOf(text, file);
  const root = ROOTS.find((key) => isObject(document[key]));
  const found = root === undefined ? undefined : (document[root] as JsonObject);
  // VS Code's settings.json has them below `mcp`.
  const entries = root === 'mcp' && isObject(found?.['servers']) ? found['servers'] : found;
  if (entries === undefined) throw new UsageError(`${file} has no MCP servers: none of the keys ${ROOTS.join(', ')}`);
  const reader = new Reader();
  const servers: Record<string, ConfigMount> = {};
  for (const [given, entry] of Object.entries(entries)) {
    const name = given.replace(/[^A-Za-z0-9_.-]+/g, '-').slice(0, 64);
    const server = isObject(entry) ? reader.server(given, entry) : undefined;
    if (server === undefined) continue;
    if (name !== given) reader.notes.push(`${given}: is called ${name} here`);
    servers[name] = server;
  }
  return { servers, notes: [...new Set(reader.notes)] };
}
