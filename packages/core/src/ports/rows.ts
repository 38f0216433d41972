/** The rows of a partition's catalog, by the names of the Python engine's tables. Stores translate dates and numbers, nothing else. */
import type { JsonObject } from '../base/json.js';
import type { Page } from './page.js';

/** The members that all rows have. Rows of the Python engine may lack some of them: those are null. */
export interface AuditFields {
  updated_by: string | null;
  /** Milliseconds since 1970. */
  created_at: number | null;
  /** Milliseconds since 1970. */
  updated_at: number | null;
}

/** One tool, resource, resource template or prompt, and its link. The key is `name`: it is unique across types. */
export interface FunctionRow extends AuditFields {
  name: string;
  /** `tool`, `resource`, `prompt`, or `resource_template`, which the Python engine does not know. */
  mcp_type: string;
  description: string | null;
  /** All other keys of the entry in the config file: `inputSchema`, `uri`, `arguments`, ... */
  data: JsonObject | null;
  /**
   * Any JSON value; null: none. The Python engine keeps text: stores write JSON text, and read what is not JSON as a string. So a
   * string is written as JSON too, and read as it was.
   */
  annotations: unknown;
  module_name: string | null;
  class_name: string | null;
  function_name: string | null;
  return_type: string | null;
  is_async: boolean | null;
}

/** One class of a module. */
export interface ModuleClass {
  class_name: string | null;
  setting_id: string | null;
}

/** One module. The key is `module_name`. */
export interface ModuleRow extends AuditFields {
  module_name: string;
  package_name: string | null;
  classes: readonly ModuleClass[];
  source: string | null;
  /** Additions to the engine's row. */
  sha256: string | null;
  isolation: string | null;
}

/** A setting for the constructor of classes. The key is `setting_id`. */
export interface SettingRow extends AuditFields {
  setting_id: string;
  setting: JsonObject;
}

/** A page of settings. */
export interface SettingPage extends Page<SettingRow> {
  /** Rows that cannot be read, as `mcp-settings/1234`. Functions whose classes need them are not served. */
  bad?: readonly BadRow[];
}

/** A row that cannot be read, and why. The partition is served without it. */
export interface BadRow {
  /** The row's table and key, as `mcp-functions/hello`. */
  row: string;
  reason: string;
}

/** All rows of a partition, except its settings. */
export interface CatalogRows {
  functions: readonly FunctionRow[];
  modules: readonly ModuleRow[];
  bad: readonly BadRow[];
}

/** Rows to write and to remove. Written rows get their times from the store: `created_at` of an existing row is kept. */
export interface RowChanges {
  putFunctions?: readonly FunctionRow[];
  deleteFunctions?: readonly string[];
  putModules?: readonly ModuleRow[];
  deleteModules?: readonly string[];
}
