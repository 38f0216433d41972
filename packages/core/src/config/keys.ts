/**
 * The keys of the whole config file.
 */
import { prompt, resource, template, tool } from './function-keys.js';
import { link, module, quota } from './module-keys.js';
import { mcpServers } from './mount-keys.js';
import { relativePath } from './path-below.js';
import { scopes } from './scope-check.js';
import { anyString, listOf, modelText, nonEmptyString, object, shape } from './shape.js';

const HOST_CONFIG = 'other MCP servers are in mcpServers here, as in the files of most hosts';

const quotas = shape(
  'the quotas',
  { partition: object(quota), subject: object(quota) },
  { hints: { function: 'set it in module_links, as quota', user: 'use subject', tool: 'set it in module_links, as quota' } },
);

const skill = shape(
  'a skill',
  {
    'path!': relativePath('a folder below the folder of the config file or the root of a bundle', 'skills/refunds'),
    module_name: nonEmptyString,
    scopes,
  },
  {
    hints: {
      name: 'SKILL.md has the name',
      bundle: 'module_name names the module whose bundle has the folder',
      package_name: 'module_name names the module whose bundle has the folder; its entry of modules has the package_name',
    },
  },
);

/** The whole file. */
export const FILE = shape(
  'the config file',
  {
    $schema: anyString,
    name: nonEmptyString,
    version: nonEmptyString,
    title: nonEmptyString,
    instructions: modelText,
    quotas: object(quotas),
    skills: listOf(object(skill), 'skills'),
    tools: listOf(object(tool), 'tools'),
    resources: listOf(object(resource), 'resources'),
    resource_templates: listOf(object(template), 'resource templates'),
    prompts: listOf(object(prompt), 'prompts'),
    module_links: listOf(object(link), 'module links'),
    modules: listOf(object(module), 'modules'),
    mcpServers,
  },
  {
    hints: {
      servers: HOST_CONFIG,
      mcp: HOST_CONFIG,
      mcp_servers: HOST_CONFIG,
      settings: "put a module's settings into its entry of modules, as setting",
    },
  },
);
