/**
 * Node 20: the hooks for TypeScript, in the thread where Node runs hooks. A file of its own, because Node loads it by its URL.
 */
import { loadStripped, sourceSpecifier } from './strip-types.js';

interface ResolveContext {
  parentURL?: string | undefined;
}

type Next<Context, Result> = (subject: string, context: Context) => Promise<Result>;

/** Tries `./x.ts` where a TypeScript file imports `./x.js`, and there is none. */
export async function resolve<Context extends ResolveContext, Result>(
  specifier: string,
  context: Context,
  next: Next<Context, Result>,
): Promise<Result> {
  try {
    return await next(specifier, context);
  } catch (error) {
    const source = sourceSpecifier(specifier, context.parentURL);
    if (source === undefined) throw error;
    return next(source, context).catch(() => {
      throw error;
    });
  }
}

/** Reads TypeScript as JavaScript. */
export async function load<Context, Result>(url: string, context: Context, next: Next<Context, Result>): Promise<object> {
  return loadStripped(url) ?? (next(url, context) as Promise<object>);
}
