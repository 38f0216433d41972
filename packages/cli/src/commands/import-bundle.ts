/** Makes the entry of `mcpServers` for an `.mcpb` bundle, and asks for the values that it needs. */
import { dirname, relative, resolve, sep } from 'node:path';

import type { ConfigMount } from '@mcp-daemon/core';
import type { McpbOption } from '@mcp-daemon/mount';
import { checkSignature } from '@mcp-daemon/mount';

import { UsageError } from '../errors.js';
import { readMcpb } from '../runtime/mcpb.js';
import { oneLine } from '../terminal/text.js';
import type { CommandContext } from './command.js';
import { askLines } from './questions.js';
import { signatureText } from './signature-text.js';

/** A server that was found in a file, and what needs attention. */
export interface FoundBundle {
  readonly name: string;
  readonly server: ConfigMount;
  readonly notes: readonly string[];
}

const variableOf = (server: string, key: string): string => `${server}_${key}`.replace(/[^A-Za-z0-9]+/g, '_').toUpperCase();

function questionOf(key: string, { title, description, type, required, multiple, standard }: McpbOption): string {
  const about = description === undefined ? '' : ` — ${oneLine(description)}`;
  const kind = `${type}${multiple ? 's, separated by commas' : ''}`;
  const otherwise = standard !== undefined ? `default ${[standard].flat().join(', ')}` : required ? '' : 'optional';
  return `  ${oneLine(title === key ? key : `${title}`)}${about} (${[kind, otherwise].filter((part) => part !== '').join('; ')}): `;
}

const needsValue = ({ required, standard }: McpbOption): boolean => required && standard === undefined;

/**
 * Reads a bundle, says who signed it, and asks on a terminal for the values of its options. Secrets are not asked for: they become references to environment
 * variables, as do values that are needed where nobody can be asked.
 *
 * @param config the config file that the entry is for: the path of the bundle begins at its folder
 * @throws UsageError if the bundle is refused, Failure at the end of the input
 */
export async function findBundle(file: string, config: string, context: CommandContext): Promise<FoundBundle> {
  const { settings, interactive, note, paintNote } = context;
  const { bundle, manifest } = await readMcpb(file, settings).catch((error: unknown) => {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  });
  const name = manifest.name.replace(/[^A-Za-z0-9_.-]+/g, '-').slice(0, 64);
  const warning = (text: string): string => `${paintNote('yellow', 'warning')} ${text}`;
  const version = manifest.version === '' ? '' : ` ${oneLine(manifest.version, 40)}`;
  note(`${oneLine(name)}${version}: ${signatureText(checkSignature(bundle.signature), warning)}`);
  const notes: string[] = [];
  const values: Record<string, string | string[]> = {};
  const refer = (key: string, { title }: McpbOption): void => {
    const variable = variableOf(name, key);
    values[key] = `\${env:${variable}}`;
    notes.push(`${name}: set the environment variable ${variable} (${oneLine(title)})`);
  };
  const entries = Object.entries(manifest.options);
  const asked = interactive ? entries.filter(([, { sensitive }]) => !sensitive) : [];
  for (const [key, option] of entries) if (needsValue(option) && (option.sensitive || !interactive)) refer(key, option);
  for (const [key, option] of entries)
    if (option.sensitive && !needsValue(option))
      notes.push(`${name}: user_config.${key} (${oneLine(option.title)}) is a secret, and may be left out`);
  if (asked.length > 0) {
    note(`"${oneLine(name)}" asks for:`);
    await askLines(async (question) => {
      for (const [key, option] of asked) {
        let text = await question(questionOf(key, option));
        while (text === '' && needsValue(option)) text = await question(questionOf(key, option));
        if (text !== '') values[key] = option.multiple ? text.split(',').map((part) => part.trim()) : text;
      }
    });
  }
  const path = relative(dirname(resolve(config)), resolve(file))
    .split(sep)
    .join('/');
  const server: ConfigMount = { bundle: /^(\.|\/|[A-Za-z]:)/.test(path) ? path : `./${path}` };
  if (Object.keys(values).length > 0) server.user_config = values;
  return { name, server, notes };
}
