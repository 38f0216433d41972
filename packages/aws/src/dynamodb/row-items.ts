/** Functions, modules and settings as rows of the Python engine's tables, and back. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { AuditFields, FunctionRow, JsonObject, ModuleClass, ModuleRow, SettingRow } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

import type { Item } from './codec.js';
import { fromJson, isThere, numberOf, textOf, toJson, truthOf } from './codec.js';
import { formatTime, parseTime } from './dates.js';

/**
 * Attributes that the Python engine does not know:
 *
 *   data_json, setting_json   what a map cannot hold as it is: JSON text
 *   package_name_empty        true where the package's name is an empty text, which an index cannot hold
 *   sha256, isolation         of modules
 */

/** A row that cannot be read: why, as the end of a sentence. */
export class UnreadableRow extends Error {}

const text = (item: Item, name: string): string | null => {
  const value = item[name];
  if (!isThere(value)) return null;
  if (value.S !== undefined) return value.S;
  const json = toJson(value);
  if (typeof json === 'number' || typeof json === 'boolean') return String(json);
  throw new UnreadableRow(`its ${name} is no text`);
};

const audit = (item: Item): AuditFields => ({
  updated_by: textOf(item['updated_by']) ?? null,
  created_at: parseTime(textOf(item['created_at'])) ?? null,
  updated_at: parseTime(textOf(item['updated_at'])) ?? null,
});

/** A map; also one that is kept as JSON text. */
function object(item: Item, name: string): JsonObject | null {
  const value = item[`${name}_json`] ?? item[name];
  if (!isThere(value)) return null;
  let json: unknown = toJson(value);
  if (typeof json === 'string') {
    try {
      json = JSON.parse(json);
    } catch {
      throw new UnreadableRow(`its ${name} is text that is not JSON`);
    }
  }
  if (isObject(json)) return json;
  throw new UnreadableRow(`its ${name} is no object`);
}

function annotations(item: Item): unknown {
  const value = item['annotations'];
  if (!isThere(value)) return null;
  if (value.S === undefined) return toJson(value);
  try {
    return JSON.parse(value.S) as unknown;
  } catch {
    return value.S;
  }
}

/** A function of its row. @throws UnreadableRow */
export function decodeFunction(item: Item): FunctionRow {
  const mcp_type = text(item, 'mcp_type');
  if (mcp_type === null) throw new UnreadableRow('it has no mcp_type');
  // Newer versions of the Python engine serve only rows of status 1, and take a row without one for such.
  const status = numberOf(item['status']);
  if (status !== undefined && status !== 1)
    throw new UnreadableRow(`its status is ${status}: the Python engine does not serve it either`);
  return {
    name: text(item, 'name') ?? '',
    mcp_type,
    description: text(item, 'description'),
    data: object(item, 'data'),
    annotations: annotations(item),
    module_name: text(item, 'module_name'),
    class_name: text(item, 'class_name'),
    function_name: text(item, 'function_name'),
    return_type: text(item, 'return_type'),
    is_async: truthOf(item['is_async']) ?? null,
    ...audit(item),
  };
}

function classOf(value: unknown): ModuleClass {
  if (!isObject(value)) throw new UnreadableRow('one of its classes is no object');
  const member = (name: string): string | null => {
    const found = value[name];
    return typeof found === 'string' ? found : null;
  };
  return { class_name: member('class_name'), setting_id: member('setting_id') };
}

/** A module of its row. @throws UnreadableRow */
export function decodeModule(item: Item): ModuleRow {
  const classes = item['classes'];
  const list: unknown = isThere(classes) ? toJson(classes) : [];
  if (!Array.isArray(list)) throw new UnreadableRow('its classes are no list');
  return {
    module_name: text(item, 'module_name') ?? '',
    package_name: truthOf(item['package_name_empty']) === true ? '' : text(item, 'package_name'),
    classes: list.map(classOf),
    source: text(item, 'source'),
    sha256: text(item, 'sha256'),
    isolation: text(item, 'isolation'),
    ...audit(item),
  };
}

/** A setting of its row. @throws UnreadableRow */
export function decodeSetting(item: Item): SettingRow {
  return { setting_id: text(item, 'setting_id') ?? '', setting: object(item, 'setting') ?? {}, ...audit(item) };
}

/** What a row is to have: an attribute that is undefined is removed. All others of a stored row stay as they are. */
export type Attributes = Record<string, AttributeValue | undefined>;

const textValue = (value: string | null): AttributeValue | undefined => (value === null ? undefined : { S: value });

/** A map, or JSON text beside it where a map cannot hold the value as it is. */
function mapValue(name: string, value: JsonObject | null): Attributes {
  if (value === null) return { [name]: undefined, [`${name}_json`]: undefined };
  const map = fromJson(value);
  if (map === undefined) return { [name]: { M: {} }, [`${name}_json`]: { S: JSON.stringify(value) } };
  return { [name]: map, [`${name}_json`]: undefined };
}

/** The attributes of a function's row. */
export const encodeFunction = (row: FunctionRow): Attributes => ({
  mcp_type: textValue(row.mcp_type),
  description: textValue(row.description),
  ...mapValue('data', row.data),
  annotations: row.annotations === null ? undefined : { S: JSON.stringify(row.annotations) },
  module_name: textValue(row.module_name),
  class_name: textValue(row.class_name),
  function_name: textValue(row.function_name),
  return_type: textValue(row.return_type),
  is_async: row.is_async === null ? undefined : { BOOL: row.is_async },
  // What we write is served: an earlier row may have been switched off.
  status: undefined,
});

/** The attributes of a module's row. */
export const encodeModule = (row: ModuleRow): Attributes => ({
  package_name: row.package_name === '' ? undefined : textValue(row.package_name),
  package_name_empty: row.package_name === '' ? { BOOL: true } : undefined,
  classes: {
    L: row.classes.map(({ class_name, setting_id }) => ({
      M: { class_name: textValue(class_name) ?? { NULL: true }, setting_id: textValue(setting_id) ?? { NULL: true } },
    })),
  },
  source: textValue(row.source),
  sha256: textValue(row.sha256),
  isolation: textValue(row.isolation),
});

/** The attributes of a setting's row. */
export const encodeSetting = (row: Pick<SettingRow, 'setting'>): Attributes => mapValue('setting', row.setting);

/** A stored row with other attributes, by this author and at this time; its first time stays. */
export function merged(before: Item | undefined, key: Item, attributes: Attributes, author: string, now: number): Item {
  const item: Item = { ...before, ...key };
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) Reflect.deleteProperty(item, name);
    else item[name] = value;
  }
  item['updated_by'] = { S: author };
  item['updated_at'] = { S: formatTime(now) };
  const created = before?.['created_at'];
  item['created_at'] = isThere(created) ? created : { S: formatTime(now) };
  return item;
}
