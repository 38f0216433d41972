/**
 * `list`: what the config offers.
 */
import type { FunctionDefinition } from '@mcp-daemon/core';

import { readConfigFile } from '../runtime/config-file.js';
import { findConfig } from '../settings/places.js';
import { oneLine, shownPath, table } from '../terminal/text.js';
import type { Command } from './command.js';

const KINDS = { tool: 'tool', resource: 'resource', resource_template: 'template', prompt: 'prompt' } as const;

/** Where clients find it, if not by its name. */
function addressOf(entry: FunctionDefinition): string | undefined {
  if (entry.kind === 'resource') return entry.uri;
  return entry.kind === 'resource_template' ? entry.uriTemplate : undefined;
}

/** One function, for programs. */
function describe(entry: FunctionDefinition): object {
  const { binding } = entry;
  const { name, title, description } = entry;
  const link =
    binding.kind === 'link'
      ? { module_name: binding.module_name, class_name: binding.class_name, function_name: binding.function_name }
      : undefined;
  const own =
    entry.kind === 'tool'
      ? { inputSchema: entry.inputSchema, outputSchema: entry.outputSchema }
      : entry.kind === 'prompt'
        ? { arguments: entry.arguments.map(({ completion: _, ...argument }) => argument) }
        : entry.kind === 'resource'
          ? { uri: entry.uri, mimeType: entry.mimeType }
          : { uriTemplate: entry.uriTemplate, mimeType: entry.mimeType };
  return { type: entry.kind, name, title, description, ...own, ...link };
}

/** Lists the functions of the config file. */
export const list: Command<{ json: boolean }> = async ({ json }, { settings, print, note, paint, width }) => {
  const file = findConfig(settings);
  const { functions } = readConfigFile(file).definition;
  if (json) {
    print(JSON.stringify(functions.map(describe), null, 2));
    return 0;
  }
  if (functions.length === 0) {
    note(`${shownPath(file)} offers nothing yet`);
    return 0;
  }
  const rows = functions.map((entry) => {
    const address = addressOf(entry);
    const text = [address, entry.description ?? entry.title].filter((part) => part !== undefined).join(' — ');
    return [KINDS[entry.kind], paint('bold', oneLine(entry.name)), oneLine(text)];
  });
  const head = ['TYPE', 'NAME', 'DESCRIPTION'].map((word) => paint('dim', word));
  for (const line of table([head, ...rows], width)) print(line);
  return 0;
};
