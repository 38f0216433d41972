/** What is said of an endpoint: data alone, from which the document of the API is made. */
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

/** A body, by media type. */
export interface Content {
  readonly schema: JsonObject;
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

/** An answer of one status. */
export interface Answer {
  readonly description: string;
  /** By media type; none: there is no body. */
  readonly content?: Readonly<Record<string, Content>>;
  /** Headers that matter, each with what it says. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Parts of a server that not every server has. */
export const FEATURES = ['login', 'metadata', 'me', 'httpSse', 'probes', 'metrics', 'pages'] as const;

/** One of {@link FEATURES}. */
export type Feature = (typeof FEATURES)[number];

/** One endpoint. */
export interface Endpoint {
  readonly method: 'get' | 'post' | 'delete';
  /** As OpenAPI writes it: `/{partition}/mcp`. */
  readonly path: string;
  /** The name of the operation: unique. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Whether who calls has to show who they are, where there is authentication. */
  readonly secured: boolean;
  readonly deprecated?: true;
  /** What has to be served for it to be there. Default: it always is. */
  readonly feature?: Feature;
  readonly parameters?: readonly Parameter[];
  readonly body?: Readonly<Record<string, Content>>;
  readonly answers: Readonly<Record<number, Answer>>;
}
