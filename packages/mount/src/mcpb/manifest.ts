/**
 * The manifest of an `.mcpb` bundle, as far as a server needs it. It is read leniently: members that are not known, and known ones that this
 * server has no use for, may be anything.
 *
 * @see https://github.com/anthropics/mcpb/blob/main/MANIFEST.md
 */
import type { JsonObject } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

/** Something that a bundle wants to know from its user. */
export interface McpbOption {
  readonly type: 'string' | 'number' | 'boolean' | 'directory' | 'file';
  /** What people read. Default: its name. */
  readonly title: string;
  readonly description?: string;
  readonly required: boolean;
  /** Whether there may be several values. */
  readonly multiple: boolean;
  /** Whether it is a secret. */
  readonly sensitive: boolean;
  readonly standard?: McpbValue;
}

/** A value of an option. */
export type McpbValue = string | number | boolean | readonly string[];

/** How a bundle's server is started on one system. */
export interface McpbCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The parts of a manifest that a server needs. */
export interface McpbManifest {
  readonly name: string;
  readonly version: string;
  /** The systems that it runs on, as Node names them. Undefined: all. */
  readonly platforms?: readonly string[];
  /** The file of the server. Undefined: the manifest does not say. */
  readonly entryPoint?: string;
  readonly command: McpbCommand;
  readonly options: Readonly<Record<string, McpbOption>>;
}

const TYPES = ['string', 'number', 'boolean', 'directory', 'file'] as const;

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []);

function envOf(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  const entries = Object.entries(value).filter(([, one]) => ['string', 'number', 'boolean'].includes(typeof one));
  return Object.fromEntries(entries.map(([name, one]) => [name, String(one)]));
}

function valueOf(value: unknown): McpbValue | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return Array.isArray(value) ? textsOf(value) : undefined;
}

function optionOf(name: string, given: JsonObject): McpbOption {
  const { type, title, description, required, multiple, sensitive } = given;
  const standard = valueOf(given['default']);
  const text = textOf(description);
  return {
    type: TYPES.find((known) => known === type) ?? 'string',
    title: textOf(title) ?? name,
    ...(text === undefined ? {} : { description: text }),
    required: required === true,
    multiple: multiple === true,
    sensitive: sensitive === true,
    ...(standard === undefined ? {} : { standard }),
  };
}

/** What a server of a type is started with, if its manifest does not say. */
function usualCommand(type: unknown, entryPoint: string | undefined): McpbCommand | undefined {
  if (entryPoint === undefined) return undefined;
  const file = `\${__dirname}/${entryPoint}`;
  if (type === 'node') return { command: 'node', args: [file], env: {} };
  if (type === 'python') return { command: 'python', args: [file], env: {} };
  if (type === 'uv') return { command: 'uv', args: ['run', '--directory', '${__dirname}', entryPoint], env: {} };
  return type === 'binary' ? { command: file, args: [], env: {} } : undefined;
}

/** @throws Error if nothing says how the server is started */
function commandOf(server: JsonObject, entryPoint: string | undefined, platform: string): McpbCommand {
  const config = isObject(server['mcp_config']) ? server['mcp_config'] : {};
  const overrides = isObject(config['platform_overrides']) ? config['platform_overrides'] : {};
  const own = isObject(overrides[platform]) ? overrides[platform] : {};
  const usual = usualCommand(server['type'], entryPoint);
  // A member of a system takes the place of the general one, env too: that is how hosts do it.
  const command = textOf(own['command']) ?? textOf(config['command']) ?? usual?.command;
  if (command === undefined) throw new Error('its manifest does not say how its server is started (server.mcp_config)');
  const args = own['args'] ?? config['args'];
  return {
    command,
    args: args === undefined ? (usual?.args ?? []) : textsOf(args),
    env: envOf(own['env'] ?? config['env']),
  };
}

/**
 * Reads a manifest.
 *
 * @param text the text of `manifest.json`
 * @param platform the system, as Node names it
 * @throws Error that says what is missing
 */
export function readManifest(text: string, platform: string): McpbManifest {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new Error(`its manifest.json is no JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (!isObject(manifest)) throw new Error('its manifest.json is no object');
  const { name, version, compatibility, user_config: options } = manifest;
  const server = isObject(manifest['server']) ? manifest['server'] : {};
  const platforms = isObject(compatibility) ? textsOf(compatibility['platforms']) : [];
  const entryPoint = textOf(server['entry_point'])?.replace(/^\.\//, '');
  return {
    name: textOf(name) ?? 'unnamed',
    version: textOf(version) ?? '',
    ...(platforms.length === 0 ? {} : { platforms }),
    ...(entryPoint === undefined ? {} : { entryPoint }),
    command: commandOf(server, entryPoint, platform),
    options: Object.fromEntries(
      Object.entries(isObject(options) ? options : {}).flatMap(([key, option]) =>
        isObject(option) ? [[key, optionOf(key, option)]] : [],
      ),
    ),
  };
}
