/** A catalog that comes from no store, in the form of rows, to be shown beside those of a store. */
import type { JsonObject } from '../base/json.js';
import { compareText } from '../base/order.js';
import { settingIdOf } from '../config/stored-document.js';
import type { CatalogDefinition, Completion, FunctionDefinition, LinkBinding } from '../ports/definition.js';
import type { AuditFields, FunctionRow, ModuleRow, SettingRow } from '../ports/rows.js';

const NOT_SET: AuditFields = { updated_by: null, created_at: null, updated_at: null };

/** The keys of `data`, in the order of a config file. Others are columns of their own. */
const DATA_KEYS = [
  'title',
  'icons',
  'inputSchema',
  'outputSchema',
  'uri',
  'uriTemplate',
  'mimeType',
  'size',
  'scopes',
  '_meta',
] as const;

function completionOf(completion: Completion): unknown {
  if (completion.kind === 'list') return completion.values;
  const { binding } = completion;
  if (binding.kind !== 'link') return undefined;
  const { module_name, class_name, function_name } = binding;
  return { module_name, ...(class_name === undefined ? {} : { class_name }), function_name };
}

function dataOf(definition: FunctionDefinition): JsonObject {
  const data: JsonObject = {};
  for (const key of DATA_KEYS) {
    const value = (definition as unknown as JsonObject)[key];
    if (value !== undefined) data[key] = value;
  }
  if (definition.kind === 'prompt') {
    data['arguments'] = definition.arguments.map(({ completion, ...argument }) => {
      const completions = completion === undefined ? undefined : completionOf(completion);
      return completions === undefined ? argument : { ...argument, completions };
    });
  }
  if (definition.kind === 'resource_template' && definition.completions !== undefined) {
    const entries = Object.entries(definition.completions).map(([name, completion]) => [name, completionOf(completion)]);
    data['completions'] = Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }
  return data;
}

const settingOf = (link: LinkBinding): string => settingIdOf(link.module_name, link.class_name, link.setting);

function functionRow(definition: FunctionDefinition): FunctionRow {
  const { name, kind, description = null, annotations = null, binding } = definition;
  const link = binding.kind === 'link' ? binding : undefined;
  return {
    name,
    mcp_type: kind,
    description,
    data: dataOf(definition),
    annotations,
    module_name: link?.module_name ?? null,
    class_name: link?.class_name ?? null,
    function_name: link?.function_name ?? null,
    return_type: definition.kind === 'tool' ? (definition.return_type ?? null) : null,
    is_async: definition.kind === 'tool' ? (definition.is_async ?? null) : null,
    ...NOT_SET,
  };
}

/** A catalog as rows. */
export interface DefinitionRows {
  /** Sorted by name. */
  functions: FunctionRow[];
  /** Sorted by name. */
  modules: ModuleRow[];
  /** Sorted by id. Each has the id that an import would give it. */
  settings: SettingRow[];
}

/**
 * The rows that an import of a catalog would write, without times. Functions of the program itself have no module.
 *
 * @param definition a catalog of a config file or of a program
 */
export function definitionRows({ functions }: CatalogDefinition): DefinitionRows {
  const modules = new Map<string, ModuleRow>();
  const settings = new Map<string, SettingRow>();
  for (const { binding } of functions) {
    if (binding.kind !== 'link') continue;
    const { module_name, class_name = null, package_name, source = null, sha256 = null, setting } = binding;
    const setting_id = settingOf(binding);
    settings.set(setting_id, { setting_id, setting, ...NOT_SET });
    const before = modules.get(module_name);
    if (before?.classes.some((one) => one.class_name === class_name) === true) continue;
    const classes = [...(before?.classes ?? []), { class_name, setting_id }];
    modules.set(module_name, { module_name, package_name, classes, source, sha256, isolation: null, ...NOT_SET });
  }
  return {
    functions: functions.map(functionRow).sort((a, b) => compareText(a.name, b.name)),
    modules: [...modules.values()].sort((a, b) => compareText(a.module_name, b.module_name)),
    settings: [...settings.values()].sort((a, b) => compareText(a.setting_id, b.setting_id)),
  };
}
