/**
 * Types of the Model Context Protocol: messages and content.
 *
 * They are defined here, so that users of this package need no SDK for the types. A test checks that they are compatible with the
 * types of both official SDKs.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/schema
 */
import type { JsonObject } from '../base/json.js';

/** Keys of `_meta` that the protocol reserves. */
export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const;

/** The id of a JSON-RPC request. */
export type RequestId = string | number;

/** A JSON-RPC request: it has an id and gets an answer. */
export interface JsonRpcRequest {
  jsonrpc: '2.0';
  id: RequestId;
  method: string;
  params?: JsonObject;
}

/** A JSON-RPC notification: no id, no answer. */
export interface JsonRpcNotification {
  jsonrpc: '2.0';
  method: string;
  params?: JsonObject;
}

/** A successful answer. */
export interface JsonRpcResult {
  jsonrpc: '2.0';
  id: RequestId;
  result: JsonObject;
}

/** The error of a JSON-RPC answer. */
export interface JsonRpcErrorObject {
  code: number;
  message: string;
  data?: unknown;
}

/** A failed answer; `id` is absent if the request's id could not be read. */
export interface JsonRpcError {
  jsonrpc: '2.0';
  id?: RequestId;
  error: JsonRpcErrorObject;
}

/** An answer to a request. */
export type JsonRpcResponse = JsonRpcResult | JsonRpcError;

/** Any single JSON-RPC message. */
export type JsonRpcMessage = JsonRpcRequest | JsonRpcNotification | JsonRpcResponse;

/** Name and version of a client or server. */
export interface Implementation {
  name: string;
  version: string;
  title?: string;
  description?: string;
  websiteUrl?: string;
  icons?: Icon[];
}

/** An icon of a server, tool, resource or prompt. */
export interface Icon {
  src: string;
  mimeType?: string;
  sizes?: string[];
  theme?: 'light' | 'dark';
}

/** The capabilities of a client. Only the members that this server uses are named. */
export interface ClientCapabilities extends JsonObject {
  elicitation?: { form?: JsonObject; url?: JsonObject };
  sampling?: { tools?: JsonObject; context?: JsonObject };
  roots?: JsonObject;
}

/** Syslog severities of MCP log messages, least severe first. */
export const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;

/** One syslog severity. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One block of a tool result or prompt message. */
export type ContentBlock = JsonObject & { type: string };

/** The result of `tools/call`. */
export interface CallToolResult extends JsonObject {
  content: ContentBlock[];
  structuredContent?: unknown;
  isError?: boolean;
}

/** A request to the client: `elicitation/create`, `sampling/createMessage` or `roots/list`. */
export interface InputRequest {
  method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list';
  params?: JsonObject;
}

/**
 * The SDK's `Transport` interface (v1 and v2), the part that a server needs.
 *
 * @see https://github.com/modelcontextprotocol/typescript-sdk
 */
export interface Transport {
  start(): Promise<void>;
  send(message: JsonRpcMessage, options?: { relatedRequestId?: RequestId }): Promise<void>;
  close(): Promise<void>;
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: ((message: never, extra?: never) => void) | undefined;
  sessionId?: string | undefined;
}

/**
 * The number of messages in a body: 1, or the length of a batch. A rate limiter counts each of them.
 *
 * @param message a parsed body; an empty batch counts as 1
 */
export const messageCount = (message: unknown): number => (Array.isArray(message) ? Math.max(1, message.length) : 1);
