/** Middleware, typed with `node:http` alone: users of this package do not need the types of Express. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Serves a request or calls `next`: the type that `app.use()` of Express takes. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;
