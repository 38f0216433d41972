/** What is mounted in an app, in types of `node:http`: whoever uses this package needs none of Express's. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Serves a request, or hands it on: what `app.use()` of Express takes. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;
