/**
 * `list`: lists what the config file declares.
 */
import type { Config, FunctionDefinition, SkillReference } from '@mcp-daemon/core';

import { serverName } from '../hosts/entry.js';
import type { NamingHost } from '../hosts/model-names.js';
import { modelNames, NAMING_HOSTS } from '../hosts/model-names.js';
import { findConfig } from '../settings/paths.js';
import { displayPath, oneLine, table } from '../terminal/text.js';
import type { CommandContext } from './command.js';
import { defineCommand, switchFlag } from './command.js';

const KINDS = { tool: 'tool', resource: 'resource', resource_template: 'template', prompt: 'prompt' } as const;

/** The path of a tool's name in the config file, as warnings have it. */
const NAME_OF_TOOL = /^\$\.tools\[\d+\]\.name$/;

/** The URI or URI template by which clients read a resource. */
function addressOf(entry: FunctionDefinition): string | undefined {
  if (entry.kind === 'resource') return entry.uri;
  return entry.kind === 'resource_template' ? entry.uriTemplate : undefined;
}

/** One function as JSON for programs. */
function describe(entry: FunctionDefinition): object {
  const { binding } = entry;
  const { name, title, description } = entry;
  const link =
    binding.kind === 'link'
      ? { module_name: binding.module_name, class_name: binding.class_name, function_name: binding.function_name }
      : binding.kind === 'file'
        ? { file: binding.path }
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

/** One skill as JSON for programs. Its name is that of its folder. */
function describeSkill({ path, module }: SkillReference) {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return { type: 'skill', name, uri: `skill://${name}/SKILL.md`, path, module_name: module?.module_name };
}

/** Lists the names under which the model of a host sees the tools. */
function listAs(host: NamingHost, name: string, { definition }: Config, json: boolean, context: CommandContext): number {
  const { print, note, paint, width } = context;
  const tools = definition.functions.filter(({ kind }) => kind === 'tool').map((tool) => tool.name);
  const names = modelNames(host, name, tools);
  if (json) {
    print(JSON.stringify(names, null, 2));
    return 0;
  }
  if (names.length === 0) {
    note('The config file has no tools');
    return 0;
  }
  const rows = names.map(({ name: tool, shown, warning = '' }) => [
    oneLine(tool),
    shown === undefined ? paint('red', '(none)') : paint('bold', oneLine(shown)),
    warning === '' ? '' : paint('yellow', warning),
  ]);
  const head = ['TOOL', 'NAME FOR THE MODEL', 'WARNING'].map((word) => paint('dim', word));
  for (const line of table([head, ...rows], width)) print(line);
  return 0;
}

/** Lists the tools, resources, templates, prompts and skills of the config file. */
export const list = defineCommand({
  command: 'list',
  description: 'List the tools, resources, prompts and skills of the config file',
  settings: ['config', 'envFile', 'logLevel'],
  flags: {
    json: switchFlag('Print JSON: an array, with schemas and links'),
    as: { choices: NAMING_HOSTS, describe: 'List the names under which the model of this host sees the tools' },
  },
  examples: [['list --as claude-code', 'Show the names that Claude Code makes of the tools, and those that it leaves out']],
  async run({ json, as }, context) {
    const { settings, print, note, paint, paintNote, width } = context;
    const [{ readConfigFile }, { withServers }, { warningLine }] = await Promise.all([
      import('../runtime/config-file.js'),
      import('./served-catalog.js'),
      import('../runtime/report.js'),
    ]);
    const file = findConfig(settings);
    const config = await withServers(readConfigFile(file), file, context);
    if (as !== undefined) return listAs(as, serverName(config.server, file), config, json, context);
    const { functions, skills = [] } = config.definition;
    if (json) {
      print(JSON.stringify([...functions.map(describe), ...skills.map(describeSkill)], null, 2));
      return 0;
    }
    if (functions.length + skills.length === 0) {
      note(`${displayPath(file)} has no tools, resources or prompts yet`);
      return 0;
    }
    const rows = functions.map((entry) => {
      const address = addressOf(entry);
      const text = [address, entry.description ?? entry.title].filter((part) => part !== undefined).join(' — ');
      return [KINDS[entry.kind], paint('bold', oneLine(entry.name)), oneLine(text)];
    });
    for (const skill of skills) {
      const { name, uri, path, module_name: module } = describeSkill(skill);
      rows.push([
        'skill',
        paint('bold', oneLine(name)),
        oneLine(`${uri} — ${path}${module ? ` in the bundle of ${module}` : ''}`),
      ]);
    }
    const head = ['TYPE', 'NAME', 'DESCRIPTION'].map((word) => paint('dim', word));
    for (const line of table([head, ...rows], width)) print(line);
    // A tool may be listed here and yet be missing in a host.
    for (const warning of config.warnings.filter(({ path }) => NAME_OF_TOOL.test(path)))
      note(warningLine(warning, displayPath(file), paintNote));
    return 0;
  },
});
