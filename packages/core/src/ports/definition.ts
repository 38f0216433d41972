/**
 * A partition's catalog as plain data. Config files, objects of a program and rows of a store are all converted to this form, and
 * the other packages use only this form.
 */
import type { JsonObject } from '../base/json.js';
import type { ContentBlock, Icon, JsonRpcErrorObject } from '../protocol/messages.js';
import type { CheckResult } from '../schema/types.js';
import type { Approval } from './approval.js';
import type { MountDefinition } from './mounts.js';
import type { ProcessLimits } from './process-limits.js';
import type { CatalogQuotas, Quota } from './quota.js';
import type { RecordPolicy } from './record-policy.js';

/** What clients see a function as. Names are unique in a partition across all kinds. */
export type FunctionKind = 'tool' | 'resource' | 'resource_template' | 'prompt';

/** How a function's return value becomes an MCP result; see `result.ts`. */
export const RETURN_TYPES = ['text', 'json', 'image', 'audio', 'embedded_resource', 'resource_link', 'mcp'] as const;

/** One return type. Absent: `mcp` if the value looks like an MCP result, else `text`. */
export type ReturnType = (typeof RETURN_TYPES)[number];

/** A function of this program. */
export interface InlineBinding {
  kind: 'inline';
  run: (input: never, context: never) => unknown;
  /** Checks and converts a tool's arguments, instead of the check by its `inputSchema`: the validation of a Standard Schema. */
  check?: (input: unknown) => CheckResult | Promise<CheckResult>;
  /**
   * It has no effects outside this program, so it starts before the record of its call is committed. Calls of such a function start
   * in the order in which they arrive.
   */
  effectFree?: true;
}

/** A function in a module, loaded at its first call. */
export interface LinkBinding {
  kind: 'link';
  package_name: string;
  module_name: string;
  /** Absent: the module's exported function. */
  class_name?: string;
  function_name: string;
  /** Where the code comes from: `zip`, `s3`; `mcp`: another MCP server; empty: extracted already, or in S3, or as absent. Absent: an installed package or a file. */
  source?: string;
  /** Required digest of the module's bundle. */
  sha256?: string;
  /** The `setting` that the class's constructor gets. */
  setting: JsonObject;
  /** `process`: its code runs in a process of its own. Absent: as is usual for the source. */
  isolation?: Isolation;
  /** What the process that runs it may use, if it has one. Absent: what the server allows. */
  limits?: ProcessLimits;
  /** The language of the code. Absent: recognised by the code. */
  runtime?: Runtime;
  /**
   * The function belongs to another MCP server: arguments go to it unchecked, and its result or error goes to the client as it is. The
   * runner returns a {@link PassedAnswer}.
   */
  passThrough?: true;
  /** What the link is for. Runtimes whose functions take named arguments need it; absent: a function of a program. */
  use?: LinkUse;
}

/** Where a function's code runs: in the daemon's process, or in a process of its own. */
export const ISOLATIONS = ['none', 'process'] as const;

/** One kind of isolation. */
export type Isolation = (typeof ISOLATIONS)[number];

/** The languages that functions are written in. Each has a child program that speaks the runner protocol. */
export const RUNTIMES = ['node', 'python'] as const;

/** One language. */
export type Runtime = (typeof RUNTIMES)[number];

/** What a link is for: a function of the catalog, or the completion of one of its arguments. */
export interface LinkUse {
  kind: FunctionKind | 'completion';
  /** The name of the function in the catalog. */
  name: string;
}

/** A resource that is a file beside the config file. It has no code. */
export interface FileBinding {
  kind: 'file';
  /** Relative to the config file's folder, with `/` between its parts. */
  path: string;
  /** The media type of its content. */
  mimeType?: string;
  /** Reads the file, which is in a bundle. Absent: the daemon's `files` read it. */
  read?: () => Promise<Uint8Array>;
  /** Digest of that bundle. Absent: not known. */
  digest?: string;
}

/** Where a function's code is, or a resource's file. */
export type Binding = InlineBinding | LinkBinding | FileBinding;

/** What all kinds of functions have in common. */
export interface FunctionBase {
  name: string;
  title?: string;
  description?: string;
  icons?: Icon[];
  annotations?: JsonObject;
  /** Sent to clients unchanged. */
  _meta?: JsonObject;
  /** The scopes that a caller needs, all of them. Others do not see the function in lists. Absent: none. */
  scopes?: readonly string[];
  binding: Binding;
  /** Milliseconds that one call may take; absent: the daemon's default. */
  timeout_ms?: number;
  record?: RecordPolicy;
  /** How much the calls of this function may use, all callers of its partition together. */
  quota?: Quota;
  /** When its calls need the approval of their user before they run. Absent: never. */
  approve?: Approval;
}

/** Whether a call may outlive its request. */
export const TASK_SUPPORTS = ['never', 'optional', 'required'] as const;

/** `optional`: clients that know tasks get one, others wait for the result; `required`: others are refused. */
export type TaskSupport = (typeof TASK_SUPPORTS)[number];

/** How long a task may live: a week, in milliseconds. */
export const MAX_TASK_TTL_MS = 604_800_000;

/** A tool. */
export interface ToolDefinition extends FunctionBase {
  kind: 'tool';
  /** JSON Schema 2020-12 of the arguments, as the author wrote it. */
  inputSchema: JsonObject;
  /** JSON Schema 2020-12 of the structured result, as the author wrote it. */
  outputSchema?: JsonObject;
  return_type?: ReturnType;
  /** Absent: as `is_async` says, else `never`. */
  task?: TaskSupport;
  /** Milliseconds: a call that ends sooner is answered like any other. Default: 0, every call becomes a task. */
  task_after_ms?: number;
  /** Milliseconds from the beginning of a task until it ends and is removed. Default: `limits.taskTtlMs`. */
  task_ttl_ms?: number;
  /** Milliseconds that clients wait between two looks at a task. Default: `limits.taskPollMs`. */
  task_poll_ms?: number;
  /**
   * Clients without tasks, too, get an answer after `limits.asyncWaitMs`: where the result can be read later. Those with tasks get
   * a task then, unless `task` says otherwise.
   */
  is_async?: boolean;
}

/** A resource with a fixed URI. */
export interface ResourceDefinition extends FunctionBase {
  kind: 'resource';
  uri: string;
  mimeType?: string;
  size?: number;
}

/** Values that complete an argument: a fixed list, or a function `(value, context) => string[]`. */
export type Completion = { kind: 'list'; values: readonly string[] } | { kind: 'function'; binding: Binding };

/** A family of resources, by an RFC 6570 URI template. */
export interface ResourceTemplateDefinition extends FunctionBase {
  kind: 'resource_template';
  uriTemplate: string;
  mimeType?: string;
  completions?: Readonly<Record<string, Completion>>;
}

/** One argument of a prompt. */
export interface PromptArgument {
  name: string;
  title?: string;
  description?: string;
  required?: boolean;
  completion?: Completion;
}

/** A prompt. */
export interface PromptDefinition extends FunctionBase {
  kind: 'prompt';
  arguments: readonly PromptArgument[];
}

/** Any function of a catalog. */
export type FunctionDefinition = ToolDefinition | ResourceDefinition | ResourceTemplateDefinition | PromptDefinition;

/** A skill of a catalog. */
export interface SkillReference {
  /** Its folder, relative to the config file or to the bundle's root, with `/` between its parts. The last part is its name. */
  path: string;
  /** The module whose bundle has the folder. It has no setting. Absent: the folder is beside the config file. */
  module?: LinkBinding;
  /** The scopes that a caller needs to see and to read it. Absent: none. */
  scopes?: readonly string[];
}

/** The whole catalog of one partition. */
export interface CatalogDefinition {
  /** Names this content: equal content, equal revision. */
  revision: string;
  functions: readonly FunctionDefinition[];
  /** Instructions for models. Clients get them at the handshake. */
  instructions?: string;
  /** How much the whole partition, and each caller in it, may use. */
  quotas?: CatalogQuotas;
  /** Skills beside the config file and in bundles. */
  skills?: readonly SkillReference[];
  /** Other MCP servers, whose functions are served as well. */
  mounts?: readonly MountDefinition[];
  /** Functions of any kind may be added soon: a mounted server is still starting. All capabilities are declared to clients. */
  mayGrow?: true;
  /** Ids of the daemons that serve a part of it: clients that are daemons recognise themselves, and do not mount themselves. */
  instances?: readonly string[];
}

/** The answer of another MCP server: one of the two members. */
export interface PassedAnswer {
  result?: JsonObject;
  error?: JsonRpcErrorObject;
}

/** A prompt's message. */
export interface PromptMessage extends JsonObject {
  role: 'user' | 'assistant';
  content: ContentBlock;
}
