/** Other MCP servers that a catalog mounts, as plain data. */
import type { JsonObject } from '../base/json.js';
import type { Approval } from './approval.js';
import type { Quota } from './quota.js';
import type { RecordPolicy } from './record-policy.js';

/** What happens when what a mounted server offers is no longer what was approved. */
export const PIN_MODES = ['off', 'warn', 'block'] as const;

/** `off`: it is served; `warn`: it is served, and logged; `block`: it is not served until it is approved. */
export type PinMode = (typeof PIN_MODES)[number];

/** Whose credentials a mounted server gets. */
export const MOUNT_CREDENTIALS = ['static', 'service', 'per_user'] as const;

/**
 * `static`: the headers of the config; `service`: one log-in of an operator; `per_user`: each caller logs in, and the log-in of an operator
 * only lists what the server offers.
 */
export type MountCredentials = (typeof MOUNT_CREDENTIALS)[number];

/** An OAuth client that the authorization server of a mounted server knows already. */
export interface MountClient {
  readonly client_id: string;
  /** A reference, such as `env:NAME`. Absent: the client has no secret. */
  readonly client_secret?: string;
  /** The authorization server that the client is registered at. Absent: the one that the mounted server names. */
  readonly issuer?: string;
}

/** What is listed of a mounted server that cannot be reached. */
export const DOWN_MODES = ['keep', 'hide'] as const;

/** `keep`: what it offered last; `hide`: nothing. */
export type DownMode = (typeof DOWN_MODES)[number];

/** A mounted server: a command that is started, a bundle with one, or a URL. Texts may hold references to variables (`${env:NAME}`). */
export interface MountDefinition {
  /** Unique in the catalog. */
  name: string;
  command?: string;
  args?: readonly string[];
  /** The environment of the command, besides the variables that every process gets. */
  env?: Readonly<Record<string, string>>;
  /** The working folder of the command. Default: the folder of the config file. */
  cwd?: string;
  url?: string;
  headers?: Readonly<Record<string, string>>;
  /** An `.mcpb` file, which has the command. */
  bundle?: string;
  /** The values of the bundle's options. */
  user_config?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** Put before the names of its tools and prompts. */
  prefix: string;
  /** Names that are served, as the server spells them; `*` stands for any text. Absent: all. */
  allow?: readonly string[];
  /** Names that are not served. */
  deny?: readonly string[];
  /** Milliseconds that one call may take; absent: the daemon's default. */
  timeout_ms?: number;
  /** `auto`, an era, or a protocol version. */
  protocol: string;
  pin: PinMode;
  credentials: MountCredentials;
  /** The client that logs in. Absent: a client metadata document, or a registration. */
  auth?: MountClient;
  down: DownMode;
  /** The record policy of its functions. */
  record?: RecordPolicy;
  /** The scopes that callers of its functions need. */
  scopes?: readonly string[];
  /** When its calls need the approval of their user. */
  approve?: Approval;
  /** How much the calls of each of its functions may use. */
  quota?: Quota;
}

/** The `setting` of a link to a mounted server: which server, and what the link is for. */
export interface MountSetting extends JsonObject {
  /** The {@link MountDefinition}. */
  mount: JsonObject;
  /** The completion's reference, as MCP has it; absent for functions. */
  ref?: JsonObject;
  /** The argument that is completed. */
  argument?: string;
}
