/**
 * The types of the config file. Every optional member may also be `null`, which means absent.
 */
import type { JsonObject } from '../base/json.js';
import type { ApprovalPolicy, ArgumentCondition } from '../ports/approval.js';
import type { ReturnType, TaskSupport } from '../ports/definition.js';
import type { ProcessLimits } from '../ports/process-limits.js';
import type { CatalogQuotas, Quota } from '../ports/quota.js';
import type { RecordBodies } from '../ports/record-policy.js';
import type { Icon } from '../protocol/messages.js';

/** A member that may be absent or null. */
export type Optional<T> = T | null | undefined;

/** Keys that are allowed in every object for people's own notes. They are neither read nor served. */
export interface ConfigNotes {
  [note: `x-${string}`]: unknown;
  $comment?: unknown;
  _comment?: unknown;
}

/** Whether a key is one of {@link ConfigNotes}. */
export const isNote = (key: string): boolean => key.startsWith('x-') || key === '$comment' || key === '_comment';

/** The keys of every tool, resource, template and prompt. */
export interface ConfigFunction extends ConfigNotes {
  name: string;
  title?: Optional<string>;
  description?: Optional<string>;
  icons?: Optional<Icon[]>;
  _meta?: Optional<JsonObject>;
  /** The scopes that a caller needs, all of them. */
  scopes?: Optional<string[]>;
  /** As in its link, which counts if both say something. Of use for tools only. */
  is_async?: Optional<boolean>;
}

/** An entry of `tools`. */
export interface ConfigTool extends ConfigFunction {
  inputSchema?: Optional<JsonObject>;
  outputSchema?: Optional<JsonObject>;
  annotations?: Optional<JsonObject>;
  /** Accepted and left out: the link says whether a tool is run as a task. */
  execution?: Optional<JsonObject>;
}

/** An entry of `resources`. */
export interface ConfigResource extends ConfigFunction {
  uri: string;
  mimeType?: Optional<string>;
  size?: Optional<number>;
  /** A file beside the config file that is the resource's content, in place of a link to code. */
  file?: Optional<string>;
  annotations?: Optional<JsonObject>;
}

/** A function that completes an argument. It is not served itself. */
export interface ConfigCompletionFunction extends ConfigNotes {
  module_name: string;
  class_name?: Optional<string>;
  function_name: string;
}

/** What completes an argument: a list of values, or a function. */
export type ConfigCompletions = string[] | ConfigCompletionFunction;

/** An entry of `resource_templates`. */
export interface ConfigResourceTemplate extends ConfigFunction {
  uriTemplate: string;
  mimeType?: Optional<string>;
  annotations?: Optional<JsonObject>;
  /** By variable of the template. */
  completions?: Optional<Record<string, Optional<ConfigCompletions>>>;
}

/** An entry of a prompt's `arguments`. */
export interface ConfigPromptArgument extends ConfigNotes {
  name: string;
  title?: Optional<string>;
  description?: Optional<string>;
  required?: Optional<boolean>;
  completions?: Optional<ConfigCompletions>;
  /** Accepted and left out: MCP has no defaults of prompt arguments. */
  default?: unknown;
}

/** An entry of `prompts`. */
export interface ConfigPrompt extends ConfigFunction {
  arguments?: Optional<ConfigPromptArgument[]>;
}

/** What a call's record keeps: a policy, or a policy and the values to redact. */
export type ConfigRecord = RecordBodies | (ConfigNotes & { bodies?: Optional<RecordBodies>; redact?: Optional<string[]> });

/** What a link can be for. `resource` also finds templates. */
export const LINK_TYPES = ['tool', 'resource', 'resource_template', 'prompt'] as const;

/** One of {@link LINK_TYPES}. */
export type LinkType = (typeof LINK_TYPES)[number];

/** An entry of `module_links`: which code runs a function. */
export interface ConfigLink extends ConfigNotes {
  type?: Optional<LinkType>;
  name: string;
  module_name: string;
  class_name?: Optional<string>;
  function_name: string;
  return_type?: Optional<ReturnType | ''>;
  /** Slow calls answer with a resource where the result can be read later. */
  is_async?: Optional<boolean>;
  timeout_ms?: Optional<number>;
  task?: Optional<TaskSupport>;
  task_after_ms?: Optional<number>;
  task_ttl_ms?: Optional<number>;
  task_poll_ms?: Optional<number>;
  isolation?: Optional<string>;
  limits?: Optional<ConfigLimits>;
  record?: Optional<ConfigRecord>;
  quota?: Optional<ConfigQuota>;
  approve?: Optional<ConfigApproval>;
}

/** When a call needs the approval of its user. See `ports/approval.ts`. */
export type ConfigApproval = ApprovalPolicy | (ConfigNotes & { when: ConfigCondition[] });

/** A condition on an argument. */
export type ConfigCondition = ConfigNotes & { path: string } & {
  [member in Exclude<keyof ArgumentCondition, 'path'>]?: Optional<ArgumentCondition[member]>;
};

/** What the process of a module may use. See `ports/process-limits.ts`. */
export type ConfigLimits = ConfigNotes & { [member in keyof ProcessLimits]?: Optional<number> };

/** A quota: how much may be used. See `ports/quota.ts`. */
export type ConfigQuota = ConfigNotes & { [member in keyof Quota]?: Optional<number> };

/** An entry of `skills`: a folder beside the config file, or in the bundle of a module. */
export interface ConfigSkill extends ConfigNotes {
  path: string;
  /** The module whose bundle has the folder. */
  module_name?: Optional<string>;
  scopes?: Optional<string[]>;
}

/** Quotas of the partition, and of each caller in it. */
export type ConfigQuotas = ConfigNotes & { [scope in keyof CatalogQuotas]?: Optional<ConfigQuota> };

/** An entry of `modules`: where a module's code is, and its settings. */
export interface ConfigModule extends ConfigNotes {
  package_name?: Optional<string>;
  module_name: string;
  class_name?: Optional<string>;
  setting?: Optional<JsonObject>;
  /** In place of `setting`, where the config is stored: the id of a setting that is in the store. */
  setting_id?: Optional<string>;
  source?: Optional<string>;
  sha256?: Optional<string>;
  isolation?: Optional<string>;
  limits?: Optional<ConfigLimits>;
}

/** An entry of `mcpServers`: another MCP server. The first members are those of the hosts' own config files. */
export interface ConfigMount extends ConfigNotes {
  command?: Optional<string>;
  args?: Optional<string[]>;
  env?: Optional<Record<string, Optional<string>>>;
  cwd?: Optional<string>;
  /** Accepted: the server is started or called by what else is given. */
  type?: Optional<string>;
  url?: Optional<string>;
  headers?: Optional<Record<string, Optional<string>>>;
  /** The path of an `.mcpb` file. */
  bundle?: Optional<string>;
  user_config?: Optional<Record<string, Optional<string | number | boolean | string[]>>>;
  /** Not mounted. */
  disabled?: Optional<boolean>;
  prefix?: Optional<string>;
  allow?: Optional<string[]>;
  deny?: Optional<string[]>;
  timeout_ms?: Optional<number>;
  protocol?: Optional<string>;
  pin?: Optional<string>;
  credentials?: Optional<string>;
  auth?: Optional<ConfigMountClient>;
  down?: Optional<string>;
  scopes?: Optional<string[]>;
  approve?: Optional<ConfigApproval>;
  record?: Optional<ConfigRecord>;
  quota?: Optional<ConfigQuota>;
}

/** An OAuth client that is registered already. */
export interface ConfigMountClient {
  client_id: string;
  client_secret?: Optional<string>;
  issuer?: Optional<string>;
}

/** A config file. */
export interface ConfigDocument extends ConfigNotes {
  $schema?: Optional<string>;
  name?: Optional<string>;
  version?: Optional<string>;
  title?: Optional<string>;
  instructions?: Optional<string>;
  quotas?: Optional<ConfigQuotas>;
  skills?: Optional<ConfigSkill[]>;
  tools?: Optional<ConfigTool[]>;
  resources?: Optional<ConfigResource[]>;
  resource_templates?: Optional<ConfigResourceTemplate[]>;
  prompts?: Optional<ConfigPrompt[]>;
  module_links?: Optional<ConfigLink[]>;
  modules?: Optional<ConfigModule[]>;
  mcpServers?: Optional<Record<string, Optional<ConfigMount>>>;
}
