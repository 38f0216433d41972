/** Functions, modules and settings as rows of the tables that are named as the Python engine's. */
import type { AuditFields, BadRow, CatalogRows, FunctionRow, ModuleClass, ModuleRow, SettingRow } from '@mcp-daemon/core';
import { DaemonError, isObject } from '@mcp-daemon/core';

import type { Row, Value } from '../engine/connection.js';
import { keepable } from '../engine/text.js';

const textOrNull = (value: Value | undefined): string | null => (value === null || value === undefined ? null : String(value));
const numberOrNull = (value: Value | undefined): number | null => (typeof value === 'number' ? value : null);
const kept = (value: string | null): string | null => (value === null ? null : keepable(value));

/** JSON text, or null for null. */
const json = (value: unknown): string | null => (value === null || value === undefined ? null : JSON.stringify(value));

/** An SQL statement that inserts a row of these columns, or replaces all of it but `created_at`. */
function upsert(table: string, keys: readonly string[], columns: readonly string[]): string {
  const all = [...keys, ...columns, 'updated_by', 'created_at', 'updated_at'];
  const changes = [...columns, 'updated_by', 'updated_at'].map((column) => `${column} = excluded.${column}`);
  return `INSERT INTO ${table} (${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')})
    ON CONFLICT (${keys.join(', ')}) DO UPDATE SET ${changes.join(', ')},
      created_at = coalesce(${table}.created_at, excluded.created_at)`;
}

export const PUT_FUNCTION = upsert(
  'mcp_functions',
  ['partition_key', 'name'],
  [
    ...['mcp_type', 'description', 'data', 'annotations', 'module_name', 'class_name', 'function_name', 'return_type'],
    'is_async',
  ],
);
export const PUT_MODULE = upsert(
  'mcp_modules',
  ['partition_key', 'module_name'],
  ['package_name', 'classes', 'source', 'sha256', 'isolation'],
);
export const PUT_SETTING = upsert('mcp_settings', ['partition_key', 'setting_id'], ['setting']);

/** Who wrote a row, and when. */
export interface Written {
  author: string;
  /** Milliseconds since 1970. */
  at: number;
}

const audit = ({ author, at }: Written): Value[] => [keepable(author), at, at];

/** The values of {@link PUT_FUNCTION}. */
export const functionValues = (partition: string, row: FunctionRow, written: Written): Value[] => [
  ...[partition, keepable(row.name), keepable(row.mcp_type), kept(row.description), json(row.data), json(row.annotations)],
  ...[kept(row.module_name), kept(row.class_name), kept(row.function_name), kept(row.return_type)],
  row.is_async === null ? null : Number(row.is_async),
  ...audit(written),
];

/** The values of {@link PUT_MODULE}. */
export const moduleValues = (partition: string, row: ModuleRow, written: Written): Value[] => [
  ...[partition, keepable(row.module_name), kept(row.package_name), json(row.classes)],
  ...[kept(row.source), kept(row.sha256), kept(row.isolation)],
  ...audit(written),
];

/** The values of {@link PUT_SETTING}. */
export const settingValues = (partition: string, row: Pick<SettingRow, 'setting_id' | 'setting'>, written: Written): Value[] => [
  partition,
  keepable(row.setting_id),
  json(row.setting),
  ...audit(written),
];

const auditOf = (row: Row): AuditFields => ({
  updated_by: textOrNull(row['updated_by']),
  created_at: numberOrNull(row['created_at']),
  updated_at: numberOrNull(row['updated_at']),
});

/** The JSON value of a text. @throws SyntaxError if it is no JSON */
function parsed(value: Value | undefined): unknown {
  const text = textOrNull(value);
  return text === null ? null : JSON.parse(text);
}

function annotationsOf(value: Value | undefined): unknown {
  try {
    return parsed(value);
  } catch {
    return textOrNull(value); // an operator's own text
  }
}

function toFunction(row: Row): FunctionRow {
  const data = parsed(row['data']);
  if (data !== null && !isObject(data)) throw new TypeError('data is not a JSON object');
  return {
    name: String(row['name']),
    mcp_type: String(row['mcp_type']),
    description: textOrNull(row['description']),
    data,
    annotations: annotationsOf(row['annotations']),
    module_name: textOrNull(row['module_name']),
    class_name: textOrNull(row['class_name']),
    function_name: textOrNull(row['function_name']),
    return_type: textOrNull(row['return_type']),
    is_async: row['is_async'] === null ? null : Number(row['is_async']) !== 0,
    ...auditOf(row),
  };
}

function toClass(value: unknown): ModuleClass {
  const { class_name = null, setting_id = null } = isObject(value) ? value : {};
  const isText = (member: unknown): member is string | null => member === null || typeof member === 'string';
  if (!isObject(value) || !isText(class_name) || !isText(setting_id)) {
    throw new TypeError('classes is not a JSON list of objects with class_name and setting_id');
  }
  return { class_name, setting_id };
}

function toModule(row: Row): ModuleRow {
  const classes = parsed(row['classes']) ?? [];
  if (!Array.isArray(classes)) throw new TypeError('classes is not a JSON list');
  return {
    module_name: String(row['module_name']),
    package_name: textOrNull(row['package_name']),
    classes: classes.map(toClass),
    source: textOrNull(row['source']),
    sha256: textOrNull(row['sha256']),
    isolation: textOrNull(row['isolation']),
    ...auditOf(row),
  };
}

const reasonOf = (error: unknown): string =>
  error instanceof TypeError ? error.message : `it has a text that is no JSON: ${String((error as Error).message)}`;

function read<T>(table: string, key: string, rows: readonly Row[], to: (row: Row) => T, bad: BadRow[]): T[] {
  return rows.flatMap((row) => {
    try {
      return [to(row)];
    } catch (error) {
      bad.push({ row: `${table}/${String(row[key])}`, reason: reasonOf(error) });
      return [];
    }
  });
}

/** The catalog's rows from those of `mcp_functions` and `mcp_modules`. */
export function toCatalogRows(functions: readonly Row[], modules: readonly Row[]): CatalogRows {
  const bad: BadRow[] = [];
  return {
    functions: read('mcp_functions', 'name', functions, toFunction, bad),
    modules: read('mcp_modules', 'module_name', modules, toModule, bad),
    bad,
  };
}

/** Settings from rows of `mcp_settings`; those that cannot be read are in `bad`, if there are any. */
export function toSettings(rows: readonly Row[]): { items: SettingRow[]; bad?: BadRow[] } {
  const bad: BadRow[] = [];
  const items = read('mcp_settings', 'setting_id', rows, settingOf, bad);
  return bad.length === 0 ? { items } : { items, bad };
}

/** Throws an error that says what is wrong with it. */
function settingOf(row: Row): SettingRow {
  const setting = parsed(row['setting']) ?? {};
  if (!isObject(setting)) throw new TypeError('setting is not a JSON object');
  return { setting_id: String(row['setting_id']), setting, ...auditOf(row) };
}

/** A setting from a row of `mcp_settings`. @throws DaemonError `store_failed` if it is no JSON object */
export function toSetting(row: Row): SettingRow {
  try {
    return settingOf(row);
  } catch (cause) {
    const id = String(row['setting_id']);
    throw new DaemonError('store_failed', `The row mcp_settings/${id} cannot be read: ${reasonOf(cause)}.`, { cause });
  }
}
