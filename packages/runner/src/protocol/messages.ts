/** What the daemon and a child process say to each other; see docs/runner-protocol.md. */

/** The version of the protocol. */
export const PROTOCOL = 1;

/** Types of messages from the daemon. */
export const TO_CHILD = { WELCOME: 1, LOAD: 2, CALL: 3, ABORT: 4, CALLER: 5, FORGET: 6, END: 7 } as const;

/** Types of messages from the child. */
export const FROM_CHILD = {
  HELLO: 64,
  LOADED: 65,
  FAILED: 66,
  BEGUN: 67,
  RESULT: 68,
  ERROR: 69,
  PROGRESS: 70,
  LOG: 71,
  DIAGNOSTIC: 72,
  OUTPUT: 73,
  RESOURCE_UPDATED: 74,
} as const;

/** The environment variables by which a child finds the daemon. */
export const SOCKET_VARIABLE = 'MCP_RUNNER_SOCKET';
export const TOKEN_VARIABLE = 'MCP_RUNNER_TOKEN';

/** Bytes of a `HELLO`. Before it, nothing is known of the other side. */
export const MAX_HELLO_BYTES = 4_096;

/** `WELCOME`. */
export interface Welcome {
  protocol: number;
  maxMessageBytes: number;
}

/** `LOAD`. */
export interface Load {
  root: string;
  file: string | null;
  /** The module is this export of the file. */
  member?: string;
  /** A folder for compiled code. */
  cache?: string;
  module_name: string;
  package_name: string;
  class_name?: string;
  function_name: string;
  setting: Record<string, unknown>;
  partition: string;
  kind: string;
  name: string;
}

/** `CALL`. */
export interface Call {
  fn: number;
  caller: number;
  uuid: string;
  subject: string;
  /** The attachments, in their order: long texts of the input, in UTF-8. */
  texts?: TextAttachment[];
  input?: unknown;
  meta?: Record<string, unknown>;
  inputs?: Record<string, unknown>;
  state?: unknown;
  variables?: Record<string, string>;
  traceparent?: string;
  progress?: true;
}

/** One attachment of a `CALL`. */
export interface TextAttachment {
  /** The name of the member of `input`. */
  at: string;
  /** Bytes. */
  size: number;
}

/** `CALLER`. */
export interface CallerBody {
  client?: unknown;
  capabilities?: unknown;
  protocolVersion?: string;
  logLevel?: string;
}

/** `HELLO`. */
export interface Hello {
  protocol: number;
  token: string;
  runtime: string;
  version: string;
  pid: number;
}

/** `FAILED`. */
export interface Failed {
  code: 'module_not_found' | 'module_failed' | 'function_not_found';
  message: string;
  stack?: string;
}

/** One attachment of a `RESULT`. */
export interface Attachment {
  /** The path in `value`. */
  at: (string | number)[];
  /** Bytes. */
  size: number;
  /** Media type. */
  type?: string;
}

/** `RESULT`. */
export interface Result {
  value?: unknown;
  text?: string;
  number?: string;
  bytes?: Attachment[];
}

/** `ERROR`. */
export interface ErrorBody {
  name: string;
  message: string;
  stack?: string;
  /** The message of the error's cause. */
  cause?: string;
  code?: unknown;
  data?: unknown;
  kind?: 'return_value';
}

/** `PROGRESS`. */
export interface ProgressBody {
  progress: number;
  total?: number;
  message?: string;
}

/** `LOG`. */
export interface LogBody {
  level: string;
  data: unknown;
  logger?: string;
}

/** `DIAGNOSTIC`. */
export interface Diagnostic {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  fields?: Record<string, unknown>;
}

/** `OUTPUT`. */
export interface Output {
  stream: 'stdout' | 'stderr';
  text: string;
}
