/** Configs as clients give them: as JSON, as the text of a file, and in the spelling of the Python engine's users. */
import type { ConfigDocument, JsonObject } from '@mcp-daemon/core';
import { ConfigError, inspectConfigText, isObject } from '@mcp-daemon/core';

import { ApiError } from '../base/errors.js';

/** A config. */
export interface ConfigInput {
  document: ConfigDocument;
  /** The text that it was read from; undefined: it was given as JSON. */
  text: string | undefined;
}

/** The arguments that hold a config. */
export interface ConfigArgs {
  config?: unknown;
  configText?: string | null;
}

/** @throws ApiError `BAD_USER_INPUT`; ConfigError with the lines of the text */
export function readConfig({ config, configText }: ConfigArgs): ConfigInput {
  const hasConfig = config !== null && config !== undefined;
  const hasText = configText !== null && configText !== undefined;
  if (hasConfig === hasText) throw new ApiError('BAD_USER_INPUT', 'Give either config or configText.');
  if (!hasText) {
    if (!isObject(config)) throw new ApiError('BAD_USER_INPUT', 'config must be an object.');
    return { document: config as ConfigDocument, text: undefined };
  }
  const { document, mistakes } = inspectConfigText(configText, { support: { settingIds: true, files: false } });
  if (document === undefined) throw new ConfigError(mistakes);
  return { document, text: configText };
}

/** Keys that the Python engine's users write in camelCase, and those of MCP that its scalar makes snake_case of. */
const SPELLINGS: Readonly<Record<string, string>> = {
  moduleLinks: 'module_links',
  resourceTemplates: 'resource_templates',
  moduleName: 'module_name',
  packageName: 'package_name',
  className: 'class_name',
  functionName: 'function_name',
  returnType: 'return_type',
  isAsync: 'is_async',
  settingId: 'setting_id',
  timeoutMs: 'timeout_ms',
  taskAfterMs: 'task_after_ms',
  taskTtlMs: 'task_ttl_ms',
  taskPollMs: 'task_poll_ms',
  input_schema: 'inputSchema',
  output_schema: 'outputSchema',
  mime_type: 'mimeType',
  uri_template: 'uriTemplate',
};

/** The members of an object by the names that a config file has. What they hold stays as it is. */
export function properKeys(entry: JsonObject): JsonObject {
  const made: JsonObject = {};
  for (const [key, value] of Object.entries(entry)) {
    const proper = Object.hasOwn(SPELLINGS, key) ? (SPELLINGS[key] as string) : key;
    if (proper === key || !Object.hasOwn(entry, proper)) made[proper] = value;
  }
  return made;
}

/** A config by the names that a config file has: its own keys, and those of its entries. Schemas and settings stay as they are. */
export function properConfig(config: JsonObject): JsonObject {
  const lists = Object.entries(properKeys(config)).map(([key, value]) => [
    key,
    Array.isArray(value) ? value.map((entry: unknown) => (isObject(entry) ? properKeys(entry) : entry)) : value,
  ]);
  return Object.fromEntries(lists) as JsonObject;
}
