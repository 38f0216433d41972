/** The description of an operation, as plain data from which the OpenAPI document is made. */
import type { JsonObject } from '@mcp-daemon/core';

/** A parameter of a request. */
export interface Parameter {
  readonly name: string;
  readonly in: 'header' | 'path' | 'query';
  readonly description: string;
  readonly schema: JsonObject;
  readonly required?: true;
  readonly example?: string;
}

/** A body of one media type. */
export interface Content {
  readonly schema: JsonObject;
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

/** The answer with one status. */
export interface Answer {
  readonly description: string;
  /** The body, by media type. Default: there is no body. */
  readonly content?: Readonly<Record<string, Content>>;
  /** Headers that clients use, each with its description. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Parts of the API that some servers do not have. */
export const FEATURES = [
  'login',
  'metadata',
  'oauth',
  'mounts',
  'me',
  'httpSse',
  'probes',
  'metrics',
  'cache',
  'cards',
  'graphql',
  'pages',
  'console',
] as const;

/** One of {@link FEATURES}. */
export type Feature = (typeof FEATURES)[number];

/** One operation: a method at one row of the table of paths. */
export interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  /** The unique `operationId`. With a partition in front of the path, `OfPartition` is added to it. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Whether the caller has to authenticate, where the server has authentication. */
  readonly secured: boolean;
  readonly deprecated?: true;
  /** The part of the API that it belongs to. Default: every server has it. */
  readonly feature?: Feature;
  /** Parameters without those for the partition, which come from the row in the table of paths. */
  readonly parameters?: readonly Parameter[];
  readonly body?: Readonly<Record<string, Content>>;
  readonly answers: Readonly<Record<number, Answer>>;
}
